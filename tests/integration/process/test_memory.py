"""Bombs and floods against a real process: it stays small, answers everyone, and takes the next good request."""

import asyncio
import gzip
import io

import aiohttp
import grpc
import pytest

from otel_evals.records.signal import Signal
from otel_evals.testing.sinks import HANG, GrpcSink, HttpSink, Reply, traces_body
from tests.integration.process.rig import arrived, destination, until

GROWTH = 400 << 20


async def post(session, processor, body: bytes, **headers: str) -> int:
    url = f"http://127.0.0.1:{processor.http}/v1/traces"
    fields = {"Content-Type": "application/x-protobuf", **{k.replace("_", "-"): v for k, v in headers.items()}}
    async with session.post(url, data=io.BytesIO(body), headers=fields) as answer:
        await answer.read()
        return answer.status


async def watch(processor, peaks: list[int]) -> None:
    while True:
        peaks.append(processor.memory())
        await asyncio.sleep(0.05)


async def test_compression_bombs_are_refused_and_leave_no_trace_in_memory(make_processor) -> None:
    bomb = gzip.compress(bytes(1 << 30), 1)
    async with GrpcSink() as sink:
        processor = make_processor([destination(sink)])
        await processor.start()
        before, peaks = processor.memory(), [0]
        watching = asyncio.create_task(watch(processor, peaks))
        options = (("grpc.max_send_message_length", -1),)
        async with (
            aiohttp.ClientSession() as session,
            grpc.aio.insecure_channel(f"127.0.0.1:{processor.grpc}", options=options) as channel,
        ):
            export = channel.unary_unary(Signal.TRACES.grpc_method)
            calls = [export(bomb[: 3 << 20], timeout=30) for _ in range(4)]
            statuses = await asyncio.gather(
                *(post(session, processor, bomb, Content_Encoding="gzip") for _ in range(8))
            )
            assert set(statuses) <= {413, 503}
            assert 413 in statuses
            for call in calls:
                assert await call.code() in {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE}
            assert await post(session, processor, traces_body("good")) == 200
        watching.cancel()
        assert max(peaks) - before < GROWTH
        assert sorted(arrived(sink)) == ["good"]


@pytest.mark.takes_long
async def test_a_flood_in_front_of_a_mute_next_hop_is_held_off(make_processor) -> None:
    async with HttpSink() as sink:
        sink.default = HANG
        processor = make_processor([destination(sink, timeout="2s")])
        await processor.start()
        before, peaks = processor.memory(), [0]
        watching = asyncio.create_task(watch(processor, peaks))
        body = traces_body("flood", filler=8 << 20)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            statuses = await asyncio.gather(*(post(session, processor, body) for _ in range(60)))
            assert set(statuses) == {503}
            sink.default = Reply()
            await until(lambda: _taken(session, processor), "good requests pass again")
        watching.cancel()
        assert max(peaks) - before < GROWTH
        await until(processor.balanced, "counts that add up")


async def _taken(session, processor) -> bool:
    return await post(session, processor, traces_body("good")) == 200
