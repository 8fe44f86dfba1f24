"""Fails when the answer cites a source that was neither retrieved nor in the prompt.

Called by the engine for every choice whose content is known. An answer without citations costs a few plain searches.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from otel_evals.records.decision import RiskBand
from otel_evals.records.evaluation import Finding, failed, passed
from otel_evals.text.citation_marks import BESIDES, SIGN
from otel_evals.text.citations import Citation, Style, citations, labelled, may_cite, plain_labels
from otel_evals.text.patterns import Pattern
from otel_evals.text.scan import Scan
from otel_evals.text.sources import Sources

_ROOM_FOR_SOURCES: Final = 1500
"""Characters of a prompt without recognisable sources above which it may still hold some, in a form of its own."""
_SEARCHING_PROVIDERS: Final = frozenset({"perplexity"})
"""Providers whose models search by themselves: their sources are not on the wire."""
_KINDS: Final = {Style.NUMBER: "number", Style.NAME: "name", Style.ID: "id", Style.ASIDE: "id"}
_ADDRESSES: Final = (Style.URL, Style.LINK)
_PASSED: Final = passed()


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationIntegrity:
    """Whether every cited source was given. Score = share of the citations that hold.

    The explanation names kinds and counts, never a label: a made-up label is content like any other.
    """

    name: ClassVar[str] = "citation_integrity"
    band: ClassVar[RiskBand | None] = RiskBand.HIGH
    needs_content: ClassVar[bool] = True

    check_urls: Annotated[
        bool,
        Meta(
            description="Count addresses (https://…) as citations. Default true; set it to false where the model may "
            "give links from its own knowledge although it was given context."
        ),
    ] = True

    def patterns(self) -> tuple[Pattern, ...]:
        """Any sign of a citation, and of more than plain brackets: without the second one nothing needs parsing."""
        return SIGN, BESIDES

    def evaluate(self, scan: Scan) -> Finding | None:
        """Weighs each citation; None when there is none, or when nobody can tell what the model was given."""
        if not scan.matches(SIGN):
            return None
        labels = [] if scan.matches(BESIDES) else plain_labels(scan.answer)
        if labels and scan.exchange.messages and {p.id for p in scan.context.passages}.issuperset(labels):
            return _PASSED
        found = labelled(labels) if labels else citations(scan.answer)
        if not self.check_urls:
            found = [c for c in found if c.style not in _ADDRESSES]
        if not found or not scan.exchange.messages:
            return None
        if not scan.context.passages:
            return self._without_context(scan, found)
        sources = Sources(scan, found)
        verdicts = [(citation, holds) for citation in found if (holds := sources.hold(citation)) is not None]
        missing = [citation for citation, holds in verdicts if not holds]
        if not missing:
            return _PASSED if verdicts else None
        return _failure(missing, len(verdicts), "that was neither retrieved nor in the prompt")

    def _without_context(self, scan: Scan, found: list[Citation]) -> Finding | None:
        """Nothing was given, so whatever is cited by number comes from memory. Addresses alone may be advice."""
        exchange = scan.exchange
        numbered = [c for c in found if c.style is Style.NUMBER]
        room = sum(len(message.text) for message in exchange.messages if message.role != "assistant")
        if not numbered or room > _ROOM_FOR_SOURCES or exchange.provider in _SEARCHING_PROVIDERS:
            return None
        if "\u2020" in scan.answer or any(c.style in _ADDRESSES for c in found):
            return None  # a provider's own file or web search writes such marks
        earlier = {c for m in exchange.messages for c in (citations(m.text) if may_cite(m.text) else ())}
        missing = [c for c in numbered if c not in earlier]
        if not missing or len(set(numbered)) < 2:
            return None
        return _failure(missing, len(numbered), "although no source was retrieved or in the prompt")


def _failure(missing: list[Citation], total: int, why: str) -> Finding:
    kinds = " and ".join(dict.fromkeys(_KINDS.get(c.style, "address") for c in missing))
    subject = "1 citation" if total == 1 else f"{len(missing)} of {total} citations"
    verb = "names" if len(missing) == 1 else "name"
    explanation = f"{subject} (by {kinds}) {verb} a source {why}."
    return failed(explanation, score=1 - len(missing) / total)
