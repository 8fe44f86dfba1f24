"""OTLP/JSON to protobuf bytes, once at the door, so that everything behind it sees protobuf only.

Called by `receive` with the decompressed body of an `application/json` request. The generic `json_format` is ten times
as expensive, takes base64 where OTLP says hex, and recurses without a bound of its own; so the schema is compiled here,
once at import, from the protobuf descriptors into tables of small encoders (`otlp.json_values`), and a body is one
`msgspec` parse and one walk over the keys that are present. The rules are those of OTLP's "JSON Protobuf Encoding":

* keys are lowerCamelCase; any other key is unknown and ignored, at every level; `null` means absent;
* `traceId`, `spanId`, `parentSpanId` are hex of any case and of the right length, or empty;
* 64-bit integers come as strings or numbers, enums as integers. Enum names, which senders must not use, are taken too
  when the schema knows them: some home-made senders write them and there is only one thing that they can mean;
* a key written twice counts by its last value, as in most JSON parsers;
* half a surrogate pair in an escape reads as U+FFFD, and a byte order mark is skipped (`otlp.json_text`).
"""

from collections.abc import Callable
from typing import Any, Final, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from otel_evals.otlp.json_text import parse_json
from otel_evals.otlp.json_values import SCALARS, Encode, length_prefix, varint
from otel_evals.records.errors import DecodeError
from otel_evals.records.signal import Signal

MAX_DEPTH: Final = 100
"""Nested messages that are followed, counted from the request. The protobuf runtime behind us refuses more."""

_ID_BYTES: Final = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}
_LENGTH_DELIMITED: Final = 2
_ATTRIBUTE: Final = KeyValue.DESCRIPTOR.full_name

_Table = dict[str, Callable[[Any, int], bytes]]
"""JSON key → encoder of its value (at a depth) into complete protobuf fields."""


def decode_json(signal: Signal, body: bytes) -> bytes:
    """The protobuf encoding of an OTLP/JSON Export request of `signal`. Raises DecodeError and nothing else."""
    document = parse_json(body)
    if type(document) is not dict:
        raise DecodeError("an OTLP/JSON request is a JSON object")
    return _encode_message(_REQUESTS[signal], cast("dict[str, Any]", document), 1)


def _encode_message(table: _Table, document: dict[str, Any], depth: int) -> bytes:
    parts: list[bytes] = []
    for key, value in document.items():
        if value is not None and (encode := table.get(key)) is not None:
            parts.append(encode(value, depth))
    return b"".join(parts)


def _message_field(tag: bytes, table: _Table) -> Callable[[Any, int], bytes]:
    def encode(value: Any, depth: int) -> bytes:
        if type(value) is not dict:
            raise DecodeError("a JSON object was expected where a message belongs")
        if depth >= MAX_DEPTH:
            raise DecodeError(f"nested deeper than {MAX_DEPTH} messages")
        payload = _encode_message(table, cast("dict[str, Any]", value), depth + 1)
        return tag + length_prefix(payload) + payload

    return encode


def _attribute_field(tag: bytes, table: _Table) -> Callable[[Any, int], bytes]:
    """As `_message_field`, with a short way for what most of every body consists of: attributes with a string value."""
    encode_any = _message_field(tag, table)

    def encode(attribute: Any, depth: int) -> bytes:
        try:
            key, value = attribute["key"], attribute["value"]
            text = value["stringValue"]
        except (TypeError, KeyError):
            return encode_any(attribute, depth)
        if (
            len(attribute) > 2
            or len(value) > 1
            or type(key) is not str
            or type(text) is not str
            or depth + 2 > MAX_DEPTH
        ):
            return encode_any(attribute, depth)
        key, text = key.encode(), text.encode()
        text = b"\x0a" + length_prefix(text) + text  # AnyValue.string_value
        key = b"\x0a" + length_prefix(key) + key + b"\x12" + length_prefix(text)  # KeyValue.key, .value
        return tag + varint(len(key) + len(text)) + key + text

    return encode


def _scalar_field(tag: bytes, encode_scalar: Encode, *, keep_default: bool) -> Callable[[Any, int], bytes]:
    def encode(value: Any, _depth: int) -> bytes:
        encoded = encode_scalar(value)
        # Fields without presence leave out their default, as every protobuf encoder does. 0x00 ends no other scalar
        # of one byte, and a run of zeros is a fixed-width zero.
        return tag + encoded if keep_default or encoded.strip(b"\0") else b""

    return encode


def _repeated(encode_one: Callable[[Any, int], bytes]) -> Callable[[Any, int], bytes]:
    def encode(value: Any, depth: int) -> bytes:
        if type(value) is not list:
            raise DecodeError("a JSON array was expected where a field repeats")
        return b"".join([encode_one(item, depth) for item in _items(value)])

    return encode


def _packed(tag: bytes, encode_scalar: Encode) -> Callable[[Any, int], bytes]:
    def encode(value: Any, _depth: int) -> bytes:
        if type(value) is not list:
            raise DecodeError("a JSON array was expected where a field repeats")
        payload = b"".join([encode_scalar(item) for item in _items(value)])
        return tag + length_prefix(payload) + payload if payload else b""

    return encode


def _items(value: Any) -> list[Any]:
    if None in value:
        raise DecodeError("null stands in a JSON array where a value belongs")
    return cast("list[Any]", value)


def _compile(descriptor: Descriptor, known: dict[str, _Table]) -> _Table:
    if (table := known.get(descriptor.full_name)) is not None:
        return table
    table = known[descriptor.full_name] = {}  # before its fields are compiled: values contain values
    for field in descriptor.fields:
        table[field.json_name] = _compile_field(field, known)
    return table


def _compile_field(field: FieldDescriptor, known: dict[str, _Table]) -> Callable[[Any, int], bytes]:
    if field.message_type is not None:
        make = _attribute_field if field.message_type.full_name == _ATTRIBUTE else _message_field
        encode = make(_tag(field, _LENGTH_DELIMITED), _compile(field.message_type, known))
        return _repeated(encode) if field.is_repeated else encode
    wire_type, encode_scalar = SCALARS[field.type](field, _ID_BYTES.get(field.name, 0))
    if field.is_repeated and wire_type != _LENGTH_DELIMITED:
        return _packed(_tag(field, _LENGTH_DELIMITED), encode_scalar)
    keep_default = field.has_presence or field.is_repeated
    encode = _scalar_field(_tag(field, wire_type), encode_scalar, keep_default=keep_default)
    return _repeated(encode) if field.is_repeated else encode


def _tag(field: FieldDescriptor, wire_type: int) -> bytes:
    return varint(field.number << 3 | wire_type)


_TABLES: Final[dict[str, _Table]] = {}
_REQUESTS: Final = {
    Signal.TRACES: _compile(ExportTraceServiceRequest.DESCRIPTOR, _TABLES),
    Signal.LOGS: _compile(ExportLogsServiceRequest.DESCRIPTOR, _TABLES),
    Signal.METRICS: _compile(ExportMetricsServiceRequest.DESCRIPTOR, _TABLES),
}
