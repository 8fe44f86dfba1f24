import gzip
import json

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_evals.records.errors import DecodeError
from otel_evals.records.signal import Signal
from otel_evals.replay.formats import BrokenAt, NotOtlp, bodies, is_recording
from otel_evals.testing.builders import chat_attributes, logs_body, make_span, traces_body

TRACES = traces_body(make_span(chat_attributes()), make_span({"http.route": "/"}, span=2))
LOGS = logs_body(("gen_ai.user.message", {"content": "hi"}, {}))
JSON_TRACES = (
    b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"11111111111111111111111111111111",'
    b'"spanId":"2222222222222222"}]}]}]}'
)
JSON_LOGS = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{}]}]}]}'


def metrics() -> bytes:
    request = ExportMetricsServiceRequest()
    metric = (
        request.resource_metrics.add().scope_metrics.add().metrics.add(name="process.cpu.time", description="CPU time")
    )
    metric.gauge.data_points.add(as_int=1)
    return request.SerializeToString()


def framed(*messages: bytes) -> bytes:
    return b"".join(len(m).to_bytes(4, "big") + m for m in messages)


def read(data: bytes, name: str = "recorded") -> list[tuple[Signal, int]]:
    return [(body.signal, body.items) for body in bodies(name, data)]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (TRACES, [(Signal.TRACES, 2)]),
        (LOGS, [(Signal.LOGS, 1)]),
        (metrics(), [(Signal.METRICS, 1)]),
        (gzip.compress(TRACES), [(Signal.TRACES, 2)]),
        (zstandard.compress(TRACES), [(Signal.TRACES, 2)]),
        (JSON_TRACES, [(Signal.TRACES, 1)]),
        (json.dumps(json.loads(JSON_LOGS), indent=2).encode(), [(Signal.LOGS, 2)]),
        (JSON_TRACES + b"\n" + JSON_LOGS + b"\n\n", [(Signal.TRACES, 1), (Signal.LOGS, 2)]),
        (gzip.compress(JSON_LOGS + b"\r\n" + JSON_TRACES), [(Signal.LOGS, 2), (Signal.TRACES, 1)]),
        (JSON_TRACES[:-1] + b"," + JSON_LOGS[1:], [(Signal.TRACES, 1), (Signal.LOGS, 2)]),
        (framed(TRACES, LOGS), [(Signal.TRACES, 2), (Signal.LOGS, 1)]),
        (gzip.compress(framed(LOGS, TRACES)), [(Signal.LOGS, 1), (Signal.TRACES, 2)]),
        (framed(zstandard.compress(JSON_TRACES), zstandard.compress(LOGS)), [(Signal.TRACES, 1), (Signal.LOGS, 1)]),
        (b"", []),
        (b"\n", []),
    ],
)
def test_every_form_of_recorded_otlp_is_recognised_by_its_content(data, found):
    assert read(data) == found


@pytest.mark.parametrize("name", ["001-chat-logs.binpb", "x-logs.pb.gz", "logs.bin"])
def test_the_name_says_what_protobuf_is(name):
    empty = ExportTraceServiceRequest()
    empty.resource_spans.add()
    assert read(empty.SerializeToString(), name) == [(Signal.LOGS, 0)]


@pytest.mark.parametrize(
    ("data", "offset", "reason"),
    [
        (JSON_TRACES + b"\n" + JSON_LOGS[:-3] + b"\n", len(JSON_TRACES) + 1, "no OTLP/JSON document"),
        (JSON_TRACES + b'\n{"a": 1}', len(JSON_TRACES) + 1, "without resourceSpans"),
        (b'{"resourceSpans": 3}', 0, "JSON array"),
        (framed(TRACES) + framed(TRACES)[:-1], len(TRACES) + 4, "should follow"),
        (framed(TRACES) + b"\0\0", len(TRACES) + 4, "neither OTLP nor a length"),
        (framed(LOGS, TRACES[:-1]), len(LOGS) + 4, "longer than"),
        (TRACES[:-1], 0, "longer than"),
        (gzip.compress(TRACES)[:-9], 0, "decompressed"),
        (b"hello, this is no recording", 0, "neither OTLP nor a length"),
    ],
)
def test_a_broken_file_is_told_with_the_place(data, offset, reason):
    with pytest.raises(BrokenAt, match=reason) as broken:
        read(data)
    assert broken.value.offset == offset


@pytest.mark.parametrize("data", [b'{"answer": 42}', b'[{"answer": 42}]', b'{"answer": 42}\n{"answer": 43}\n'])
def test_json_without_otlp_is_told_apart_from_broken_otlp(data):
    with pytest.raises(NotOtlp):
        read(data)


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("a-traces.binpb", True),
        ("a.json.gz", True),
        ("a.jsonl", True),
        ("a.pb.zst", True),
        ("README.md", False),
        ("a.gz", False),
        ("binpb", False),
    ],
)
def test_a_folder_yields_files_with_the_suffixes_of_recordings(name, taken):
    assert is_recording(name) is taken


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda b: framed(TRACES, b)))
def test_no_bytes_do_worse_than_a_decode_error(data):
    try:
        read(data)
    except DecodeError:
        return
