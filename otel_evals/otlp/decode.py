"""Decoding for reading only: spans and log records as `records.span` views.

`repeated KeyValue` has the wire form of `map<string, bytes>`. A private descriptor that declares it so lets the
protobuf runtime build the table in C, without a message object for each value, which would cost more than all else
here. Two consequences: a duplicate key keeps its last value, and these messages are never written back to the wire.
Called by the engine for every candidate span and log record.
"""

import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, cast

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError as ProtobufDecodeError

from otel_evals.records.errors import DecodeError
from otel_evals.records.span import EventView, LogView, SpanView

_PACKAGE: Final = "otel_evals.reading"
_F = descriptor_pb2.FieldDescriptorProto
_MAX_DEPTH: Final = 64
"""Nesting of attribute values that we follow; deeper ones read as None (the wire keeps them)."""
_INVALID: Final = "not a valid OTLP protobuf message"


def _field(message: Any, name: str, number: int, kind: int, *, type_name: str = "", repeated: bool = False) -> None:
    field = message.field.add(name=name, number=number, type=kind)
    field.label = _F.LABEL_REPEATED if repeated else _F.LABEL_OPTIONAL
    if type_name:
        field.type_name = f".{_PACKAGE}.{type_name}"


def _attribute_map(message: Any, name: str, number: int) -> None:
    entry_name = f"{name.title().replace('_', '')}Entry"
    entry = message.nested_type.add(name=entry_name)
    entry.options.map_entry = True
    _field(entry, "key", 1, _F.TYPE_STRING)
    _field(entry, "value", 2, _F.TYPE_BYTES)
    _field(message, name, number, _F.TYPE_MESSAGE, type_name=f"{message.name}.{entry_name}", repeated=True)


def _build() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="otel_evals/reading.proto", package=_PACKAGE, syntax="proto3")
    value = file.message_type.add(name="Value")
    value.oneof_decl.add(name="value")
    for name, number, kind, type_name in (
        ("string_value", 1, _F.TYPE_STRING, ""),
        ("bool_value", 2, _F.TYPE_BOOL, ""),
        ("int_value", 3, _F.TYPE_INT64, ""),
        ("double_value", 4, _F.TYPE_DOUBLE, ""),
        ("array_value", 5, _F.TYPE_MESSAGE, "Array"),
        ("kvlist_value", 6, _F.TYPE_MESSAGE, "Table"),
        ("bytes_value", 7, _F.TYPE_BYTES, ""),
    ):
        _field(value, name, number, kind, type_name=type_name)
        value.field[-1].oneof_index = 0
    _field(file.message_type.add(name="Array"), "values", 1, _F.TYPE_MESSAGE, type_name="Value", repeated=True)
    pair = file.message_type.add(name="Pair")
    _field(pair, "key", 1, _F.TYPE_STRING)
    _field(pair, "value", 2, _F.TYPE_MESSAGE, type_name="Value")
    # A list, not a map: what a tool returned may become text, and a map's order differs from process to process.
    _field(file.message_type.add(name="Table"), "values", 1, _F.TYPE_MESSAGE, type_name="Pair", repeated=True)
    resource = file.message_type.add(name="Resource")
    _attribute_map(resource, "attributes", 1)
    scope = file.message_type.add(name="Scope")
    _field(scope, "name", 1, _F.TYPE_STRING)
    _field(scope, "version", 2, _F.TYPE_STRING)
    event = file.message_type.add(name="Event")
    _field(event, "time_unix_nano", 1, _F.TYPE_FIXED64)
    _field(event, "name", 2, _F.TYPE_STRING)
    _attribute_map(event, "attributes", 3)
    status = file.message_type.add(name="Status")
    _field(status, "message", 2, _F.TYPE_STRING)
    _field(status, "code", 3, _F.TYPE_INT32)
    span = file.message_type.add(name="Span")
    _field(span, "trace_id", 1, _F.TYPE_BYTES)
    _field(span, "span_id", 2, _F.TYPE_BYTES)
    _field(span, "parent_span_id", 4, _F.TYPE_BYTES)
    _field(span, "name", 5, _F.TYPE_STRING)
    _field(span, "kind", 6, _F.TYPE_INT32)
    _field(span, "start_time_unix_nano", 7, _F.TYPE_FIXED64)
    _field(span, "end_time_unix_nano", 8, _F.TYPE_FIXED64)
    _attribute_map(span, "attributes", 9)
    _field(span, "events", 11, _F.TYPE_MESSAGE, type_name="Event", repeated=True)
    _field(span, "status", 15, _F.TYPE_BYTES)
    record = file.message_type.add(name="Record")
    _field(record, "time_unix_nano", 1, _F.TYPE_FIXED64)
    _field(record, "body", 5, _F.TYPE_MESSAGE, type_name="Value")
    _attribute_map(record, "attributes", 6)
    _field(record, "trace_id", 9, _F.TYPE_BYTES)
    _field(record, "span_id", 10, _F.TYPE_BYTES)
    _field(record, "observed_time_unix_nano", 11, _F.TYPE_FIXED64)
    _field(record, "event_name", 12, _F.TYPE_STRING)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)  # pyright: ignore[reportUnknownMemberType] - a pool of our own, the process-wide one stays clean
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in ("Span", "Status", "Record", "Resource", "Scope", "Value")
    }


