"""OTLP/JSON against the protobuf runtime's own JSON mapping, and the rules in which OTLP differs from it."""

import base64
import json
import struct

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_evals.otlp.json import decode_json
from otel_evals.records.errors import DecodeError
from otel_evals.records.signal import Signal

REQUESTS = {
    Signal.TRACES: ExportTraceServiceRequest,
    Signal.LOGS: ExportLogsServiceRequest,
    Signal.METRICS: ExportMetricsServiceRequest,
}
IDS = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}


def _scalar(field):
    kinds = {
        field.TYPE_STRING: st.text(st.characters(exclude_categories=("Cs",)), max_size=8),
        field.TYPE_BOOL: st.booleans(),
        field.TYPE_DOUBLE: st.floats(allow_nan=False),
        field.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
        field.TYPE_UINT64: st.integers(0, 2**64 - 1),
        field.TYPE_FIXED64: st.integers(0, 2**64 - 1),
        field.TYPE_SFIXED64: st.integers(-(2**63), 2**63 - 1),
        field.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
        field.TYPE_SINT32: st.integers(-(2**31), 2**31 - 1),
        field.TYPE_UINT32: st.integers(0, 2**32 - 1),
        field.TYPE_FIXED32: st.integers(0, 2**32 - 1),
        field.TYPE_ENUM: st.integers(0, 3),
        field.TYPE_BYTES: st.binary(max_size=8),
    }
    size = IDS.get(field.name)
    return st.binary(min_size=size, max_size=size) if size else kinds[field.type]


@st.composite
def messages(draw, kind, depth=0):
    """A random message of `kind`, every field of the schema in reach."""
    message = kind()
    fields = list(kind.DESCRIPTOR.fields)
    for field in draw(
        st.lists(st.sampled_from(fields), min_size=min(1, len(fields)), max_size=4, unique_by=lambda f: f.name)
    ):
        if field.message_type is not None and depth > 7:
            continue
        count = draw(st.integers(1 if depth < 4 else 0, 2)) if field.is_repeated else 1
        if field.message_type is not None:
            values = [draw(messages(field.message_type._concrete_class, depth + 1)) for _ in range(count)]
        else:
            values = [draw(_scalar(field)) for _ in range(count)]
        if field.is_repeated:
            getattr(message, field.name).extend(values)
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(values[0])
        else:
            setattr(message, field.name, values[0])
    return message


def _as_otlp(value, key=""):
    """What `json_format` wrote, with ids in hex as OTLP wants them."""
    if isinstance(value, dict):
        return {name: _as_otlp(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_otlp(item) for item in value]
    return base64.b64decode(value).hex() if key in {"traceId", "spanId", "parentSpanId"} else value


def to_json(message, **options) -> bytes:
    return json.dumps(_as_otlp(json_format.MessageToDict(message, **options))).encode()


@pytest.mark.parametrize("signal", list(Signal))
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_valid_body_means_what_the_protobuf_runtime_wrote(signal, data):
    message = data.draw(messages(REQUESTS[signal]))
    body = to_json(message, use_integers_for_enums=data.draw(st.booleans()))
    assert REQUESTS[signal].FromString(decode_json(signal, body)) == message


_KEYS = [
    "resourceSpans", "scopeSpans", "spans", "traceId", "spanId", "name", "kind", "attributes", "key", "value",
    "stringValue", "intValue", "arrayValue", "kvlistValue", "values", "bytesValue", "doubleValue", "status", "events",
    "startTimeUnixNano", "x",
]  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4) | st.sampled_from(["ab" * 8, "1e9"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(_KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(document=_JSON, signal=st.sampled_from(list(Signal)))
def test_json_of_any_shape_is_decoded_or_refused(document, signal):
    try:
        decoded = decode_json(signal, json.dumps(document).encode())
    except DecodeError:
        return
    REQUESTS[signal].FromString(decoded)


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_decoded_or_refused(body):
    try:
        decoded = decode_json(Signal.TRACES, body)
    except DecodeError:
        return
    ExportTraceServiceRequest.FromString(decoded)


def span_of(**fields):
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [fields]}]}]}).encode()
    return (
        ExportTraceServiceRequest.FromString(decode_json(Signal.TRACES, body)).resource_spans[0].scope_spans[0].spans[0]
    )


