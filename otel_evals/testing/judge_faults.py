"""How a scripted judge's HTTP goes wrong after the request was read: broken, endless, slow or no bodies."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from otel_evals.testing.judge_script import JudgeBehaviour

Misbehaviour = Callable[[web.Request, JudgeBehaviour, bytes, dict[str, str]], Awaitable[web.StreamResponse]]
"""Of a request, its behaviour, the honest body and headers: what is sent instead."""


async def _malformed(_: web.Request, __: JudgeBehaviour, content: bytes, headers: dict[str, str]) -> web.StreamResponse:
    return web.Response(body=content[: len(content) // 2], headers=headers)


async def _bad_utf8(_: web.Request, __: JudgeBehaviour, content: bytes, headers: dict[str, str]) -> web.StreamResponse:
    return web.Response(body=content.replace(b"cripted", b"cri\xff\xfeted"), headers=headers)


async def _huge(request: web.Request, told: JudgeBehaviour, _: bytes, headers: dict[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    piece = b" " * (1 << 16)
    for _number in range(told.size >> 16):
        await response.write(piece)
    return response


async def _bomb(_: web.Request, told: JudgeBehaviour, __: bytes, headers: dict[str, str]) -> web.StreamResponse:
    return web.Response(body=gzip.compress(bytes(told.size)), headers={**headers, "Content-Encoding": "gzip"})


async def _slow(request: web.Request, told: JudgeBehaviour, body: bytes, headers: dict[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    for number in range(len(body)):
        await response.write(body[number : number + 1])
        await asyncio.sleep(told.every)
    return response


async def _hang(_: web.Request, __: JudgeBehaviour, ___: bytes, ____: dict[str, str]) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError  # nobody sets the event; the request ends by being cancelled


async def _hang_body(
    request: web.Request, _: JudgeBehaviour, content: bytes, headers: dict[str, str]
) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    await response.write(content[: len(content) // 2])
    await asyncio.Event().wait()
    return response


async def _reset(request: web.Request, _: JudgeBehaviour, __: bytes, headers: dict[str, str]) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(headers=headers)


async def _redirect(_: web.Request, told: JudgeBehaviour, __: bytes, headers: dict[str, str]) -> web.StreamResponse:
    return web.Response(status=307, headers={**headers, "Location": told.location})


TRANSPORT_FAULTS: Final[dict[str, Misbehaviour]] = {
    "malformed": _malformed,
    "bad_utf8": _bad_utf8,
    "huge": _huge,
    "bomb": _bomb,
    "slow": _slow,
    "hang": _hang,
    "hang_body": _hang_body,
    "reset": _reset,
    "redirect": _redirect,
}
