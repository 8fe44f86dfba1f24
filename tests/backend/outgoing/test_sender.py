"""The background work against a real HTTP server: a signal given here arrives there, and again after a pause."""

import asyncio

from aiohttp import web
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from sqlalchemy import func, select

from otel_evals_backend.storage.tables import outbox


async def test_a_signal_arrives_at_the_destination_though_that_was_busy_at_first(open_backend):
    arrived = asyncio.Queue()
    answers = [503]

    async def take(request):
        body = await request.read()
        if answers:
            return web.Response(status=answers.pop(), headers={"retry-after": "0"})
        arrived.put_nowait((request.content_type, ExportLogsServiceRequest.FromString(body)))
        return web.Response(content_type="application/x-protobuf")

    app = web.Application()
    app.router.add_post("/v1/logs", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    try:
        async with open_backend(send_to=f"http://127.0.0.1:{port}") as backend:
            given = {"response_id": "r", "signal": "regenerate"}
            assert (await backend.client.post("/v1/feedback", json=given)).status_code == 202
            while arrived.empty():
                await asyncio.sleep(0.05)
                backend.clock.advance(2)  # pauses pass, leases do not
            kind, request = arrived.get_nowait()
            assert kind == "application/x-protobuf"
            (record,) = request.resource_logs[0].scope_logs[0].log_records
            said = {one.key: one.value.string_value for one in record.attributes}
            assert (said["otel_evals.feedback.signal"], said["gen_ai.response.id"]) == ("regenerate", "r")
            left = 1
            while left:
                await asyncio.sleep(0.01)
                async with backend.context.database.read() as connection:
                    left = (await connection.execute(select(func.count()).select_from(outbox))).scalar_one()
            assert arrived.empty()
    finally:
        await runner.cleanup()
