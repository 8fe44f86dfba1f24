"""Every bad request hears what it must, in OTLP's own words; every good one is kept, however it is written."""

import asyncio
import gzip
import zlib

import msgspec
import pytest
import zstandard
from google.protobuf.json_format import MessageToDict
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from sqlalchemy import func, select

from otel_evals.records.units import ByteSize, Secret
from otel_evals.semconv import otel_evals
from otel_evals_backend.ingest.read import MOST_RESULTS
from otel_evals_backend.settings import IngestSettings
from otel_evals_backend.storage.tables import results, spans
from tests.backend.traffic import Call, check, traces

PROTOBUF = {"content-type": "application/x-protobuf"}
GOOD = traces(Call(results=(check("pii"),))).data

BAD_ID = b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xx"}]}]}]}'


async def kept(backend) -> int:
    async with backend.context.database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(spans))).scalar_one()


async def post(backend, content, path="/v1/traces", **headers):
    return await backend.client.post(
        path, content=content, headers=PROTOBUF | {k.replace("_", "-"): v for k, v in headers.items()}
    )


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(GOOD)),
        ("zstd", zstandard.compress(GOOD)),
        ("deflate", zlib.compress(GOOD)),
        ("identity", GOOD),
    ],
    ids=("gzip", "zstd", "deflate", "plain"),
)
async def test_a_body_is_taken_however_it_is_compressed(backend, encoding, body):
    assert (await post(backend, body, content_encoding=encoding)).status_code == 200
    assert await kept(backend) == 1


async def test_json_is_taken_and_answered_in_json(backend):
    written = MessageToDict(ExportTraceServiceRequest.FromString(GOOD))
    for span in written["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        span["traceId"], span["spanId"] = Call().trace_id.hex(), Call().span_id.hex().upper()
    answer = await backend.client.post(
        "/v1/traces", content=msgspec.json.encode(written), headers={"content-type": "application/json; charset=utf-8"}
    )
    assert (answer.status_code, answer.json()) == (200, {})
    assert await kept(backend) == 1


async def test_metrics_are_taken_and_not_kept(backend):
    answer = await post(backend, ExportMetricsServiceRequest().SerializeToString(), "/v1/metrics")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (400, GOOD[:-3], {}),
        (400, b"\xff" * 40, {}),
        (400, gzip.compress(GOOD)[:-9], {"content_encoding": "gzip"}),
        (400, gzip.compress(GOOD) + b"more", {"content_encoding": "gzip"}),
        (415, GOOD, {"content_encoding": "br"}),
        (415, GOOD, {"content_type": "text/plain"}),
        (400, b"{", {"content_type": "application/json"}),
        (400, b"[]", {"content_type": "application/json"}),
        (400, BAD_ID, {"content_type": "application/json"}),
        (400, b'{"resourceSpans":' + b"[" * 100_000, {"content_type": "application/json"}),
    ],
)  # fmt: skip
async def test_what_can_never_be_read_is_refused_for_good(backend, status, body, headers):
    answer = await post(backend, body, **headers)
    assert answer.status_code == status
    assert "retry-after" not in answer.headers
    if answer.headers["content-type"] == "application/json":
        assert answer.json()["code"]
    else:
        assert Status.FromString(answer.content).code
    assert await kept(backend) == 0


async def test_other_methods_are_told_to_post(backend):
    answer = await backend.client.get("/v1/traces")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert Status.FromString(answer.content).message


async def test_a_body_over_the_limit_is_refused_also_when_it_was_small_on_the_wire(open_backend):
    async with open_backend(ingest=IngestSettings(max_body=ByteSize(100_000))) as backend:
        assert (await post(backend, bytes(100_001))).status_code == 413
        bomb = gzip.compress(bytes(50_000_000))
        assert len(bomb) < 100_000
        assert (await post(backend, bomb, content_encoding="gzip")).status_code == 413
        assert (await post(backend, GOOD)).status_code == 200


