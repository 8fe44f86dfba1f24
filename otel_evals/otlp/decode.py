"""Decoding for reading only: spans and log records as `records.span` views.

`repeated KeyValue` has the wire form of `map<string, AnyValue>`. A private descriptor that declares it so lets the
protobuf runtime build the table in C: one look-up instead of a loop in Python. Two consequences: a duplicate key keeps
its last value, and these messages are never written back to the wire.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError as ProtobufDecodeError

from otel_evals.records.errors import DecodeError
from otel_evals.records.span import EventView, LogView, SpanView

_PACKAGE: Final = "otel_evals.reading"
_F = descriptor_pb2.FieldDescriptorProto
_MAX_DEPTH: Final = 64
"""Nesting of attribute values that we follow; deeper ones read as None (the wire keeps them)."""


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
    _field(entry, "value", 2, _F.TYPE_MESSAGE, type_name="Value")
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
    _attribute_map(file.message_type.add(name="Table"), "values", 1)
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
    _field(span, "status", 15, _F.TYPE_MESSAGE, type_name="Status")
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
        for name in ("Span", "Record", "Resource", "Scope")
    }


_CLASSES: Final = _build()
_Span, _Record, _Resource, _Scope = (_CLASSES[n] for n in ("Span", "Record", "Resource", "Scope"))


def _plain(value: Any, depth: int = 0) -> Any:
    if text := value.string_value:
        return text  # by far the most frequent kind, at half the price of asking which one it is
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return ""
    if kind is None or depth > _MAX_DEPTH:
        return None
    if kind == "array_value":
        return [_plain(item, depth + 1) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {key: _plain(item, depth + 1) for key, item in value.kvlist_value.values.items()}
    return getattr(value, kind)


class _Attributes(Mapping[str, Any]):
    """A decoded attribute table that converts a value when it is asked for."""

    __slots__ = ("_table",)

    def __init__(self, table: Any) -> None:
        self._table = table

    def __contains__(self, key: object) -> bool:
        return key in self._table

    def __getitem__(self, key: str) -> Any:
        # A message map creates missing entries on access, hence the question before.
        if key not in self._table:
            raise KeyError(key)
        return _plain(self._table[key])

    def get(self, key: str, default: Any = None) -> Any:
        """The plain value of `key`, `default` when the key is absent."""
        return _plain(self._table[key]) if key in self._table else default

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def decode_resource(data: bytes) -> Mapping[str, Any]:
    """The attributes of an encoded Resource. Raises DecodeError."""
    return _Attributes(_parse(_Resource, data).attributes)


def decode_scope(data: bytes) -> tuple[str, str]:
    """Name and version of an encoded InstrumentationScope. Raises DecodeError."""
    scope = _parse(_Scope, data)
    return scope.name, scope.version


def decode_span(data: bytes, resource: Mapping[str, Any], scope: tuple[str, str]) -> SpanView:
    """One encoded Span as a view. Raises DecodeError."""
    span = _parse(_Span, data)
    return SpanView(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_span_id,
        name=span.name,
        kind=span.kind,
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        status_code=span.status.code,
        status_message=span.status.message,
        attributes=_Attributes(span.attributes),
        events=tuple(
            EventView(name=e.name, attributes=_Attributes(e.attributes), time_ns=e.time_unix_nano) for e in span.events
        ),
        scope_name=scope[0],
        scope_version=scope[1],
        resource=resource,
    )


def decode_log(data: bytes, resource: Mapping[str, Any], scope_name: str) -> LogView:
    """One encoded LogRecord as a view. Raises DecodeError."""
    record = _parse(_Record, data)
    return LogView(
        trace_id=record.trace_id,
        span_id=record.span_id,
        event_name=record.event_name,
        body=_plain(record.body),
        attributes=_Attributes(record.attributes),
        time_ns=record.time_unix_nano or record.observed_time_unix_nano,
        scope_name=scope_name,
        resource=resource,
    )


def _parse(kind: Any, data: bytes) -> Any:
    try:
        return kind.FromString(data)
    except ProtobufDecodeError as error:
        raise DecodeError("not a valid OTLP protobuf message") from error
