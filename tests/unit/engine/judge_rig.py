"""Judging with a real store, a judge that the test scripts, and a next hop that the test holds in its hand."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_evals.emit.evaluation_span import LateForm
from otel_evals.engine.budget import Budget, Limits
from otel_evals.engine.coverage import CoverageLedger
from otel_evals.engine.deliver import Passage
from otel_evals.engine.evaluated import Evaluated
from otel_evals.engine.evaluation import Evaluation
from otel_evals.engine.judge_hold import JudgeHold
from otel_evals.engine.judge_measure import JudgeMeasurements
from otel_evals.engine.judgement_end import Wire
from otel_evals.engine.judging import Judging, Selected
from otel_evals.engine.measure import Measurements
from otel_evals.engine.outbox import Outbox
from otel_evals.engine.plan import JudgeSpec, Plan, Selection
from otel_evals.engine.resent import span_key
from otel_evals.engine.settings import JudgingSettings
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.clock import Clock, SystemClock
from otel_evals.records.decision import Decision, RiskBand, Route
from otel_evals.records.errors import Unavailable
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Choice, Exchange, Message
from otel_evals.records.intake import Accepted
from otel_evals.records.judging import Estimate, JudgeCase, SamplingDecision, Target, Verdict
from otel_evals.records.signal import Signal
from otel_evals.records.units import Duration
from otel_evals.sampling.sampler import Sampler
from otel_evals.sampling.settings import SamplingSettings
from otel_evals.spool.judge_store import JudgeStore
from otel_evals.telemetry.meters import Meters
from otel_evals.testing.builders import chat_attributes, make_span, trace_id, traces_body
from otel_evals.testing.builders import span_id as make_span_id

GOOD = Verdict(label=Label.PASS, score=1.0, explanation="It answers.", model="m-1", cost=0.5)
SAMPLER = Sampler(SamplingSettings())
ALWAYS = SamplingDecision(selected=True, probability=0.5, stratum="baseline", rules=("baseline",))


class ScriptedJudge:
    """Does what `says` tells: a value to return, an error to raise, or an async function of the case."""

    target = Target.EXCHANGE
    needs = frozenset()

    def __init__(self, name: str = "tone", version: str = "v1", says: Any = GOOD) -> None:
        self.name = name
        self.version = version
        self.says = says
        self.takes: Any = Estimate()
        self.asked: list[JudgeCase] = []
        self.closed = False

    def estimate(self, case: JudgeCase) -> Estimate:
        if isinstance(self.takes, Exception):
            raise self.takes
        return self.takes

    async def judge(self, case: JudgeCase) -> Verdict:
        self.asked.append(case)
        if callable(self.says):
            return await self.says(case)
        if isinstance(self.says, BaseException):
            raise self.says
        return self.says

    async def close(self) -> None:
        self.closed = True


def spec(judge: ScriptedJudge, *, shadow: bool = False, id: str | None = None) -> JudgeSpec:  # noqa: A002 - the field's name
    return JudgeSpec(id=id or judge.name, judge=judge, sampler=SAMPLER, shadow=shadow)


def exchange(number: int = 1, answer: str = "Yes.") -> Exchange:
    return Exchange(
        trace_id=trace_id(number),
        span_id=make_span_id(1),
        messages=(Message(role="user", text="Is it?"),),
        choices=(Choice(message=Message(role="assistant", text=answer)),),
        service_name="shop",
        end_ns=1,
    )


def selected(
    number: int, *specs: JudgeSpec, held: bool = True, outcomes: tuple = (), case: JudgeCase | None = None
) -> Selected:
    """A span that all of `specs` are to see."""
    said = exchange(number)
    plan = Plan(
        outcomes=outcomes,
        selected=tuple(Selection(one, ALWAYS) for one in specs),
        case=case or JudgeCase(exchange=said),
        decision=ALWAYS,
    )
    decision = Decision(band=RiskBand.LOW, route=Route.PASS)
    evaluated = Evaluated(
        exchange=said,
        evaluation=Evaluation(results=(), failures=(), decision=decision),
        coverage=plan.coverage(),
        plan=plan,
        prompt_version="v1",
    )
    body = traces_body(make_span(chat_attributes(), trace=number, span=1, name=f"call {number}"))
    key = span_key(said.trace_id, said.span_id, body)
    return Selected(evaluated=evaluated, resource=b"", body=body if held else None, key=key)


class FailingStore:
    """A judge store whose methods fail as long as the test wants."""

    def __init__(self, store: JudgeStore) -> None:
        self.store = store
        self.failing: set[str] = set()
        self.failed: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.failure = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.store, name)

        async def call(*args: Any, **more: Any) -> Any:
            self.calls[name] += 1
            if name in self.failing:
                self.failed[name] += 1
                self.failure.set()
                raise Unavailable("the disk is full")
            return await method(*args, **more)

        return call


class World:
    """One worker's judging."""

    def __init__(
        self,
        store: JudgeStore,
        *specs: JudgeSpec,
        limits: Limits | None = None,
        own: dict[str, Limits] | None = None,
        late: LateForm = LateForm.CHILD,
        log_events: bool = False,
        clock: Clock | None = None,
        **settings: Any,
    ) -> None:
        settings = {"hold": Duration(5), "concurrency": 4, **settings}
        self.clock = clock or SystemClock()
        self.meters = Meters()
        self.crashes: list[str] = []
        self.tasks = Tasks(lambda name, error: self.crashes.append(f"{name}: {error!r}"))
        self.store = FailingStore(store)
        self.specs = specs
        self.bodies: list[bytes] = []
        self.logs: list[bytes] = []
        self.changed = asyncio.Event()
        self.next_hop: Exception | None = None
        held = JudgingSettings(**settings)
        passage = Passage(self.deliver, self.meters, settles=True)
        anything: Any = self.store
        self.hold = JudgeHold(
            anything, passage, hold=held.hold, limit=held.max_held, tasks=self.tasks, clock=self.clock
        )
        self.outbox = Outbox(anything, passage, tasks=self.tasks, meters=self.meters)
        self.ledger = CoverageLedger(anything, tasks=self.tasks, clock=self.clock)
        self.judgements: list[Any] = []
        self.judging = Judging(
            specs,
            held,
            store=anything,
            budget=Budget(anything, limits or Limits(), own or {}, self.clock),
            hold=self.hold,
            outbox=self.outbox,
            ledger=self.ledger,
            measurements=JudgeMeasurements(self.meters, Measurements(self.meters, {}), self._on_judged),
            meters=self.meters,
            tasks=self.tasks,
            clock=self.clock,
            wire=Wire(late=late, log_events=log_events, call_traces=held.call_traces),
        )

    def _on_judged(self, judgement: Any) -> None:
        self.judgements.append(judgement)
        self.changed.set()

    async def deliver(self, signal: Signal, body: bytes, _items: int) -> Accepted:
        if self.next_hop is not None:
            raise self.next_hop
        (self.logs if signal is Signal.LOGS else self.bodies).append(body)
        self.changed.set()
        return Accepted()

    async def take(self, *spans: Selected) -> None:
        await self.judging.take(spans)

    def spans(self, name: str | None = None) -> list[Any]:
        """What arrived at the next hop, by name."""
        return [
            span
            for body in self.bodies
            for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope_spans in resource_spans.scope_spans
            for span in scope_spans.spans
            if name is None or span.name == name
        ]

    def records(self) -> list[Any]:
        """The log records that arrived at the next hop."""
        return [
            record
            for body in self.logs
            for resource_logs in ExportLogsServiceRequest.FromString(body).resource_logs
            for scope_logs in resource_logs.scope_logs
            for record in scope_logs.log_records
        ]

    async def until(self, condition: Callable[[], Any]) -> Any:
        """The first true value, looked for at every event and now and then."""
        async with asyncio.timeout(20):
            while not (found := condition()):
                self.changed.clear()
                try:
                    async with asyncio.timeout(0.02):
                        await self.changed.wait()
                except TimeoutError:
                    pass
        return found

    def total(self, instrument: str, **labels: str) -> float:
        """Sum over the points of a counter whose labels (dots as underscores) have these values."""
        for series in self.meters.snapshot().series:
            if series.instrument.name == instrument:
                keys = [key.replace(".", "_") for key in series.instrument.keys]
                return sum(
                    value
                    for values, value in series.values
                    if all(dict(zip(keys, values, strict=False)).get(k) == v for k, v in labels.items())
                )
        return 0.0

    async def counts(self) -> Counter[str]:
        """The ledger of all judges in one; it adds up or this fails."""
        await self.ledger.flush()
        found: Counter[str] = Counter()
        for one in await self.store.store.ledger():
            assert one.adds_up, one
            found.update(one.outcomes | {"seen": one.seen, "pending": one.pending})
        return +found

    async def end(self) -> None:
        """As a process ends: nothing more of it runs."""
        await self.tasks.close()


async def open_store(folder: Path, owner: str = "worker-0", adopt: tuple[str, ...] = ()) -> JudgeStore:
    return await JudgeStore.open(folder / "judge.db", owner, adopt)


def with_answer(verdict: Verdict, **fields: Any) -> Verdict:
    return msgspec.structs.replace(verdict, **fields)
