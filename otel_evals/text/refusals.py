"""How models refuse, as data: phrase patterns of seventeen languages, and the reading of an answer as a refusal.

Used by `answered` (was it a refusal?) and `wrong_refusal` (was it one although the context held the evidence?).

The patterns follow how refusals are built, not single sentences: a first person that cannot (is unable, must decline)
with a verb of helping; the finding that the sources say nothing; the moral objection that stands in for an answer.
Where a phrase stands decides as much as the phrase: refusals open an answer. Help that follows is an answer.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

import msgspec

from otel_evals.text.patterns import Pattern, Target, compile_expression
from otel_evals.text.refusal_phrases import (
    ALTERNATIVES,
    CORES,
    ENGLISH_NO_INFORMATION,
    ENGLISH_OBJECTION,
    ENGLISH_UNABLE,
    HELP,
    NO_INFORMATION,
    UNABLE,
)
from otel_evals.text.scan import Scan
from otel_evals.text.statements import states_something


class RefusalKind(StrEnum):
    """What a refusal rests on."""

    UNABLE = "unable"
    """It cannot, must not or will not help."""
    NO_INFORMATION = "no_information"
    """It has found, or has been given, nothing to answer with."""
    OBJECTION = "objection"
    """It says that the request is wrong instead of answering it."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An answer read as a refusal."""

    kind: RefusalKind
    partial: bool
    """Help follows the refusing phrase, or another sentence states what the context holds: an answer after all."""


def _patterns(kind: RefusalKind, expressions: Iterable[str]) -> dict[Pattern, RefusalKind]:
    return {Pattern(Target.ANSWER_OPENING, e, CORES.get(e, "")): kind for e in expressions}


_KINDS: Final = {
    **_patterns(RefusalKind.UNABLE, [*ENGLISH_UNABLE, *UNABLE.values()]),
    **_patterns(RefusalKind.NO_INFORMATION, [*ENGLISH_NO_INFORMATION, *NO_INFORMATION.values()]),
    **_patterns(RefusalKind.OBJECTION, ENGLISH_OBJECTION),
}
PATTERNS: Final = tuple(_KINDS)
"""Every pattern that `read_refusal` needs: a check that calls it declares them."""
_PATTERN_SET: Final = frozenset(PATTERNS)

_REACH: Final = {RefusalKind.UNABLE: 330, RefusalKind.NO_INFORMATION: 260, RefusalKind.OBJECTION: 200}
"""Characters from the start of an answer within which a phrase of each kind has to begin."""
_SALUTATION: Final = ("subject:", "dear ", "betreff:", "asunto:", "objet :", "objet:")
_HELP: Final[Any] = compile_expression(HELP)
_LISTING: Final[Any] = compile_expression(r"(?m)^\s*(?:\d+[.)]|[-*•]) .+\n+(?:.*\n+){0,3}?\s*(?:\d+[.)]|[-*•]) ")

_ALTERNATIVES: Final[Any] = compile_expression(ALTERNATIVES)


def read_refusal(scan: Scan) -> Refusal | None:
    """The refusal that the answer is, None when it is none. Texts that only quote one are none."""
    hits = scan.hits(Target.ANSWER_OPENING)
    if not hits or hits.isdisjoint(_PATTERN_SET):
        return None
    text = scan.answer_folded
    if text.lstrip().startswith(_SALUTATION):
        return None
    # In the order of the table: of kinds that begin at the same place it is always the same one that counts.
    found = [(start, kind) for p, kind in _KINDS.items() if p in hits and (start := _start(scan, p, kind)) is not None]
    if not found:
        return None
    start, kind = min(found, key=lambda f: (f[1] is RefusalKind.OBJECTION, f[0]))
    if _helps(text[start:], kind):
        return Refusal(kind=kind, partial=True)
    if kind is RefusalKind.OBJECTION:
        return Refusal(kind=kind, partial=False)
    refusing = [match.start() for pattern in _KINDS if pattern in hits for match in scan.find(pattern)]
    return Refusal(kind=kind, partial=states_something(text, refusing, scan.context))


def _start(scan: Scan, pattern: Pattern, kind: RefusalKind) -> int | None:
    start: int = scan.find(pattern)[0].start()
    return start if start <= _REACH[kind] and not scan.answer_folded.count('"', 0, start) % 2 else None


def _helps(rest: str, kind: RefusalKind) -> bool:
    """Whether what follows answers. After a "no" on principle, a list of better ideas is part of the refusal."""
    if _HELP.search(rest):
        return True
    listing = _LISTING.search(rest)
    if listing is None:
        return False
    return kind is RefusalKind.NO_INFORMATION or not _ALTERNATIVES.search(rest[: listing.start()])
