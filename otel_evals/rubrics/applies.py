"""Whether a rubric applies to a case. Asked before a span is given to a judge: what lacks a need is `filtered`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from otel_evals.records.judging import JudgeCase, Need
from otel_evals.text.context import unwrap, unwrap_instructions
from otel_evals.text.fold import well_formed

_INSTRUCTING: Final = ("system", "developer")


def missing(needs: Iterable[Need], case: JudgeCase) -> Need | None:
    """The first of `needs`, in the order of `Need`, that `case` lacks; None when the rubric applies."""
    wanted = frozenset(needs)
    return next((need for need in Need if need in wanted and not _HOLDS[need](case)), None)


def _turns(case: JudgeCase) -> int:
    return sum(m.role == "user" and bool(m.text.strip()) for m in case.exchange.messages)


def _has_answer(case: JudgeCase) -> bool:
    choices = case.exchange.choices
    return bool(choices) and bool(choices[0].message.text.strip())


def _has_documents(case: JudgeCase) -> bool:
    """Passages from a retriever, a tool or a step; else in the prompts, which are taken apart only then."""
    exchange = case.exchange
    if any(d.text.strip() for d in exchange.documents):
        return True
    if any(r.text.strip() for m in exchange.messages for r in m.tool_results):
        return True
    if any(s.kind in ("retrieval", "tool") and s.output.strip() for s in case.steps):
        return True
    if any(m.role == "user" and unwrap(well_formed(m.text)).passages for m in exchange.messages):
        return True
    system = "\n".join(m.text for m in exchange.messages if m.role in _INSTRUCTING and m.text)
    return bool(system) and bool(unwrap_instructions(well_formed(system)).passages)


def _has_tools(case: JudgeCase) -> bool:
    exchange = case.exchange
    if exchange.tools or any(step.kind == "tool" for step in case.steps):
        return True
    return any(c.message.tool_calls for c in exchange.choices) or any(m.tool_calls for m in exchange.messages)


def _has_instructions(case: JudgeCase) -> bool:
    return any(m.role in _INSTRUCTING and m.text.strip() for m in case.exchange.messages)


_HOLDS: Final[Mapping[Need, Callable[[JudgeCase], bool]]] = {
    Need.QUESTION: lambda case: _turns(case) > 0,
    Need.ANSWER: _has_answer,
    Need.DOCUMENTS: _has_documents,
    Need.TOOLS: _has_tools,
    Need.CONVERSATION: lambda case: _turns(case) > 1,
    Need.REFUSAL: lambda case: case.refused,
    Need.INSTRUCTIONS: _has_instructions,
    Need.REFERENCE: lambda case: bool(case.reference and case.reference.strip()),
}