def value_of(**value):
    return span_of(attributes=[{"key": "k", "value": value}]).attributes[0].value


def test_ids_are_hex_of_any_case():
    span = span_of(traceId="00112233445566778899AABBccddeeff", spanId="00112233445566fF", parentSpanId="")
    assert span.trace_id.hex() == "00112233445566778899aabbccddeeff"
    assert span.span_id.hex() == "00112233445566ff"
    assert span.parent_span_id == b""


@pytest.mark.parametrize(
    "bad", ["00", "0" * 31, "0" * 33, "g" * 32, " " * 32, "0" * 30 + " 0", 5, [], "AAAAAAAAAAAAAAAAAAAAAA=="], ids=repr
)
def test_ids_of_another_form_are_refused(bad):
    with pytest.raises(DecodeError):
        span_of(traceId=bad)


def test_unknown_and_snake_case_keys_are_ignored_at_every_level():
    span = span_of(name="n", trace_id="nonsense", x={"y": [1]}, attributes=[{"key": "k", "value": {"z": 1}, "more": 2}])
    assert (span.name, span.trace_id, span.attributes[0].key) == ("n", b"", "k")
    assert decode_json(Signal.TRACES, b'{"resourceLogs":[{}],"extra":null}') == b""


def test_null_is_absent():
    span = span_of(name=None, attributes=None, status=None, kind=None, startTimeUnixNano=None)
    assert not span.HasField("status")
    assert span.ByteSize() == 0


@pytest.mark.parametrize("written", [17, "17", 17.0, "017"], ids=repr)
def test_integers_are_numbers_or_strings(written):
    assert span_of(startTimeUnixNano=written).start_time_unix_nano == 17
    assert value_of(intValue=written).int_value == 17


@pytest.mark.parametrize(
    "bad", [-1, 2**64, "18446744073709551616", "1_0", " 1", "1.5", 1.5, True, "", "٣", "1e3", [], {}], ids=repr
)
def test_integers_of_another_form_or_range_are_refused(bad):
    with pytest.raises(DecodeError):
        span_of(startTimeUnixNano=bad)


def test_enums_are_integers_known_or_not_and_known_names():
    assert span_of(kind=3).kind == 3
    assert span_of(kind=99).kind == 99
    assert span_of(kind="SPAN_KIND_CLIENT").kind == 3
    assert span_of(kind=-5).kind == -5
    for bad in ("SPAN_KIND_OTHER", 2**31, True, 1.5):
        with pytest.raises(DecodeError):
            span_of(kind=bad)


def test_doubles_may_be_special_or_whole():
    assert struct.pack("<d", value_of(doubleValue="NaN").double_value) == struct.pack("<d", float("nan"))
    assert value_of(doubleValue="-Infinity").double_value == float("-inf")
    assert value_of(doubleValue="1.5").double_value == 1.5
    assert value_of(doubleValue=2).double_value == 2.0
    for bad in ("nan", "inf", "1e999", "1_0", "x", True, 10**400, "9" * 500):
        with pytest.raises(DecodeError):
            value_of(doubleValue=bad)


def test_bytes_are_base64_of_either_alphabet():
    for written in ("+/8=", "-_8=", "-_8", "+/8"):
        assert value_of(bytesValue=written).bytes_value == b"\xfb\xff"
    for bad in ("a", "a===b", "***", 1):
        with pytest.raises(DecodeError):
            value_of(bytesValue=bad)