_CLASSES: Final = _build()
_Span, _Status, _Record = (_CLASSES[n] for n in ("Span", "Status", "Record"))
_Resource, _Scope, _Value = (_CLASSES[n] for n in ("Resource", "Scope", "Value"))

_STRING, _BOOL, _INT, _DOUBLE, _ARRAY = 0x0A, 0x10, 0x18, 0x21, 0x2A
"""First byte of an encoded AnyValue: the field that it holds."""
_read_double: Final = struct.Struct("<xd").unpack
"""The double behind its tag."""
_SHORT: Final = 64
"""Bytes of an array that is worth remembering: finish reasons, stop words."""


def _table(encoded: Any) -> dict[str, Any]:
    """The attributes of a decoded map as plain values. The usual value, a short text, is read in place."""
    table: dict[str, Any] = {}
    for key in encoded:
        data = encoded[key]
        size = len(data)
        if 1 < size < 130 and data[0] == _STRING and data[1] == size - 2:
            table[key] = data[2:].decode()
        else:
            table[key] = _value(data, size)
    return table


def _value(data: bytes, size: int) -> Any:
    """An encoded AnyValue as a plain value: the usual forms at sight, all others by way of a message."""
    kind = data[0] if size > 1 else 0
    if kind == _STRING:
        # A length of two bytes that says exactly what follows it.
        if 130 < size < 16387 and data[1] > 127 and (data[1] & 127 | data[2] << 7) == size - 3:
            return data[3:].decode()
    elif kind in (_INT, _BOOL):
        if size == 2 and data[1] < 128:
            return data[1] if kind == _INT else data[1] != 0
        if size == 3 and kind == _INT and data[1] > 127 and data[2] < 128:
            return data[1] & 127 | data[2] << 7
    elif kind == _DOUBLE and size == 9:
        return _read_double(data)[0]
    elif kind == _ARRAY and size < _SHORT and (items := _flat(data)) is not None:
        return list(items)
    return _plain(_Value.FromString(data))


@lru_cache(maxsize=1024)
def _flat(data: bytes) -> tuple[Any, ...] | None:
    """The items of an encoded short array; None when some of them are no plain values, which could not be shared."""
    items = _plain(_Value.FromString(data))
    if not isinstance(items, list):
        return None
    found = tuple(cast("list[Any]", items))
    return None if any(isinstance(item, list | dict) for item in found) else found


def _plain(value: Any, depth: int = 0) -> Any:
    kind = value.WhichOneof("value")
    if kind is None or depth > _MAX_DEPTH:
        return None
    if kind == "array_value":
        return [_plain(item, depth + 1) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {pair.key: _plain(pair.value, depth + 1) for pair in value.kvlist_value.values}
    return getattr(value, kind)


def decode_resource(data: bytes) -> Mapping[str, Any]:
    """The attributes of an encoded Resource. Raises DecodeError."""
    try:
        return _table(_Resource.FromString(data).attributes)
    except (ProtobufDecodeError, UnicodeDecodeError) as error:
        raise DecodeError(_INVALID) from error


def decode_scope(data: bytes) -> tuple[str, str]:
    """Name and version of an encoded InstrumentationScope. Raises DecodeError."""
    try:
        scope = _Scope.FromString(data)
    except ProtobufDecodeError as error:
        raise DecodeError(_INVALID) from error
    return scope.name, scope.version


def decode_span(data: bytes, resource: Mapping[str, Any], scope: tuple[str, str]) -> SpanView:
    """One encoded Span as a view. Raises DecodeError."""
    try:
        span = _Span.FromString(data)
        events, status = span.events, _status(span.status)
        return SpanView(
            trace_id=span.trace_id,
            span_id=span.span_id,
            parent_span_id=span.parent_span_id,
            name=span.name,
            kind=span.kind,
            start_ns=span.start_time_unix_nano,
            end_ns=span.end_time_unix_nano,
            status_code=status[0],
            status_message=status[1],
            attributes=_table(span.attributes),
            events=tuple([_event(event) for event in events]) if events else (),
            scope_name=scope[0],
            scope_version=scope[1],
            resource=resource,
        )
    except (ProtobufDecodeError, UnicodeDecodeError) as error:
        raise DecodeError(_INVALID) from error


def decode_log(data: bytes, resource: Mapping[str, Any], scope_name: str) -> LogView:
    """One encoded LogRecord as a view. Raises DecodeError."""
    try:
        record = _Record.FromString(data)
        return LogView(
            trace_id=record.trace_id,
            span_id=record.span_id,
            event_name=record.event_name,
            body=_plain(record.body),
            attributes=_table(record.attributes),
            time_ns=record.time_unix_nano or record.observed_time_unix_nano,
            scope_name=scope_name,
            resource=resource,
        )
    except (ProtobufDecodeError, UnicodeDecodeError) as error:
        raise DecodeError(_INVALID) from error


def _event(event: Any) -> EventView:
    return EventView(name=event.name, attributes=_table(event.attributes), time_ns=event.time_unix_nano)


def _status(data: bytes) -> tuple[int, str]:
    """Code and message. Most spans have no status, or `OK` and nothing else."""
    if not data:
        return 0, ""
    status = _Status.FromString(data)
    return status.code, status.message
