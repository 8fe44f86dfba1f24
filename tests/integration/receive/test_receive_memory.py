"""Memory of a real process under bodies that are made to exhaust it."""

import asyncio
import gzip
import os
import sys

import grpc
import pytest
import zstandard

from otel_evals.records.signal import Signal

_SERVER = """
import asyncio
from otel_evals.receive.entrance import Entrance
from otel_evals.receive.settings import GrpcSettings, HttpSettings, ReceiveSettings
from otel_evals.records.clock import SystemClock
from otel_evals.records.intake import Accepted

async def main():
    async def take(signal, body):
        return Accepted()
    quiet = lambda *told: None
    entrance = Entrance(
        take,
        settings=ReceiveSettings(grpc=GrpcSettings(listen="127.0.0.1:0"), http=HttpSettings(listen="127.0.0.1:0")),
        clock=SystemClock(), on_refused=quiet, on_fault=quiet, on_problem=quiet,
    )
    await entrance.start()
    print(entrance.http_port, entrance.grpc_port, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
_ALLOWED_GROWTH = 400 << 20


def _peak(pid: int) -> int:
    with open(f"/proc/{pid}/status") as status:  # noqa: PTH123 - procfs
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


@pytest.fixture
async def server():
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _SERVER, stdout=asyncio.subprocess.PIPE)
    line = await process.stdout.readline()
    yield process.pid, *(int(port) for port in line.split())
    process.terminate()
    await process.wait()


async def _post(port: int, make, body: bytes, **headers: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(make.request(body, **headers))
    line = await reader.readline()
    writer.close()
    return int(line.split()[1])


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no procfs")  # noqa: PTH110 - procfs
async def test_many_bombs_at_once_stay_within_bounds(server, make):
    pid, http_port, grpc_port = server
    before = _peak(pid)
    zeros = b"\0" * (256 << 20)
    gzipped, frames = gzip.compress(zeros, 1), zstandard.ZstdCompressor().compress(zeros)
    answers = await asyncio.gather(
        *(_post(http_port, make, gzipped, content_encoding="gzip") for _ in range(20)),
        *(_post(http_port, make, frames, content_encoding="zstd") for _ in range(20)),
        *(_post(http_port, make, b'{"a":' * (3 << 20), content_type="application/json") for _ in range(4)),
    )
    assert set(answers) <= {413, 503, 400}
    assert 413 in answers
    async with grpc.aio.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
        call = channel.unary_unary(Signal.TRACES.grpc_method)
        results = await asyncio.gather(*(call(gzipped) for _ in range(20)), return_exceptions=True)
        assert {result.code() for result in results} <= {
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            grpc.StatusCode.UNAVAILABLE,
        }
        assert await call(make.trace()) == b""
    assert await _post(http_port, make, make.trace()) == 200
    assert _peak(pid) - before < _ALLOWED_GROWTH


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no procfs")  # noqa: PTH110 - procfs
async def test_bodies_of_claimed_length_take_no_memory_before_they_arrive(server, make):
    pid, http_port, _ = server
    before = _peak(pid)
    wires = [await asyncio.open_connection("127.0.0.1", http_port) for _ in range(100)]
    for _, writer in wires:
        writer.write(make.request(b"x", content_length=str(19 << 20)))
        await writer.drain()
    assert await _post(http_port, make, make.trace()) in {200, 503}
    for _, writer in wires:
        writer.close()
    assert _peak(pid) - before < 32 << 20
