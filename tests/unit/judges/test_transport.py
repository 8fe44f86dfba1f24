import gzip
import zlib

import httpx2
import pytest

from otel_evals.judges.transport import EndpointTransport, ForeignHost, UnusableBody

ORIGIN = httpx2.URL("https://judge.example:8443/v1")


def transport(answer, *, most: int = 1000) -> tuple[EndpointTransport, list[httpx2.Request]]:
    seen: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return answer

    inner = httpx2.MockTransport(handle)
    return EndpointTransport([inner], ORIGIN, {"Authorization": "Bearer key"}, max_bytes=most), seen


def streamed(content: bytes, **headers: str) -> httpx2.Response:
    """An answer that is not decoded yet, as it comes from the network."""

    async def pieces():
        for start in range(0, len(content), 100):
            yield content[start : start + 100]

    return httpx2.Response(200, headers=headers, content=pieces())


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example:8443/v1/x",
        "https://judge.example/v1/x",
        "http://judge.example:8443/v1/x",
        "https://judge.example.evil.example:8443/v1/x",
    ],
)
async def test_nothing_goes_to_another_host_port_or_scheme(url):
    door, seen = transport(streamed(b"{}"))
    with pytest.raises(ForeignHost):
        await door.handle_async_request(httpx2.Request("POST", url, content=b"{}"))
    assert seen == []


async def test_the_key_is_on_the_wire_and_not_on_the_librarys_request():
    door, seen = transport(streamed(b"{}"))
    request = httpx2.Request("POST", f"{ORIGIN}/x", content=b"{}", headers={"X-Own": "1", "Cookie": "a=b"})
    await door.handle_async_request(request)
    assert seen[0].headers["authorization"] == "Bearer key"
    assert not {"x-own", "cookie"} & set(seen[0].headers)
    assert "authorization" not in request.headers


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"a" * 900, ""),
        (b"a" * 900, "identity"),
        (gzip.compress(b"a" * 900), "gzip"),
        (zlib.compress(b"a" * 900), "deflate"),
    ],
)
async def test_an_honest_body_is_read_in_every_encoding(content, encoding):
    door, _ = transport(streamed(content, **({"content-encoding": encoding} if encoding else {})))
    response = await door.handle_async_request(httpx2.Request("POST", f"{ORIGIN}/x", content=b"{}"))
    assert response.content == b"a" * 900


@pytest.mark.parametrize(
    ("content", "encoding", "error_type"),
    [
        (b"a" * 1001, "", "oversize_response"),
        (gzip.compress(b"a" * 1001), "gzip", "oversize_response"),
        (gzip.compress(bytes(5_000_000)), "gzip", "oversize_response"),
        (gzip.compress(b"a" * 900)[:-9], "gzip", "invalid_encoding"),
        (b"not gzip", "gzip", "invalid_encoding"),
        (b"", "gzip", "invalid_encoding"),
        (b"x", "br", "invalid_encoding"),
        (gzip.compress(gzip.compress(b"x")), "gzip, gzip", "invalid_encoding"),
    ],
)
async def test_a_body_that_is_too_large_or_not_decodable_is_given_up(content, encoding, error_type):
    door, _ = transport(streamed(content, **({"content-encoding": encoding} if encoding else {})))
    with pytest.raises(UnusableBody) as caught:
        await door.handle_async_request(httpx2.Request("POST", f"{ORIGIN}/x", content=b"{}"))
    assert caught.value.error_type == error_type


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"X-Request-Id", "é€".encode()),
        (b"Server", b"\xff\xfe"),
        (b"Content-Type", b"application/json; charset=base64"),
    ],
)
@pytest.mark.parametrize("status", [200, 500])
async def test_a_header_that_is_no_text_does_not_cost_the_answer(name, value, status):
    answer = httpx2.Response(status, headers=[(name, value), (b"Retry-After", b"7")], stream=streamed(b"{}").stream)
    door, _ = transport(answer)
    response = await door.handle_async_request(httpx2.Request("POST", f"{ORIGIN}/x", content=b"{}"))
    assert (response.text, response.headers["retry-after"]) == ("{}", "7")