def test_a_value_that_is_its_default_is_still_a_value():
    assert value_of(intValue="0").WhichOneof("value") == "int_value"
    assert value_of(stringValue="").WhichOneof("value") == "string_value"
    assert value_of(boolValue=False).WhichOneof("value") == "bool_value"
    assert value_of().WhichOneof("value") is None


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"1", b'"x"', b"{", b"{} {}", b"{}\xef\xbb\xbf", "{}".encode("utf-16"), b'{"a":1e999}',
        b'{"a":' + b"9" * 5000 + b"}", b'{"resourceSpans":{}}', b'{"resourceSpans":[1]}', b'{"resourceSpans":[null]}',
        b'{"a":"\xff"}', b'{"a":"\\ud80"}', b"[" * 100_000, b'{"a":' * 100_000,
    ],
    ids=lambda body: f"{body[:12]!r}-{len(body)}",
)  # fmt: skip
def test_what_is_no_otlp_request_is_refused(body):
    with pytest.raises(DecodeError):
        decode_json(Signal.TRACES, body)


def test_modest_nesting_is_taken_and_extreme_nesting_is_refused():
    def nested(levels: int) -> dict:
        value: dict = {"stringValue": "deep"}
        for _ in range(levels):
            value = {"arrayValue": {"values": [value]}}
        return value

    value = value_of(**nested(40))
    for _ in range(40):
        value = value.array_value.values[0]
    assert value.string_value == "deep"
    for levels in (60, 200):
        with pytest.raises(DecodeError):
            value_of(**nested(levels))


def test_what_is_nested_as_deep_as_allowed_the_protobuf_runtime_takes_too():
    for levels in range(40, 60):
        value: dict = {"intValue": 1}
        for _ in range(levels):
            value = {"arrayValue": {"values": [value]}}
        spans = [{"attributes": [{"key": "k", "value": value}]}]
        try:
            decoded = decode_json(
                Signal.TRACES, json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
            )
        except DecodeError:
            break
        ExportTraceServiceRequest.FromString(decoded)
    else:
        pytest.fail("no depth was refused")


def text_in(written: str) -> str:
    """What a string value that is written so, escapes and all, means."""
    body = '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"' + written + '"}]}]}]}'
    request = ExportTraceServiceRequest.FromString(decode_json(Signal.TRACES, body.encode()))
    return request.resource_spans[0].scope_spans[0].spans[0].name


@pytest.mark.parametrize(
    ("written", "means"),
    [
        (r"cut \ud83d", "cut \ufffd"),
        (r"\uDE00 cut", "\ufffd cut"),
        (r"\ud83d\ud83d\ude00\ude00", "\ufffd\U0001f600\ufffd"),
        (r"\ud83d\n\u0041", "\ufffd\nA"),
        (r"\\\ud83d", "\\\ufffd"),
        (r"\\ud83d \ud83d", r"\ud83d " + "\ufffd"),
        (r"\\ud83d\ude00", r"\ud83d" + "\ufffd"),
        (r"é \"\ud83d\" \ud83d\ude00", 'é "\ufffd" \U0001f600'),
    ],
)
def test_half_a_surrogate_pair_reads_as_a_replacement_character(written, means):
    assert text_in(written) == means


@given(st.text(st.sampled_from('\\/"nud83\ud83d\ude00\U0001f600é'), max_size=12))
def test_texts_with_halves_of_pairs_mean_what_utf_16_says(text):
    means = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert text_in(json.dumps(text)[1:-1]) == means


def test_a_byte_order_mark_is_skipped():
    body = to_json(span_request := ExportTraceServiceRequest(resource_spans=[{"schema_url": "s"}]))
    assert decode_json(Signal.TRACES, b"\xef\xbb\xbf" + body) == span_request.SerializeToString()


def test_what_is_cut_inside_an_escape_is_still_refused():
    with pytest.raises(DecodeError, match="not valid JSON"):
        decode_json(Signal.TRACES, rb'{"resourceSpans":[],"a":"\ud83')
