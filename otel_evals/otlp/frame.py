"""The framing of an export request: where its resources, scopes and items (spans, log records) begin and end.

Traces, logs and metrics share one outer shape (`resource_x = 1 { resource = 1, scope_x = 2 { scope = 1, item = 2 } }`),
so one walker serves all. It reads tags and lengths only; what it does not step into goes on as it came. Callers
validate a body first (`otlp.validate`): the walker trusts that lengths fit, and still never reads past its parent.
"""

from bisect import bisect_right
from typing import Final

import msgspec

from otel_evals.records.errors import DecodeError

_LEN_1: Final = 0x0A
_LEN_2: Final = 0x12


class ItemFrame(msgspec.Struct, frozen=True, gc=False):
    """One span or log record: `body[start:end]` is its field with tag and length, `body[payload:end]` the message."""

    start: int
    payload: int
    end: int


class ScopeFrame(msgspec.Struct):
    """One ScopeSpans (ScopeLogs, …). `head` are the ranges of its scope message, joined they are one message."""

    start: int
    payload: int
    end: int
    head: list[tuple[int, int]]
    items: list[ItemFrame]


class ResourceFrame(msgspec.Struct):
    """One ResourceSpans (ResourceLogs, …)."""

    start: int
    payload: int
    end: int
    head: list[tuple[int, int]]
    scopes: list[ScopeFrame]


class Frame(msgspec.Struct):
    """The framing of one request body."""

    body: bytes
    resources: list[ResourceFrame]

    def head(self, frame: ResourceFrame | ScopeFrame) -> bytes:
        """The encoded Resource or InstrumentationScope (a repeated occurrence merges, as protobuf has it)."""
        if len(frame.head) == 1:
            start, end = frame.head[0]
            return self.body[start:end]
        return b"".join([self.body[start:end] for start, end in frame.head])


def read_varint(body: bytes, at: int, limit: int) -> tuple[int, int]:
    """The varint at `at` and the offset behind it. Raises DecodeError when it does not end before `limit`."""
    value = shift = 0
    while at < limit and shift < 70:
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
    raise DecodeError("a varint does not end where its message does")


def skip_field(body: bytes, at: int, limit: int, tag: int) -> int:
    """The offset behind the value of a field whose tag has been read. Groups are stepped over whole."""
    wire = tag & 7
    if wire == 2:
        size, at = read_varint(body, at, limit)
        at += size
    elif wire == 0:
        at = read_varint(body, at, limit)[1]
    elif wire == 1:
        at += 8
    elif wire == 5:
        at += 4
    elif wire == 3:
        return _skip_group(body, at, limit)
    else:
        raise DecodeError(f"wire type {wire} is not defined here")
    if at > limit:
        raise DecodeError("a field is longer than its message")
    return at


def _skip_group(body: bytes, at: int, limit: int) -> int:
    depth = 1
    while depth:
        tag, at = read_varint(body, at, limit)
        if tag & 7 == 3:
            depth += 1
        elif tag & 7 == 4:
            depth -= 1
        else:
            at = skip_field(body, at, limit, tag)
    return at


def walk(body: bytes) -> Frame:
    """The framing of an encoded export request. Raises DecodeError on framing that cannot be followed."""
    resources: list[ResourceFrame] = []
    at, end = 0, len(body)
    while at < end:
        start = at
        tag, at = read_varint(body, at, end)
        if tag != _LEN_1:
            at = skip_field(body, at, end, tag)
            continue
        size, at = read_varint(body, at, end)
        stop = at + size
        if stop > end:
            raise DecodeError("a resource is longer than the request")
        resources.append(_resource(body, start, at, stop))
        at = stop
    return Frame(body, resources)


def _resource(body: bytes, start: int, payload: int, end: int) -> ResourceFrame:
    frame = ResourceFrame(start, payload, end, [], [])
    at = payload
    while at < end:
        field_start = at
        tag, at = read_varint(body, at, end)
        if tag not in (_LEN_1, _LEN_2):
            at = skip_field(body, at, end, tag)
            continue
        size, at = read_varint(body, at, end)
        stop = at + size
        if stop > end:
            raise DecodeError("a scope is longer than its resource")
        if tag == _LEN_1:
            frame.head.append((at, stop))
        else:
            frame.scopes.append(_scope(body, field_start, at, stop))
        at = stop
    return frame


def _scope(body: bytes, start: int, payload: int, end: int) -> ScopeFrame:
    # The hot loop: one turn a span. Tags of one byte and lengths of two (128 bytes to 16 kB) are read in place.
    frame = ScopeFrame(start, payload, end, [], [])
    items = frame.items
    at = payload
    while at < end:
        field_start = at
        tag = body[at]
        at += 1
        if tag >= 0x80:
            tag, at = read_varint(body, field_start, end)
        if tag not in (_LEN_1, _LEN_2):
            at = skip_field(body, at, end, tag)
            continue
        if at + 1 < end and body[at + 1] < 0x80 <= body[at]:
            stop = at + 2 + (body[at] & 0x7F | body[at + 1] << 7)
            at += 2
        else:
            size, at = read_varint(body, at, end)
            stop = at + size
        if stop > end:
            raise DecodeError("an item is longer than its scope")
        if tag == _LEN_2:
            items.append(ItemFrame(field_start, at, stop))
        else:
            frame.head.append((at, stop))
        at = stop
    return frame


class ItemIndex:
    """Finds the item (or the scope) that a byte offset lies in."""

    __slots__ = ("_item_starts", "_scopes", "_starts")

    def __init__(self, frame: Frame) -> None:
        self._scopes = [(r, s) for r in frame.resources for s in r.scopes]
        self._starts = [s.start for _, s in self._scopes]
        self._item_starts: dict[int, list[int]] = {}

    def scope_at(self, offset: int) -> tuple[ResourceFrame, ScopeFrame] | None:
        """Resource and scope whose bytes hold `offset`, None when it lies in a resource's own head."""
        at = bisect_right(self._starts, offset) - 1
        if at < 0 or offset >= self._scopes[at][1].end:
            return None
        return self._scopes[at]

    def item_at(self, scope: ScopeFrame, offset: int) -> int | None:
        """Position in `scope.items` of the item that holds `offset`; None when it lies in the scope's own head."""
        starts = self._item_starts.get(scope.start)
        if starts is None:
            starts = self._item_starts[scope.start] = [item.start for item in scope.items]
        at = bisect_right(starts, offset) - 1
        return at if at >= 0 and offset < scope.items[at].end else None
