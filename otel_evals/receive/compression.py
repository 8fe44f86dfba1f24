"""Inflating what senders compress, bounded while it grows.

Called by both doors with the whole compressed body. The output is taken in steps: a small one at once, so that the
usual request costs no thread; larger ones in a thread, where the codecs release the interpreter lock. Every step is
charged to the request's ticket before it is taken, hence the sum over all requests being inflated is bounded too.
One layer only: a second one is content, and no OTLP.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, cast

import zstandard
from isal import isal_zlib

from otel_evals.receive.admission import Ticket
from otel_evals.receive.zstd_frames import check_frames
from otel_evals.records.errors import DecodeError, OtelEvalsError, TooLarge

_IsalError: Final = cast("type[Exception]", isal_zlib.error)  # its stub calls it an instance
_INLINE_STEP: Final = 1 << 20
_THREAD_STEP: Final = 4 << 20
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_WBITS: Final = 31
_ZLIB_WBITS: Final = 15
_RAW_WBITS: Final = -15
_WINDOW: Final = 256 << 10
_MAX_MEMBERS: Final = 1024
_ZSTD_WINDOW: Final = 8 << 20
"""What RFC 8878 asks every decoder to support; a larger window is a claim on our memory."""


class UnsupportedEncoding(OtelEvalsError):  # noqa: N818 - named for the condition, as the status it becomes
    """The body is compressed in a way that is not taken here."""


class _Inflater(Protocol):
    done: bool

    def read(self, size: int) -> bytes:
        """At most `size` further bytes; sets `done` after the last. Raises DecodeError on broken input."""
        ...


class _Deflated:
    """gzip with any reasonable number of members, or one deflate stream."""

    def __init__(self, body: bytes, wbits: int) -> None:
        self.done = False
        self._wbits = wbits
        self._body = body
        self._position = 0
        self._pending = b""
        self._members = 1
        self._stream = isal_zlib.decompressobj(wbits)

    def read(self, size: int) -> bytes:
        # Input goes in by windows: the codec copies what it has not used, and a body of many small members or little
        # output at a time would be copied over and over.
        if not self._pending:
            self._pending = self._body[self._position : self._position + _WINDOW]
            self._position += len(self._pending)
        fed = len(self._pending)
        try:
            out = self._stream.decompress(self._pending, size)
        except _IsalError as error:
            raise DecodeError(f"the compressed body is broken: {error}") from error
        if self._stream.eof:
            self._pending = self._stream.unused_data
            self._next_member()
        else:
            self._pending = self._stream.unconsumed_tail
            if not out and len(self._pending) == fed and self._position >= len(self._body):
                raise DecodeError("the compressed body is cut off")
        return out

    def _next_member(self) -> None:
        start = self._pending[:2] + self._body[self._position : self._position + 2]
        if not start:
            self.done = True
        elif self._wbits == _GZIP_WBITS and start.startswith(_GZIP_MAGIC) and self._members < _MAX_MEMBERS:
            self._members += 1
            self._stream = isal_zlib.decompressobj(self._wbits)
        else:
            raise DecodeError("something follows the end of the compressed body")


class _Zstd:
    """zstd with any number of frames."""

    def __init__(self, body: bytes) -> None:
        self.done = False
        check_frames(body)  # the reader below takes a cut body for a whole one
        decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._reader = decompressor.stream_reader(body, read_across_frames=True)

    def read(self, size: int) -> bytes:
        try:
            out = self._reader.read(size)
        except zstandard.ZstdError as error:
            raise DecodeError(f"the compressed body is broken: {error}") from error
        self.done = not out
        return out


def _deflate(body: bytes) -> _Inflater:
    # "deflate" means the zlib format, but some senders leave its header out. The header tells the two apart.
    has_header = len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    return _Deflated(body, _ZLIB_WBITS if has_header else _RAW_WBITS)


_ENCODINGS: Final[dict[str, Callable[[bytes], _Inflater]]] = {
    "gzip": lambda body: _Deflated(body, _GZIP_WBITS),
    "x-gzip": lambda body: _Deflated(body, _GZIP_WBITS),
    "deflate": _deflate,
    "zstd": _Zstd,
}


def check_encoding(encoding: str) -> str:
    """The `Content-Encoding` in the form that `inflate` takes; "" for none. Raises UnsupportedEncoding."""
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return ""
    if encoding not in _ENCODINGS:
        raise UnsupportedEncoding("a body may be compressed with gzip, deflate or zstd, in one layer")
    return encoding


async def inflate(encoding: str, body: bytes, *, limit: int, ticket: Ticket) -> bytes:
    """The whole content of `body`, at most `limit` bytes, charged to `ticket`.

    Raises DecodeError when it is broken, cut off or followed by something, TooLarge beyond the limit, Unavailable when
    there is no room now.
    """
    inflater = _ENCODINGS[encoding](body)
    parts: list[bytes] = []
    total = 0
    inline = len(body) <= _INLINE_STEP
    while not inflater.done:
        size = min(_INLINE_STEP if inline else _THREAD_STEP, limit + 1 - total)
        ticket.grow(size)
        part = inflater.read(size) if inline else await asyncio.to_thread(inflater.read, size)
        inline = False
        parts.append(part)
        total += len(part)
        if total > limit:
            raise TooLarge(f"the body is larger than {limit} bytes after decompression")
        ticket.shrink(size - len(part))
    return parts[0] if len(parts) == 1 else b"".join(parts)
