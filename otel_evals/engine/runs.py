"""What the calls of an agent's run have shown: the steps that a judge of the whole run reads.

Kept only where a judge looks at runs. A call is told when it is evaluated; the agent's span, which ends after its
calls, asks for those below it. Bounded in traces and bytes, the oldest trace forgotten first. A call that another
worker has evaluated is not known here.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from otel_evals.engine.evaluation import Evaluation
from otel_evals.records.decision import Decision, RiskBand, Route
from otel_evals.records.evaluation import EvaluationResult, Label
from otel_evals.records.exchange import Choice, Exchange, Message
from otel_evals.records.judging import Step

_TRACES: Final = 5000
_BYTES: Final = 32 << 20
_CALLS: Final = 200
"""Calls of one trace that are kept."""
_TEXT: Final = 800
"""Characters of one text of a step."""
_STEP_BYTES: Final = 200
_RANK: Final = {RiskBand.LOW: 0, RiskBand.MEDIUM: 1, RiskBand.HIGH: 2}
_CLEAN: Final = Decision(band=RiskBand.LOW, route=Route.PASS)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One model call of a run."""

    span_id: bytes
    parent_span_id: bytes
    start_ns: int
    question: Message | None
    choice: Choice | None
    steps: tuple[Step, ...]
    evaluation: Evaluation


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a run by now."""

    steps: tuple[Step, ...] = ()
    question: Message | None = None
    """Of its first call."""
    choice: Choice | None = None
    """The answer of its last call."""
    evaluation: Evaluation = Evaluation(results=(), failures=(), decision=_CLEAN)
    """The results of its calls, and the decision of the worst of them."""


class Runs:
    """The calls by trace."""

    def __init__(self) -> None:
        self._traces: OrderedDict[bytes, list[Call]] = OrderedDict()
        self._sizes: dict[bytes, int] = {}
        self._size = 0

    def add(self, exchange: Exchange, evaluation: Evaluation) -> None:
        """Remember an evaluated call."""
        trace_id = exchange.trace_id
        calls = self._traces.setdefault(trace_id, [])
        self._traces.move_to_end(trace_id)
        if len(calls) >= _CALLS or any(call.span_id == exchange.span_id for call in calls):
            return
        users = [m for m in exchange.messages if m.role == "user" and m.text]
        call = Call(
            span_id=exchange.span_id,
            parent_span_id=exchange.parent_span_id,
            start_ns=exchange.start_ns,
            question=users[-1] if users else None,
            choice=exchange.choices[0] if exchange.choices else None,
            steps=tuple(_steps(exchange)),
            evaluation=evaluation,
        )
        calls.append(call)
        size = sum(_STEP_BYTES + len(s.input) + len(s.output) for s in call.steps) + sum(
            len(m.text) for m in users[-1:]
        )
        self._sizes[trace_id] = self._sizes.get(trace_id, 0) + size
        self._size += size
        while len(self._traces) > 1 and (len(self._traces) > _TRACES or self._size > _BYTES):
            oldest, _ = self._traces.popitem(last=False)
            self._size -= self._sizes.pop(oldest, 0)

    def of(self, trace_id: bytes, below: "Below") -> Run:
        """The run whose calls are those of a trace for which `below` holds."""
        calls = sorted((c for c in self._traces.get(trace_id, ()) if below(c)), key=lambda c: c.start_ns)
        if not calls:
            return Run()
        worst = max((c.evaluation for c in calls), key=lambda e: _RANK[e.decision.band])
        return Run(
            steps=tuple(step for call in calls for step in call.steps),
            question=next((c.question for c in calls if c.question is not None), None),
            choice=calls[-1].choice,
            evaluation=Evaluation(
                results=tuple(_worst_by_name(calls)),
                failures=(),
                decision=worst.decision,
            ),
        )


class Below:
    """Whether a call lies below one span, by the parents that are known."""

    def __init__(self, parents: dict[bytes, bytes], span_id: bytes) -> None:
        self._parents = parents
        self._span_id = span_id

    def __call__(self, call: Call) -> bool:
        """Whether `call` lies below the span."""
        seen = {call.span_id}
        above = call.parent_span_id
        while above and above not in seen:
            if above == self._span_id:
                return True
            seen.add(above)
            above = self._parents.get(above, b"")
        return False


def _worst_by_name(calls: Sequence[Call]) -> Iterable[EvaluationResult]:
    found: dict[str, EvaluationResult] = {}
    for call in calls:
        for result in call.evaluation.results:
            known = found.get(result.name)
            if known is None or (known.label is Label.PASS and result.label is Label.FAIL):
                found[result.name] = result
    return found.values()


def _steps(exchange: Exchange) -> Iterator[Step]:
    """The results of tools that this call was the first to read, and what it said or asked for."""
    asked = {call.id: call for m in exchange.messages for call in m.tool_calls if call.id}
    last = max((i for i, m in enumerate(exchange.messages) if m.role == "assistant"), default=-1)
    for message in exchange.messages[last + 1 :]:
        for result in message.tool_results:
            call = asked.get(result.id or "")
            name = result.name or (call.name if call else "tool")
            yield Step(kind="tool", name=name, input=_short(call.arguments if call else ""), output=_short(result.text))
    model = exchange.response_model or exchange.request_model or "model"
    for choice in exchange.choices[:1]:
        said = choice.message
        calls = "; ".join(f"{call.name}({_short(call.arguments)})" for call in said.tool_calls)
        text = "\n".join(filter(None, (said.text, f"calls {calls}" if calls else "")))
        yield Step(kind="model", name=model, output=_short(text), failed=exchange.failed)


def _short(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _TEXT else f"{text[: _TEXT // 2]} […] {text[-_TEXT // 2 :]}"
