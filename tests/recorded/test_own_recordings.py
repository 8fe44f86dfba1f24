"""Bodies of real instrumentations, recorded by `record.py`, through the whole processor: in by HTTP, out to a sink.

Each producer's `expected.json` says what the scripted model server really answered. The processor runs once a producer.
"""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otel_evals.app.processor import Processor
from otel_evals.config.schema import Config
from otel_evals.forward.settings import DestinationSettings
from otel_evals.otlp.json import decode_json
from otel_evals.receive.settings import GrpcSettings, HttpSettings, ReceiveSettings
from otel_evals.records.clock import SystemClock
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.signal import Signal
from otel_evals.semconv import gen_ai, otel_evals
from otel_evals.telemetry.meters import Meters
from otel_evals.testing.sinks import HttpSink

_BODIES: Final = Path(__file__).parent / "bodies"
PRODUCERS: Final = sorted(folder.name for folder in _BODIES.iterdir())
OFF: Final = [name for name in PRODUCERS if name.endswith("-off")]
WITHOUT_CONTENT: Final = frozenset({"complete"})
"""What can be told when the content is not captured."""


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded request."""

    scenario: str
    signal: Signal
    is_json: bool
    sent: bytes

    @property
    def protobuf(self) -> bytes:
        """The request in the binary encoding."""
        return decode_json(self.signal, self.sent) if self.is_json else self.sent


class Passage:
    """What one producer sent, what it should mean, and what came out of the processor."""

    def __init__(self, folder: Path) -> None:
        self.bodies = list(_read(folder))
        self.scenarios: dict[str, Any] = json.loads((folder / "expected.json").read_text())["scenarios"]
        self.out: list[tuple[Signal, bytes]] = []

    @cached_property
    def spans_in(self) -> list[Span]:
        """Every recorded span."""
        return [s for b in self.bodies if b.signal is Signal.TRACES for s in _spans(b.protobuf)]

    @cached_property
    def spans_out(self) -> list[Span]:
        """Every span that the next hop got."""
        return [s for signal, body in self.out if signal is Signal.TRACES for s in _spans(body)]

    @cached_property
    def logs_in(self) -> list[LogRecord]:
        """Every recorded log record."""
        return [r for b in self.bodies if b.signal is Signal.LOGS for r in _logs(b.protobuf)]

    @cached_property
    def logs_out(self) -> list[LogRecord]:
        """Every log record that the next hop got."""
        return [r for signal, body in self.out if signal is Signal.LOGS for r in _logs(body)]

    def evaluated(self, scenario: str) -> list[Span]:
        """The evaluated spans that were recorded in a scenario, by start."""
        bodies = [b.protobuf for b in self.bodies if b.signal is Signal.TRACES and b.scenario == scenario]
        recorded = {(span.trace_id, span.span_id) for body in bodies for span in _spans(body)}
        found = [s for s in self.spans_out if (s.trace_id, s.span_id) in recorded and otel_evals.COVERAGE in _texts(s)]
        return sorted(found, key=lambda span: span.start_time_unix_nano)


def _read(folder: Path) -> Iterator[Body]:
    for path in sorted(folder.glob("[0-9]*")):
        name, *suffixes = path.name.split(".")
        _, scenario, signal = name.split("-")
        content = path.read_bytes()
        yield Body(
            scenario=scenario,
            signal=Signal(signal),
            is_json=suffixes[0] == "json",
            sent=gzip.decompress(content) if suffixes[-1] == "gz" else content,
        )


def _spans(body: bytes) -> Iterator[Span]:
    for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans:
        for scope_spans in resource_spans.scope_spans:
            yield from scope_spans.spans


def _logs(body: bytes) -> Iterator[LogRecord]:
    for resource_logs in ExportLogsServiceRequest.FromString(body).resource_logs:
        for scope_logs in resource_logs.scope_logs:
            yield from scope_logs.log_records


def _texts(span: Span) -> dict[str, str]:
    return {attribute.key: attribute.value.string_value for attribute in span.attributes}


def _failing(span: Span) -> set[str]:
    labels = ((key.split("."), value) for key, value in _texts(span).items() if key.startswith(otel_evals.PREFIX))
    return {key[1] for key, value in labels if key[-1] == "label" and value == "fail"}


_PASSED: dict[str, Passage] = {}


@pytest.fixture
async def passage(producer: str, tmp_path: Path) -> Passage:
    """One producer's bodies and what became of them."""
    if producer not in _PASSED:
        passage = Passage(_BODIES / producer)
        async with HttpSink() as sink:
            config = Config(
                receive=ReceiveSettings(http=HttpSettings(listen="127.0.0.1:0"), grpc=GrpcSettings(listen=None)),
                forward=(DestinationSettings(url=sink.url, name="next"),),
            )
            processor = Processor(config, meters=Meters(), folder=tmp_path, clock=SystemClock())
            await processor.start()
            async with aiohttp.ClientSession(f"http://127.0.0.1:{processor.http_port}") as client:
                for body in passage.bodies:
                    await _send(client, body)
            await processor.stop()
            passage.out = [(received.signal, received.body) for received in sink.accepted]
        _PASSED[producer] = passage
    return _PASSED[producer]


