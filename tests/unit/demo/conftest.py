"""The demo's shop in front of a real pipeline: what it writes goes in as bytes, what was evaluated comes out."""

from collections.abc import AsyncIterator, Callable

import pytest
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from otel_evals.app.crew import new_meters
from otel_evals.app.processor import Processor
from otel_evals.config.schema import Config
from otel_evals.demo.applications import Shop
from otel_evals.receive.settings import GrpcSettings, HttpSettings, ReceiveSettings
from otel_evals.records.clock import SystemClock
from otel_evals.records.signal import Signal

NOW = 1_800_000_000_000_000_000


class Street:
    """The shop, what it wrote last, and a processor without doors."""

    def __init__(self, seed: int) -> None:
        self.spans, self.logs = InMemorySpanExporter(), InMemoryLogRecordExporter()
        self.shop = Shop(
            seed, spans=lambda: SimpleSpanProcessor(self.spans), logs=lambda: SimpleLogRecordProcessor(self.logs)
        )
        self.evaluated: list = []

    async def start(self, folder) -> None:
        receive = ReceiveSettings(grpc=GrpcSettings(listen=None), http=HttpSettings(listen=None))
        config, clock = Config(receive=receive), SystemClock()
        self.processor = Processor(config, meters=new_meters(config, clock), folder=folder, clock=clock)
        self.processor.on_evaluated = self.evaluated.extend
        await self.processor.start()

    def write(self):
        """One customer's request, written down as spans and log records."""
        self.spans.clear()
        self.logs.clear()
        return self.shop.serve(NOW)

    async def evaluate(self):
        """One customer's request with what the processor says of its calls."""
        request = self.write()
        self.evaluated.clear()
        if records := self.logs.get_finished_logs():
            await self.processor.pipeline.intake(Signal.LOGS, encode_logs(records).SerializeToString())
        spans = encode_spans(self.spans.get_finished_spans()).SerializeToString()
        await self.processor.pipeline.intake(Signal.TRACES, spans)
        return request, list(self.evaluated)


@pytest.fixture
async def make_street(tmp_path) -> AsyncIterator[Callable]:
    made: list[Street] = []

    async def make(seed: int = 3) -> Street:
        street = Street(seed)
        await street.start(tmp_path / str(len(made)))
        made.append(street)
        return street

    yield make
    for street in made:
        street.shop.close()
        await street.processor.stop()
