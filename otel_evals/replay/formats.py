"""The forms in which OTLP lies in files: request bodies, and what the Collector's file exporter writes.

A file is one request body in protobuf or JSON, JSON documents one a line, or messages behind four bytes of length
(big-endian); any of them, and each such message, may be compressed. `TracesData` and `ExportTraceServiceRequest` are
the same bytes. Called by `recording`; each body comes out as a protobuf request that has been validated.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import zstandard

from otel_evals.otlp.frame import read_varint, skip_field, walk
from otel_evals.otlp.json import decode_json
from otel_evals.otlp.validate import count_items
from otel_evals.records.errors import DecodeError
from otel_evals.records.signal import Signal

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_SUFFIX: Final = re.compile(r"\.(?:binpb|pb|bin|json|jsonl|ndjson)$")
_COMPRESSED: Final = re.compile(r"\.(?:gz|zst)$")
_LENGTH_BYTES: Final = 4
_RESOURCE_TAG: Final = 0x0A
_WHITE: Final = b" \t\r\n"
_TRACE_ID_BYTES: Final = 16
_SPAN_ID_BYTES: Final = 8
_DELIMITED: Final = 2
_FIXED64: Final = 1


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """One request body in protobuf, and how many spans, records or metrics it holds."""

    signal: Signal
    data: bytes
    items: int


class NotOtlp(DecodeError):  # noqa: N818 - named for the condition
    """A well-formed document without any OTLP in it."""


class BrokenAt(DecodeError):  # noqa: N818 - named for the condition
    """A file cannot be read beyond a place. `offset` is in bytes, after decompression."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset


class _Document(msgspec.Struct, rename="camel"):
    """The three keys that an OTLP/JSON document can begin with."""

    resource_spans: Any = None
    resource_logs: Any = None
    resource_metrics: Any = None


def is_recording(name: str) -> bool:
    """Whether a file of this name is taken for recorded OTLP when a folder is replayed."""
    return _SUFFIX.search(_COMPRESSED.sub("", name)) is not None


def bodies(name: str, data: bytes) -> Iterator[Body]:
    """The request bodies in a file, in order.

    Args:
        name: the file's name; `-traces`, `-logs` or `-metrics` before its suffix says what protobuf in it is.
        data: the file as it is on disk.

    Raises:
        BrokenAt: the file ends too early or holds something that is no OTLP.
        NotOtlp: the file is JSON without OTLP.
    """
    data = _inflated(data, 0)
    signal = _signal_in(name)
    text = data.lstrip(_WHITE)
    if not text:
        return
    if text.startswith((b"{", b"[")):
        yield from _json(data)
    elif data[0] == _RESOURCE_TAG:
        yield _protobuf(data, signal, 0)
    else:
        yield from _framed(data, signal)


def _inflated(data: bytes, offset: int) -> bytes:
    try:
        if data.startswith(_GZIP):
            return gzip.decompress(data)
        if data.startswith(_ZSTD):
            return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise BrokenAt(offset, f"cannot be decompressed: {error}") from error
    return data


def _signal_in(name: str) -> Signal | None:
    stem = _SUFFIX.sub("", _COMPRESSED.sub("", name))
    return next((signal for signal in Signal if stem == signal or stem.endswith(f"-{signal}")), None)


def _json(data: bytes) -> Iterator[Body]:
    """One document, or one a line."""
    first, newline, _ = data.partition(b"\n")
    if not newline or not _is_whole(first):
        yield from _document(data, 0)
        return
    at = 0
    for line in data.splitlines(keepends=True):
        if line.strip():
            yield from _document(line, at)
        at += len(line)


def _is_whole(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _document(text: bytes, offset: int) -> Iterator[Body]:
    try:
        document = msgspec.json.decode(text, type=_Document)
    except msgspec.ValidationError as error:
        raise _no_otlp(offset, "a JSON document that is no object") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenAt(offset, f"no OTLP/JSON document: {error}") from error
    held = {
        Signal.TRACES: document.resource_spans,
        Signal.LOGS: document.resource_logs,
        Signal.METRICS: document.resource_metrics,
    }
    if all(value is None for value in held.values()):
        raise _no_otlp(offset, "a JSON document without resourceSpans, resourceLogs or resourceMetrics")
    for signal, value in held.items():
        if value is not None:
            try:
                data = decode_json(signal, text)
            except DecodeError as error:
                raise BrokenAt(offset, str(error)) from error
            yield _protobuf(data, signal, offset)


def _no_otlp(offset: int, reason: str) -> DecodeError:
    """A file that is something else from its first byte on, or a recording that holds what it must not."""
    return BrokenAt(offset, reason) if offset else NotOtlp(reason)


def _framed(data: bytes, signal: Signal | None) -> Iterator[Body]:
    """Messages behind four bytes of length, as the file exporter writes protobuf and compressed data."""
    at = 0
    while at < len(data):
        begin = at + _LENGTH_BYTES
        end = begin + int.from_bytes(data[at:begin], "big")
        if end > len(data):
            left = max(0, len(data) - begin)
            raise BrokenAt(at, f"neither OTLP nor a length: {end - begin} bytes should follow, {left} do")
        message = _inflated(data[begin:end], at)
        if message.lstrip(_WHITE).startswith(b"{"):
            yield from _document(message, at)
        else:
            yield _protobuf(message, signal, at)
        at = end


def _protobuf(data: bytes, signal: Signal | None, offset: int) -> Body:
    try:
        signal = signal or _signal_of(data)
        items = count_items(signal, data)
    except DecodeError as error:
        raise BrokenAt(offset, str(error)) from error
    return Body(signal=signal, data=data, items=items)


def _signal_of(data: bytes) -> Signal:
    """What the first item looks like; every signal has the same framing.

    A span begins with ids of 16 and 8 bytes and has fixed-width times under 7 and 8. A log record has them under 1 or
    11. What is neither is a metric.
    """
    frame = walk(data)
    item = next((i for r in frame.resources for s in r.scopes for i in s.items), None)
    if item is None:
        return Signal.TRACES
    fields = dict(_fields(data, item.payload, item.end))
    if _FIXED64 in {fields.get(1, (None,))[0], fields.get(11, (None,))[0]}:
        return Signal.LOGS
    ids = (fields.get(1), fields.get(2)) == ((_DELIMITED, _TRACE_ID_BYTES), (_DELIMITED, _SPAN_ID_BYTES))
    timed = _FIXED64 in {fields.get(7, (None,))[0], fields.get(8, (None,))[0]}
    return Signal.TRACES if ids and timed else Signal.METRICS


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """Number, wire type and length (0 where it is not written) of each field of a message."""
    while at < end:
        tag, at = read_varint(data, at, end)
        size = read_varint(data, at, end)[0] if tag & 7 == _DELIMITED else 0
        yield tag >> 3, (tag & 7, size)
        at = skip_field(data, at, end, tag)
