"""The line between the host and one worker: whole messages over a pair of sockets, and neither loop ever waits for it.

A blocking pipe would do until one side is stopped or slow: then the other one would stand still with it. Messages are
pickled, as everything is that starts a process: both ends are the same program, and nobody else holds the socket.
"""

import asyncio
import pickle
import socket
import struct
from collections.abc import Callable
from typing import Any, Final, Self, cast

_LENGTH: Final = struct.Struct("<I")
_CROWDED: Final = 4 << 20
"""Unsent bytes beyond which messages that may be lost are not sent."""

Hear = Callable[[str, Any], None]
"""Told of each message: verb and argument."""


class Link(asyncio.Protocol):
    """One end of the line. Make it with `open`."""

    def __init__(self, hear: Hear, lost: Callable[[], None]) -> None:
        self._hear = hear
        self._lost = lost
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self.ended = asyncio.Event()
        """Set when the other side has gone, or this one has closed and said everything."""

    @classmethod
    async def open(cls, end: socket.socket, hear: Hear, lost: Callable[[], None]) -> Self:
        """Speak over `end`, which the link owns from now on. `lost` is called once, when the line is cut."""
        _, link = await asyncio.get_running_loop().create_connection(lambda: cls(hear, lost), sock=end)
        return link

    @property
    def is_crowded(self) -> bool:
        """Whether the other side is far behind in reading."""
        return self._transport is None or self._transport.get_write_buffer_size() > _CROWDED

    def send(self, verb: str, argument: Any = None) -> None:
        """Say something. It is lost when the other side has gone."""
        if self._transport is not None and not self._transport.is_closing():
            message = pickle.dumps((verb, argument), pickle.HIGHEST_PROTOCOL)
            self._transport.write(_LENGTH.pack(len(message)) + message)

    def offer(self, verb: str, argument: Any = None) -> bool:
        """Say something that may be lost; whether it was said."""
        if self.is_crowded:
            return False
        self.send(verb, argument)
        return True

    async def close(self) -> None:
        """Say what is unsaid, and end."""
        if self._transport is not None:
            self._transport.close()
            await self.ended.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The line stands."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= _LENGTH.size:
            end = start + _LENGTH.size + _LENGTH.unpack_from(buffer, start)[0]
            if len(buffer) < end:
                break
            verb, argument = pickle.loads(memoryview(buffer)[start + _LENGTH.size : end])  # noqa: S301 - our own process
            start = end
            self._hear(verb, argument)
        if start:
            self._buffer = buffer[start:]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        """The line is cut."""
        self._transport = None
        self.ended.set()
        self._lost()
