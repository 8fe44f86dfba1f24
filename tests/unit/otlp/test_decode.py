"""Values come out of the quick decoder exactly as the protobuf runtime reads them, whatever their form on the wire."""

import struct
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otel_evals.otlp.decode import decode_log, decode_resource, decode_scope, decode_span
from otel_evals.otlp.encode import length_delimited, varint
from otel_evals.records.errors import DecodeError
from otel_evals.records.span import STATUS_ERROR, SpanView
from otel_evals.testing.builders import any_value, make_span, span_id, trace_id

_PLAIN = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.binary() | st.text()
_VALUES = st.recursive(
    _PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=8
)

_DECODERS: dict[str, Callable[[bytes], object]] = {
    "span": lambda data: decode_span(data, {}, ("", "")),
    "log": lambda data: decode_log(data, {}, ""),
    "resource": decode_resource,
    "scope": decode_scope,
}


def _read(span: Span | bytes) -> SpanView:
    return decode_span(span if isinstance(span, bytes) else span.SerializeToString(), {}, ("scope", "1"))


def _encoded(value: bytes, key: bytes = b"k") -> bytes:
    """A span with one attribute, whose value is the given bytes."""
    return length_delimited(9, length_delimited(1, key) + length_delimited(2, value))


def _message_says(value: bytes) -> Any:
    read = AnyValue.FromString(value)
    kind = read.WhichOneof("value")
    return None if kind is None else getattr(read, kind)


@given(st.dictionaries(st.text(), _VALUES, max_size=6))
def test_every_attribute_value_is_read_as_it_was_written(attributes: Mapping[str, Any]):
    assert _read(make_span(attributes)).attributes == attributes


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 128, 129, 130, 16381, 16382, 16383, 16384, 16385, 70000])
@pytest.mark.parametrize("letter", ["a", "é", "\n"])
def test_texts_are_read_whole_on_both_sides_of_every_length_of_the_length(size: int, letter: str):
    text = (letter * size)[:size]
    assert _read(make_span({"k": text})).attributes["k"] == text


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x0a\x02a",
        b"\x10\x00",
        b"\x10\x01",
        b"\x10\x80\x01",
        b"\x18\x7f",
        b"\x18\xff\x01",
        b"\x18\xff\xff\x01",
        b"\x18\x80\x00",
        b"\x18" + b"\xff" * 9 + b"\x01",
        b"\x0a\x81\x00a",
        b"\x0a\x01a\x18\x05",
        b"\x18\x05\x0a\x01a",
        b"\x18\x05\x18\x06",
        b"\x0a\x01a\x0a\x02bc",
        b"\x0a\x7f" + b"a" * 127 + b"\x18\x05",
        b"\x0a\x03" + b"\x01" * 3 + b"\xa2\x06" + varint(128) + b"b" * 128,
        b"\x21" + struct.pack("<d", -1.5),
        b"\x21" + struct.pack("<d", 1.0) + b"\x18\x01",
        b"\x3a\x02\x00\xff",
    ],
)
def test_forms_that_no_sdk_writes_mean_what_the_runtime_says(value: bytes):
    try:
        expected = _message_says(value)
    except Exception:  # noqa: BLE001 - whatever the runtime raises, ours must refuse the same bytes
        with pytest.raises(DecodeError):
            _read(_encoded(value))
    else:
        assert _read(_encoded(value)).attributes == {"k": expected}


@pytest.mark.parametrize("text", [b"\xff", b"\xed\xa0\x80", b"a" * 200 + b"\xc3"])
def test_a_text_that_is_not_utf_8_is_refused(text: bytes):
    with pytest.raises(DecodeError):
        _read(_encoded(length_delimited(1, text)))


def test_a_key_that_stands_twice_keeps_its_last_value():
    twice = _encoded(any_value(1).SerializeToString()) + _encoded(any_value("two").SerializeToString())
    assert _read(twice).attributes == {"k": "two"}


def test_nested_maps_keep_the_order_of_the_wire():
    written = {f"key-{number}": number for number in (5, 3, 9, 1, 7, 2, 8)}
    assert list(_read(make_span({"k": written})).attributes["k"]) == list(written)


def test_spans_with_equal_lists_do_not_share_them():
    first, second = (_read(make_span({"k": ["stop", ["deep"]], "flat": ["stop"]})).attributes for _ in range(2))
    first["flat"].append("more")
    first["k"][1].append("more")
    assert (second["flat"], second["k"]) == (["stop"], ["stop", ["deep"]])


def test_the_fields_of_a_span_are_read():
    span = make_span(
        {"a": 1}, trace=3, span=4, parent=5, name="chat", error=True, events=[("exception", {"exception.type": "E"})]
    )
    span.status.message = "gone"
    span.kind = Span.SPAN_KIND_CLIENT
    read = decode_span(span.SerializeToString(), {"service.name": "shop"}, ("scope", "1"))
    assert (read.trace_id, read.span_id, read.parent_span_id) == (trace_id(3), span_id(4), span_id(5))
    assert (read.name, read.kind, read.status_code, read.status_message) == ("chat", 3, STATUS_ERROR, "gone")
    assert (read.start_ns, read.end_ns) == (span.start_time_unix_nano, span.end_time_unix_nano)
    assert [(e.name, e.attributes, e.time_ns) for e in read.events] == [
        ("exception", {"exception.type": "E"}, span.end_time_unix_nano)
    ]
    assert (read.scope_name, read.scope_version, read.resource) == ("scope", "1", {"service.name": "shop"})


def test_a_span_without_anything_reads_as_the_defaults():
    read = _read(b"")
    assert (read.name, read.status_code, read.status_message, read.attributes, read.events) == ("", 0, "", {}, ())


@pytest.mark.parametrize("kind", sorted(_DECODERS))
def test_bytes_that_are_no_message_are_refused(kind: str):
    with pytest.raises(DecodeError):
        _DECODERS[kind](b"\x0a\xff")
