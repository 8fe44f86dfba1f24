"""What a dialect reads: a span or log record as plain values, independent of how it was decoded.

`attributes` mappings convert values on access, so that a reader pays only for the keys that it asks for. A duplicate
key keeps its last value. Values are str, bool, int, float, bytes, list, dict or None.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

Attributes = Mapping[str, Any]

STATUS_ERROR = 2


class EventView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A span event."""

    name: str
    attributes: Attributes
    time_ns: int = 0


class SpanView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A span with the resource and scope that it came under. Times in ns since the epoch, as the sender wrote them."""

    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes = b""
    name: str = ""
    kind: int = 0
    start_ns: int = 0
    end_ns: int = 0
    status_code: int = 0
    status_message: str = ""
    attributes: Attributes = {}
    events: tuple[EventView, ...] = ()
    scope_name: str = ""
    scope_version: str = ""
    resource: Attributes = {}


class LogView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A log record. `event_name` is empty where the name travels in the attribute `event.name`."""

    trace_id: bytes
    span_id: bytes
    event_name: str = ""
    body: Any = None
    attributes: Attributes = {}
    time_ns: int = 0
    scope_name: str = ""
    resource: Attributes = {}
