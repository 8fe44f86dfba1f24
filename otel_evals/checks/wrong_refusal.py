"""`wrong_refusal`: the answer refuses although its context holds evidence for the question.

The most annoying failure of a retrieval application: the right passage was found and the model says that it has
nothing. Without any context there is nothing to hold against a refusal, so the check does not apply.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import msgspec

from otel_evals.records.decision import RiskBand
from otel_evals.records.evaluation import Finding, failed, passed
from otel_evals.text.evidence import evidence
from otel_evals.text.patterns import Pattern
from otel_evals.text.refusals import PATTERNS, RefusalKind, read_refusal
from otel_evals.text.scan import Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongRefusal:
    """Fails on a refusal in spite of evidence; passes answers and refusals that the context calls for."""

    name: ClassVar[str] = "wrong_refusal"
    band: ClassVar[RiskBand | None] = RiskBand.HIGH
    needs_content: ClassVar[bool] = True

    threshold: Annotated[
        float,
        msgspec.Meta(
            gt=0,
            le=1,
            description="Likelihood of evidence in the context from which a refusal is called wrong. Default 0.75: "
            "about one false alarm in five on refusals of questions made to look answerable, nearly none on passages "
            "of another topic; raise it for fewer.",
        ),
    ] = 0.75

    def patterns(self) -> tuple[Pattern, ...]:
        """The refusing phrases of all languages."""
        return PATTERNS

    def evaluate(self, scan: Scan) -> Finding | None:
        """Weighs a refusal against the passages; None without an answer or without context."""
        if not scan.answer or scan.answer.isspace():
            return None
        refusal = read_refusal(scan)
        context = scan.context
        if not context.passages:
            return None
        if refusal is None or refusal.partial or refusal.kind is RefusalKind.OBJECTION:
            return passed()
        # Documents often come twice, from the retriever's span and in the prompt: that makes no more text of them.
        texts = dict.fromkeys(" ".join(p.text.split()) for p in context.passages)
        found = evidence(context.question, list(texts))
        if found < self.threshold:
            return passed("The answer refuses, and the context holds little evidence.", 1.0 - found)
        return failed("The answer refuses although the context holds evidence.", 1.0 - found)