async def _send(client: aiohttp.ClientSession, body: Body) -> None:
    kind = "application/json" if body.is_json else "application/x-protobuf"
    async with client.post(body.signal.http_path, data=body.sent, headers={"Content-Type": kind}) as answer:
        assert answer.status == 200, await answer.text()


def each(names: list[str]) -> pytest.MarkDecorator:
    """One test a producer; all tests of a producer in one process, so that its bodies pass once."""
    marked = [pytest.param(name, marks=pytest.mark.xdist_group(f"recorded-{name}")) for name in names]
    return pytest.mark.parametrize("producer", marked)


ABSENT: Final[dict[str, dict[str, frozenset[str]]]] = {
    # producer → scenario → checks that the answer has to fail, but whose evidence is not on this producer's wire.
    "langfuse": {"truncated": frozenset({"complete"})},
    "laminar": {"json_broken": frozenset({"structured_output"})},
    "logfire": {"json_broken": frozenset({"structured_output"})},
    "openinference-dspy": {"truncated": frozenset({"complete"})},
    "openinference-haystack": {"unknown_tool": frozenset({"tool_calls"})},
    # The definitions of the tools stand in the log record only, which the span, whole otherwise, does not wait for.
    "openlit": {"unknown_tool": frozenset({"tool_calls"}), "json_broken": frozenset({"structured_output"})},
    "otel-openai-v2": {"unknown_tool": frozenset({"tool_calls"})},
    "otel-openai-v2-event": {"unknown_tool": frozenset({"tool_calls"})},
    "otel-openai-v2-span": {"unknown_tool": frozenset({"tool_calls"})},
}
NO_MODEL_ON_FAILURE: Final = ("openinference-haystack", "openinference-smolagents")
"""Producers whose failed calls name no model."""


def _due(producer: str, scenario: str, fails: list[str]) -> set[str]:
    due = set(fails) - ABSENT.get(producer, {}).get(scenario, frozenset())
    return due & WITHOUT_CONTENT if producer in OFF else due


def _added(before: Span, after: Span) -> Span:
    """What came out, without what an evaluation adds."""
    stripped = Span()
    stripped.CopyFrom(after)
    keys = {attribute.key for attribute in before.attributes}
    kept = [a for a in after.attributes if a.key in keys]
    del stripped.attributes[:]
    stripped.attributes.extend(kept)
    del stripped.events[len(before.events) :]
    return stripped


def test_at_least_twelve_instrumentations_are_recorded() -> None:
    assert len({name.removesuffix("-off") for name in PRODUCERS}) >= 12


@each(PRODUCERS)
async def test_no_span_is_lost_doubled_or_altered(producer: str, passage: Passage) -> None:
    came = {(span.trace_id, span.span_id): span for span in passage.spans_out}
    assert len(came) == len(passage.spans_out) == len(passage.spans_in) > 0
    for span in passage.spans_in:
        assert _added(span, came[span.trace_id, span.span_id]) == span


@each(PRODUCERS)
async def test_no_log_record_is_lost_doubled_or_altered(producer: str, passage: Passage) -> None:
    came = Counter(record.SerializeToString(deterministic=True) for record in passage.logs_out)
    assert came == Counter(record.SerializeToString(deterministic=True) for record in passage.logs_in)


@each(PRODUCERS)
async def test_exactly_one_span_of_each_call_is_evaluated(producer: str, passage: Passage) -> None:
    counts = {name: len(passage.evaluated(name)) for name in passage.scenarios}
    assert counts == {name: len(told["calls"]) for name, told in passage.scenarios.items()}


@each(PRODUCERS)
async def test_the_model_is_on_every_evaluated_span(producer: str, passage: Passage) -> None:
    for name, told in passage.scenarios.items():
        for span, call in zip(passage.evaluated(name), told["calls"], strict=True):
            if call["status"] >= 400 and producer in NO_MODEL_ON_FAILURE:
                continue
            # Some name only the answering snapshot, whose name begins with the model's.
            assert _texts(span)[gen_ai.REQUEST_MODEL].startswith(call["request_model"]), name


@each(PRODUCERS)
async def test_the_answers_that_are_bad_fail_the_checks_that_say_so_and_no_others(
    producer: str, passage: Passage
) -> None:
    for name, told in passage.scenarios.items():
        *earlier, last = passage.evaluated(name)
        told_apart = {"wrong_refusal"} if name == "rag_wrong_refusal" else set()  # see the next test
        assert _failing(last) - told_apart == _due(producer, name, told["fails"]) - told_apart, name
        assert not any(_failing(span) for span in earlier), name


@each([name for name in PRODUCERS if name not in OFF])
async def test_a_refusal_in_spite_of_a_note_that_answers_is_called_wrong(producer: str, passage: Passage) -> None:
    (span,) = passage.evaluated("rag_wrong_refusal")
    assert "wrong_refusal" in _failing(span)


@each(OFF)
async def test_calls_without_captured_content_say_so(producer: str, passage: Passage) -> None:
    answered = [n for n, told in passage.scenarios.items() if told["calls"][-1]["status"] < 400]
    spans = [span for name in answered for span in passage.evaluated(name)]
    assert {_texts(span)[otel_evals.COVERAGE] for span in spans} == {CoverageOutcome.NO_CONTENT.value}
