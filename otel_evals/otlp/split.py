"""Cuts an export request in two, for a next hop that refuses it as too large. Called by `forward` on such a refusal.

Items keep their bytes; their resource and scope, with fields that we do not know, stand in each half that needs them.
"""

from typing import NamedTuple

from otel_evals.otlp.encode import length_delimited
from otel_evals.otlp.frame import Frame, ResourceFrame, ScopeFrame, walk


class Half(NamedTuple):
    """One half of a request and how many spans, log records or metrics it holds."""

    body: bytes
    items: int


def split(body: bytes) -> tuple[Half, Half] | None:
    """The request in two halves of equal item counts, None when it holds fewer than two. Raises DecodeError."""
    frame = walk(body)
    total = sum(len(scope.items) for resource in frame.resources for scope in resource.scopes)
    if total < 2:
        return None
    middle = total // 2
    return (
        Half(_Selection(frame, range(middle)).body(), middle),
        Half(_Selection(frame, range(middle, total)).body(), total - middle),
    )


class _Selection:
    """Builds the request that holds the items of one range. What belongs to no item goes with the first range."""

    def __init__(self, frame: Frame, wanted: range) -> None:
        self._frame = frame
        self._wanted = wanted
        self._first = wanted.start == 0
        self._seen = 0

    def body(self) -> bytes:
        parts: list[bytes] = []
        source, at = self._frame.body, 0
        for resource in self._frame.resources:
            if self._first:
                parts.append(source[at : resource.start])
            parts.append(self._resource(resource))
            at = resource.end
        if self._first:
            parts.append(source[at:])
        return b"".join(parts)

    def _resource(self, resource: ResourceFrame) -> bytes:
        source, at = self._frame.body, resource.payload
        parts: list[bytes] = []
        keep = self._first and not any(scope.items for scope in resource.scopes)
        for scope in resource.scopes:
            encoded = self._scope(scope)
            keep = keep or bool(encoded)
            parts += (source[at : scope.start], encoded)
            at = scope.end
        parts.append(source[at : resource.end])
        return length_delimited(1, b"".join(parts)) if keep else b""

    def _scope(self, scope: ScopeFrame) -> bytes:
        source, at = self._frame.body, scope.payload
        parts: list[bytes] = []
        keep = self._first and not scope.items
        for item in scope.items:
            parts.append(source[at : item.start])
            if self._seen in self._wanted:
                parts.append(source[item.start : item.end])
                keep = True
            self._seen += 1
            at = item.end
        parts.append(source[at : scope.end])
        return length_delimited(2, b"".join(parts)) if keep else b""
