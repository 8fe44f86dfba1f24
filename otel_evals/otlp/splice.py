"""Edits a request body without decoding it: appends ready fields to items, takes items out, mends the lengths around.

A field may stand anywhere in a protobuf message, so new attributes and events go to the end of a span. Everything that
is not edited is copied as a range of the original bytes, unknown fields included.
"""

from collections.abc import Mapping

from otel_evals.otlp.encode import length_delimited, varint
from otel_evals.otlp.frame import Frame, ItemFrame, ResourceFrame, ScopeFrame, walk

Edits = Mapping[int, bytes | None]
"""By the item's `start`: bytes to append to its message, or None to take the item out."""


def splice(frame: Frame, edits: Edits) -> bytes:
    """The body with `edits` applied. Scopes and resources whose every item was taken out go with them."""
    if not edits:
        return frame.body
    body, chunks, copied = frame.body, list[bytes](), 0
    for resource in frame.resources:
        rebuilt = _resource(frame, resource, edits)
        if rebuilt is None:
            continue
        if copied < resource.start:
            chunks.append(body[copied : resource.start])
        chunks += rebuilt
        copied = resource.end
    chunks.append(body[copied:])
    return b"".join(chunks)


def _resource(frame: Frame, resource: ResourceFrame, edits: Edits) -> list[bytes] | None:
    """The pieces of the resource's field with edits applied (none when it holds nothing), None when none touch it."""
    body, chunks, copied, changed, left = frame.body, list[bytes](), resource.payload, False, 0
    for scope in resource.scopes:
        rebuilt = _scope(frame, scope, edits)
        if rebuilt is None:
            left += 1
            continue
        changed = True
        chunks.append(body[copied : scope.start])
        if rebuilt:
            chunks += rebuilt
            left += 1
        copied = scope.end
    if not changed:
        return None
    if not left:
        return []
    chunks.append(body[copied : resource.end])
    return [_head(1, chunks), *chunks]


def _scope(frame: Frame, scope: ScopeFrame, edits: Edits) -> list[bytes] | None:
    body, chunks, copied, removed, changed = frame.body, list[bytes](), scope.payload, 0, False
    for item in scope.items:
        if item.start not in edits:
            continue
        more = edits[item.start]
        changed = True
        if more is None:
            chunks.append(body[copied : item.start])
            removed += 1
        else:
            if copied < item.start:
                chunks.append(body[copied : item.start])
            chunks += (b"\x12", varint(item.end - item.payload + len(more)), body[item.payload : item.end], more)
        copied = item.end
    if not changed:
        return None
    if removed == len(scope.items):
        return []
    chunks.append(body[copied : scope.end])
    return [_head(2, chunks), *chunks]


def _head(field: int, chunks: list[bytes]) -> bytes:
    """Tag and length of a field that consists of `chunks`. They are joined once, at the end: bodies are megabytes."""
    return varint(field << 3 | 2) + varint(sum(map(len, chunks)))


def extract(frame: Frame, resource: ResourceFrame, scope: ScopeFrame, item: ItemFrame) -> bytes:
    """A request body of its own with this one item, under its resource and scope (schema URLs included)."""
    body = frame.body
    scope_head = _without(body, scope.payload, scope.end, [(i.start, i.end) for i in scope.items])
    resource_head = _without(body, resource.payload, resource.end, [(s.start, s.end) for s in resource.scopes])
    inner = length_delimited(2, scope_head + body[item.start : item.end])
    return length_delimited(1, resource_head + inner)


def append(alone: bytes, more: bytes) -> bytes:
    """The body `alone` of one item, as `extract` makes it, with `more` appended to its message."""
    frame = walk(alone)
    return splice(frame, {frame.resources[0].scopes[0].items[0].start: more})


def _without(body: bytes, start: int, end: int, holes: list[tuple[int, int]]) -> bytes:
    chunks, at = list[bytes](), start
    for hole_start, hole_end in holes:
        chunks.append(body[at:hole_start])
        at = hole_end
    chunks.append(body[at:end])
    return b"".join(chunks)