async def test_a_sender_without_a_valid_token_is_refused(open_backend):
    async with open_backend(ingest=IngestSettings(bearer_tokens=(Secret("s3cret"),))) as backend:
        for headers in ({}, {"authorization": "Bearer other"}):
            answer = await post(backend, GOOD, **headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert await kept(backend) == 0
        assert (await post(backend, GOOD, authorization="Bearer s3cret")).status_code == 200


async def test_spans_whose_ids_join_nothing_are_counted_in_the_answer(backend):
    request = ExportTraceServiceRequest.FromString(GOOD)
    request.resource_spans[0].scope_spans[0].spans.add().CopyFrom(request.resource_spans[0].scope_spans[0].spans[0])
    request.resource_spans[0].scope_spans[0].spans[1].trace_id = bytes(16)
    answer = await post(backend, request.SerializeToString())
    assert ExportTraceServiceResponse.FromString(answer.content).partial_success.rejected_spans == 1
    assert await kept(backend) == 1


async def test_no_value_breaks_a_row(backend):
    odd = {
        "gen_ai.response.id": "a\0b", "gen_ai.conversation.id": "x" * 5000, "otel_evals.sampling.probability": 1e-300,
        "otel_evals.risk.band": ["high"], "gen_ai.usage.input_tokens": 1 << 62, "otel_evals.coverage": 7,
        "gen_ai.prompt.version": "\0",
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"\\ud800 \\u0000"}]}]',
    }  # fmt: skip
    results = [
        check("a", score=float("nan")), check("b", score=float("inf")), check("c", explanation="\0" * 3000),
        {**check("d"), "otel_evals.sampling.probability": 0.0}, {**check("e"), "otel_evals.judge.cost": -1.0},
        {**check("f"), "otel_evals.evaluator.type": 3, "otel_evals.evaluator.id": ""},
    ]  # fmt: skip
    call = Call(more=odd, results=tuple(results), start=1, seconds=1e9)
    assert (await post(backend, traces(call).data)).status_code == 200
    assert await kept(backend) == 1
    async with backend.context.database.read() as connection:
        [row] = await connection.execute(select(spans))
    assert (row.response_id, row.input_tokens, row.band) == ("a\ufffdb", None, None)
    assert row.start_ns == backend.clock.now_ns  # 1970 is not believed


async def test_a_database_that_cannot_be_written_means_try_again(backend, monkeypatch):
    from otel_evals.records.errors import Unavailable  # noqa: PLC0415 - the error of this test alone

    def locked(**_):
        raise Unavailable("locked", retry_after=3.0)

    monkeypatch.setattr(backend.context.database, "write", locked)
    answer = await post(backend, GOOD)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    monkeypatch.undo()
    assert (await post(backend, GOOD)).status_code == 200
    assert await kept(backend) == 1


@pytest.mark.parametrize("kind", ["application/x-protobuf", "application/json"])
async def test_who_may_not_send_is_told_in_the_form_that_was_sent(open_backend, kind):
    async with open_backend(ingest=IngestSettings(bearer_tokens=(Secret("s3cret"),))) as backend:
        answer = await post(backend, GOOD, content_type=kind, authorization="Bearer other")
    assert (answer.status_code, answer.headers["content-type"]) == (401, kind)
    status = Status.FromString(answer.content) if "protobuf" in kind else Status(**answer.json())
    assert (status.code, bool(status.message)) == (16, True)


async def test_more_than_may_wait_is_refused_for_now_and_what_was_taken_is_kept(open_backend):
    limits = IngestSettings(max_body=ByteSize(60_000), max_waiting=ByteSize(120_000))
    bodies = [traces(Call(number=n, answer="x" * 40_000, results=(check("pii"),))).data for n in range(1, 31)]
    async with open_backend(ingest=limits) as backend:
        answers = await asyncio.gather(*(post(backend, body) for body in bodies))
        taken = [body for body, answer in zip(bodies, answers, strict=True) if answer.status_code == 200]
        refused = [answer for answer in answers if answer.status_code != 200]
        assert refused
        assert {answer.status_code for answer in refused} == {503}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        assert await kept(backend) == len(taken) > 0
        for body in bodies:
            assert (await post(backend, body)).status_code == 200
        assert await kept(backend) == len(bodies)


@pytest.mark.parametrize("value", [["llm_judge"], {"of": "what"}, 7, b"judge", True], ids=str)
async def test_a_type_of_evaluator_that_is_no_text_costs_nobody_the_request(backend, value):
    strange = check("pii") | {otel_evals.EVALUATOR_TYPE: value}
    answer = await post(backend, traces(Call(results=(strange,)), Call(number=2, results=(check("pii"),))).data)
    assert (answer.status_code, answer.content) == (200, b"")
    assert await kept(backend) == 2


async def test_a_span_brings_a_bounded_number_of_results_and_its_sender_hears_of_the_others(backend):
    many = tuple(check(f"metric_{number}") for number in range(MOST_RESULTS + 7))
    answer = await post(backend, traces(Call(results=many)).data)
    said = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, said.rejected_spans) == (200, 0)
    assert said.error_message.startswith("7 results were left out")
    async with backend.context.database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(results))).scalar_one() == MOST_RESULTS
