"""The pipeline with real dialects, real checks, a real journal, and a next hop that the test holds in its hand."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_evals.builtin import CHECKS, DIALECTS
from otel_evals.engine.evaluation import Evaluator, VersionedCheck
from otel_evals.engine.holding import Holding
from otel_evals.engine.logs import LogReader
from otel_evals.engine.measure import Measurements, Price
from otel_evals.engine.patience import Patience
from otel_evals.engine.pipeline import Pipeline
from otel_evals.engine.reader import Reader
from otel_evals.engine.result_logs import ResultLogs
from otel_evals.engine.settings import JoinSettings
from otel_evals.engine.traces import Traces
from otel_evals.lifecycle.tasks import Tasks
from otel_evals.records.clock import SystemClock
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal
from otel_evals.records.units import Duration
from otel_evals.routing.router import Router
from otel_evals.routing.settings import RiskSettings
from otel_evals.slicing.settings import SliceKey
from otel_evals.slicing.versions import PromptVersions
from otel_evals.spool.journal import Journal
from otel_evals.telemetry.meters import Meters


class Hop:
    """A pipeline, what arrived at its next hop, and what its meters say."""

    def __init__(self, pipeline: Pipeline, meters: Meters, holding: Holding, journal: Journal) -> None:
        self.pipeline = pipeline
        self.meters = meters
        self.holding = holding
        self.journal = journal
        self.bodies: list[tuple[Signal, bytes]] = []
        self.arrived = asyncio.Event()
        self.refused = asyncio.Event()
        self.failure: Exception | None = None
        self.crashes: list[str] = []

    async def deliver(self, signal: Signal, body: bytes, _items: int) -> Accepted:
        if self.failure is not None:
            self.refused.set()
            raise self.failure
        self.bodies.append((signal, body))
        self.arrived.set()
        return Accepted()

    async def send(self, body: bytes, signal: Signal = Signal.TRACES) -> Accepted:
        return await self.pipeline.intake(signal, body)

    @property
    def spans(self) -> list:
        return [
            span
            for signal, body in self.bodies
            if signal is Signal.TRACES
            for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope_spans in resource_spans.scope_spans
            for span in scope_spans.spans
        ]

    async def until(self, condition: Callable[["Hop"], bool]) -> None:
        """Wait until the condition holds, looking again at every arrival."""
        async with asyncio.timeout(20):
            while not condition(self):
                self.arrived.clear()
                await self.arrived.wait()

    def results(self, span) -> dict[str, str]:
        """Label by evaluation name, from the events of a span."""
        found = {}
        for event in span.events:
            if event.name == "gen_ai.evaluation.result":
                values = {a.key: a.value.string_value for a in event.attributes}
                found[values["gen_ai.evaluation.name"]] = (
                    values.get("gen_ai.evaluation.score.label") or values["error.type"]
                )
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


def attributes_of(span) -> dict:
    return {
        a.key: getattr(a.value, a.value.WhichOneof("value") or "string_value")
        if a.value.WhichOneof("value") != "array_value"
        else [v.string_value for v in a.value.array_value.values]
        for a in span.attributes
    }


@pytest.fixture
async def make_hop(tmp_path) -> AsyncIterator[Callable]:
    made: list[tuple[Hop, Tasks]] = []

    async def make(
        *,
        wait: float = 0.2,
        checks=None,
        dialects=DIALECTS,
        slices: tuple[SliceKey, ...] = (),
        folder: str = "held",
        patience: int = 20,
        log_events: bool = False,
    ) -> Hop:
        clock, meters = SystemClock(), Meters(extra_keys=tuple(k.key for k in slices))
        crashes: list[str] = []
        tasks = Tasks(lambda name, error: crashes.append(f"{name}: {error!r}"))
        settings = JoinSettings(wait=Duration(wait), patience=patience)
        journal = await Journal.open(tmp_path / folder, max_bytes=1 << 26)
        holding = Holding(journal, wait=settings.wait, limit=settings.max_held, tasks=tasks, clock=clock)
        traces, patient = Traces(settings, clock), Patience(settings.patience)
        reader = Reader(dialects, traces, patient, lambda work, error: crashes.append(f"{work}: {error!r}"))
        built = [c() for c in CHECKS.values()] if checks is None else checks
        evaluator = Evaluator(
            [VersionedCheck(check, "v1") for check in built], Router(RiskSettings(), {c.name: c.band for c in built})
        )
        hop: Hop
        pipeline = Pipeline(
            reader=reader,
            logs=LogReader(
                dialects, reader.markers, traces, patient, lambda work, error: crashes.append(f"{work}: {error!r}")
            ),
            traces=traces,
            patience=patient,
            evaluator=evaluator,
            versions=PromptVersions(50, clock),
            slices=slices,
            holding=holding,
            deliver=lambda *args: hop.deliver(*args),  # noqa: PLW0108 - the hop is made after its pipeline
            result_logs=ResultLogs(lambda *args: hop.deliver(*args), tasks, meters) if log_events else None,  # noqa: PLW0108
            measurements=Measurements(meters, {"gpt-4o-mini": Price(input=1.0, output=2.0)}),
            meters=meters,
            clock=clock,
        )
        hop = Hop(pipeline, meters, holding, journal)
        hop.crashes = crashes
        made.append((hop, tasks))
        await pipeline.start()
        return hop

    yield make
    for hop, tasks in made:
        await tasks.close()
        await hop.journal.close()


@pytest.fixture
async def hop(make_hop) -> Hop:
    return await make_hop()
