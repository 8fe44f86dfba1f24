"""The last step before the wire, and the first after it: what may leave for an endpoint, and how much may come back.

Every request of an endpoint's client passes here. It goes to that endpoint's host or nowhere, carries our own headers
and no others (the library adds what it finds in the environment), and gets its key only here, so that no error, log
line or `repr` of the library can hold it. A body is read within a bound, decompressed within the same bound.
"""

import zlib
from collections.abc import AsyncIterable, Mapping, Sequence
from typing import Final, cast

import httpx2

_KEPT: Final = ("content-type", "content-length", "transfer-encoding")


class UnusableBody(Exception):  # noqa: N818 - named for the condition
    """A body that is not read to its end.

    Attributes:
        error_type: `oversize_response` or `invalid_encoding`.
    """

    def __init__(self, error_type: str) -> None:
        super().__init__(error_type)
        self.error_type = error_type


class ForeignHost(Exception):  # noqa: N818 - named for the condition
    """A request for another host than the endpoint's. Nothing was sent."""


class EndpointTransport(httpx2.AsyncBaseTransport):
    """Sends to one origin with fixed headers; reads at most `max_bytes` of a body.

    `inners` are pools of connections; the least busy takes the next request, since what a request costs in a pool grows
    with the pool.
    """

    def __init__(
        self,
        inners: Sequence[httpx2.AsyncBaseTransport],
        origin: httpx2.URL,
        headers: Mapping[str, str],
        *,
        max_bytes: int,
    ) -> None:
        self._inners = inners
        self._busy = [0] * len(inners)
        self._origin = (origin.scheme, origin.host, origin.port)
        self._headers = headers
        self._max_bytes = max_bytes
        self.bytes_read = 0
        """Bytes of bodies that came over the wire, for tests."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request and read its answer whole; see the module."""
        url = request.url
        if (url.scheme, url.host, url.port) != self._origin:
            raise ForeignHost
        headers = {name: request.headers[name] for name in _KEPT if name in request.headers}
        ours = httpx2.Request(
            request.method,
            url,
            headers={"Host": url.netloc.decode("ascii"), **headers, **self._headers},
            stream=request.stream,
            extensions=request.extensions,
        )
        number = self._busy.index(min(self._busy))
        self._busy[number] += 1
        try:
            response = await self._inners[number].handle_async_request(ours)
            try:
                content = await self._read(response)
            finally:
                await response.aclose()
        finally:
            self._busy[number] -= 1
        kept = [(name, value) for name, value in response.headers.raw if name.lower() not in _BODY_HEADERS]
        return httpx2.Response(response.status_code, headers=kept, content=content)

    async def _read(self, response: httpx2.Response) -> bytes:
        inflate = _inflater(response.headers.get("content-encoding", ""))
        content = bytearray()
        arrived = 0
        async for chunk in cast("AsyncIterable[bytes]", response.stream):
            arrived += len(chunk)
            self.bytes_read += len(chunk)
            content += chunk if inflate is None else inflate.feed(chunk, self._max_bytes + 1 - len(content))
            if max(len(content), arrived) > self._max_bytes:
                raise UnusableBody("oversize_response")
        if inflate is not None and not inflate.is_complete:
            raise UnusableBody("invalid_encoding")
        return bytes(content)

    async def aclose(self) -> None:
        """Give the connections back."""
        for inner in self._inners:
            await inner.aclose()


_BODY_HEADERS: Final = frozenset({b"content-encoding", b"content-length", b"content-type", b"transfer-encoding"})
"""What is not handed on: the body has another form by now, and a charset that is none would be an error of ours."""


class _Inflater:
    """gzip or zlib, never more output than asked for."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def feed(self, chunk: bytes, most: int) -> bytes:
        try:
            return self._inner.decompress(chunk, max(most, 1))
        except zlib.error:
            raise UnusableBody("invalid_encoding") from None

    @property
    def is_complete(self) -> bool:
        return self._inner.eof


def _inflater(encoding: str) -> _Inflater | None:
    """We ask for no compression; some gateways compress all the same."""
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return None
    if encoding in {"gzip", "x-gzip", "deflate"}:
        return _Inflater()
    raise UnusableBody("invalid_encoding")
