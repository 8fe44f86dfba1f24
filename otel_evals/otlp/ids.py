"""The ids of an encoded span, read without decoding it."""

from typing import Final

from otel_evals.otlp.frame import read_varint, skip_field

_TRACE_ID: Final = 0x0A
_SPAN_ID: Final = 0x12
_PARENT_SPAN_ID: Final = 0x22


def span_ids(body: bytes, start: int, end: int) -> tuple[bytes, bytes, bytes]:
    """Trace id, span id and parent span id of the span message at `body[start:end]`; empty where absent."""
    trace_id = span_id = parent = b""
    at = start
    while at < end:
        tag, at = read_varint(body, at, end)
        if tag not in (_TRACE_ID, _SPAN_ID, _PARENT_SPAN_ID):
            # Encoders write fields in order of their numbers: behind field 4 no id follows, but the wire allows it.
            at = skip_field(body, at, end, tag)
            continue
        size, at = read_varint(body, at, end)
        value = body[at : at + size]
        at += size
        if tag == _TRACE_ID:
            trace_id = value
        elif tag == _SPAN_ID:
            span_id = value
        else:
            parent = value
            if trace_id and span_id:
                break
    return trace_id, span_id, parent
