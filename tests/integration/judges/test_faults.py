"""Every fault of a judge's endpoint, over real HTTP: an outcome, never a score."""

import asyncio
import gc
import logging
import socket
import tracemalloc

import msgspec
import pytest

from otel_evals.judges.failures import CallFailure
from otel_evals.judges.settings import Api, BreakerSettings
from otel_evals.records.evaluation import Label
from otel_evals.records.judging import JudgeFailure
from otel_evals.records.units import ByteSize, Duration
from otel_evals.testing.judge_script import JudgeBehaviour
from otel_evals.testing.judge_server import JudgeServer


async def failure_of(judging) -> JudgeFailure:
    with pytest.raises(JudgeFailure) as caught:
        await judging
    return caught.value


@pytest.mark.parametrize("api", list(Api))
@pytest.mark.parametrize(
    ("fault", "error_type"),
    [
        ("not_json", "unreadable_answer"),
        ("echo", "unreadable_answer"),
        ("wrong_nonce", "unreadable_answer"),
        ("bad_grade", "unreadable_answer"),
        ("cut", "cut_off"),
        ("empty", "empty_answer"),
        ("refusal", "refused_to_judge"),
        ("wrong_types", "invalid_response"),
    ],
)
async def test_an_answer_that_is_no_verdict_is_unparseable_and_its_tokens_are_paid(world, case, api, fault, error_type):
    world.server.behaviour = JudgeBehaviour(fault=fault, input_tokens=1000, output_tokens=100)
    failure = await failure_of(world.judge(world.client(api=api)).judge(case()))
    assert (failure.outcome, failure.error_type) == ("unparseable", error_type)
    assert (failure.usage.input_tokens, failure.usage.output_tokens) == (1000, 100)
    assert failure.cost == pytest.approx((1000 * 0.40 + 100 * 1.60) / 1e6)
    assert failure.model == "gpt-4.1-mini"
    assert world.server.calls == 1


@pytest.mark.parametrize("fault", ["malformed", "bad_utf8"])
async def test_a_body_that_is_no_json_is_unparseable_and_its_cost_unknown(world, case, fault):
    world.server.behaviour = JudgeBehaviour(fault=fault)
    failure = await failure_of(world.judge().judge(case()))
    assert (failure.outcome, failure.error_type) == ("unparseable", "invalid_response")
    assert failure.cost is None


@pytest.mark.parametrize("fault", ["huge", "bomb"])
async def test_a_huge_body_or_a_compressed_bomb_is_given_up_within_the_bound(world, case, fault):
    client = world.client(max_response=ByteSize(1_000_000))
    judge = world.judge(client)
    await judge.judge(case())
    # The server runs in this process: what it sends is made before the measurement, or small.
    world.server.behaviour = JudgeBehaviour(fault=fault, size=8 << 20 if fault == "bomb" else 256 << 20)
    transport = client._client._client._transport
    before = transport.bytes_read
    gc.collect()
    tracemalloc.start()
    try:
        failure = await failure_of(judge.judge(case()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (failure.outcome, failure.error_type) == ("unparseable", "oversize_response")
    assert transport.bytes_read - before < 1_000_000 + (1 << 20)
    assert peak < 32 << 20
    assert world.server.calls == 2


async def test_a_body_in_an_encoding_that_was_not_asked_for_is_read_when_it_is_honest(world, case):
    world.server.behaviour = JudgeBehaviour(headers={"Content-Encoding": "br"})
    failure = await failure_of(world.judge().judge(case()))
    assert (failure.outcome, failure.error_type) == ("unparseable", "invalid_encoding")


@pytest.mark.parametrize("fault", ["hang", "hang_body", "slow"])
async def test_an_endpoint_that_hangs_or_trickles_is_a_timeout(world, case, fault):
    world.server.behaviour = JudgeBehaviour(fault=fault)
    failure = await failure_of(world.judge(world.client(timeout=Duration(0.2))).judge(case()))
    assert (failure.outcome, failure.error_type) == ("timeout", "timeout")
    assert failure.cost is None, "it may have answered and billed after that"


async def test_an_endpoint_that_is_not_there_is_a_judge_error_after_retries(world, case, free_port):
    client = world.client(url=f"http://127.0.0.1:{free_port}/v1", retries=2)
    failure = await failure_of(world.judge(client).judge(case()))
    assert (failure.outcome, failure.error_type) == ("judge_error", "connection_error")
    assert len(world.slept) == 2


async def test_a_connection_that_is_cut_is_tried_again(world, case):
    world.server.next.append(JudgeBehaviour(fault="reset"))
    verdict = await world.judge().judge(case())
    assert verdict.label is Label.PASS
    assert world.server.calls == 2


async def test_tls_to_a_server_that_speaks_none_is_a_judge_error(world, case):
    url = world.server.url.replace("http:", "https:")
    failure = await failure_of(world.judge(world.client(url=url, retries=0)).judge(case()))
    assert (failure.outcome, failure.error_type) == ("judge_error", "tls_error")


@pytest.mark.parametrize("status", [500, 502, 503, 529])
async def test_errors_of_the_server_are_tried_again_and_then_a_judge_error(world, case, status):
    world.server.behaviour = JudgeBehaviour(fault="status", status=status)
    failure = await failure_of(world.judge(world.client(retries=2)).judge(case()))
    assert (failure.outcome, failure.error_type) == ("judge_error", "server_error")
    assert world.server.calls == 3


async def test_an_error_that_passes_is_not_seen(world, case):
    world.server.next.extend([JudgeBehaviour(fault="status", status=503)] * 2)
    assert (await world.judge().judge(case())).label is Label.PASS


async def test_retry_after_is_waited_for(world, case):
    world.server.next.append(JudgeBehaviour(fault="status", status=429, retry_after="7"))
    assert (await world.judge().judge(case())).label is Label.PASS
    assert max(world.slept) >= 7
    assert world.server.calls == 2


async def test_429_after_all_retries_is_rate_limited(world, case):
    world.server.behaviour = JudgeBehaviour(fault="status", status=429)
    client = world.client(retries=2, concurrency=8)
    failure = await failure_of(world.judge(client).judge(case()))
    assert (failure.outcome, failure.error_type) == ("rate_limited", "rate_limited")
    assert world.server.calls == 3
    assert client.limiter.bound < 8
    assert not client.breaker.is_open


async def test_a_pause_beyond_the_deadline_is_rate_limited_at_once_also_for_those_who_come_later(world, case):
    world.server.behaviour = JudgeBehaviour(fault="status", status=429, retry_after="300")
    judge = world.judge()
    for _ in range(3):
        failure = await failure_of(judge.judge(case()))
        assert failure.outcome == "rate_limited"
    assert world.server.calls == 1
    assert world.slept == []


async def test_a_good_answer_that_used_up_the_allowance_makes_the_next_one_wait(world, case):
    spent = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "5s"}
    world.server.next.append(JudgeBehaviour(headers=spent))
    judge = world.judge()
    await judge.judge(case())
    await judge.judge(case())
    assert world.slept == [5.0]


async def test_a_spent_quota_is_not_tried_again(world, case, caplog):
    world.server.behaviour = JudgeBehaviour(fault="status", status=429, error_code="insufficient_quota")
    failure = await failure_of(world.judge().judge(case()))
    assert (failure.outcome, failure.error_type) == ("rate_limited", "insufficient_quota")
    assert world.server.calls == 1
    assert "billing" in caplog.text


@pytest.mark.parametrize(
    ("status", "error_type"),
    [(400, "bad_request"), (401, "unauthenticated"), (403, "forbidden"), (404, "not_found"), (413, "too_large")],
)
async def test_a_refusal_is_not_tried_again_and_said_once(world, case, caplog, status, error_type):
    world.server.behaviour = JudgeBehaviour(
        fault="status", status=status, error_message="Incorrect API key provided: sk-THE-KEY-0123456789; It is blue."
    )
    client = world.client(name="front")
    judge = world.judge(client)
    for _ in range(3):
        failure = await failure_of(judge.judge(case()))
        assert (failure.outcome, failure.error_type) == ("judge_error", error_type)
    assert world.server.calls == 3
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert "front" in errors[0].getMessage()
    world.clock.advance(301)
    await failure_of(judge.judge(case()))
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 2


@pytest.mark.parametrize(
    ("code", "outcome", "error_type"),
    [
        ("content_filter", "unparseable", "content_filter"),
        ("content_policy_violation", "unparseable", "content_filter"),
        ("context_length_exceeded", "judge_error", "too_large"),
    ],
)
async def test_a_refusal_of_this_content_is_told_from_one_of_the_request(world, case, code, outcome, error_type):
    world.server.behaviour = JudgeBehaviour(fault="status", status=400, error_code=code)
    failure = await failure_of(world.judge().judge(case()))
    assert (failure.outcome, failure.error_type) == (outcome, error_type)
    assert world.server.calls == 1


async def test_a_redirect_is_not_followed(world, case):
    async with JudgeServer() as elsewhere:
        world.server.behaviour = JudgeBehaviour(fault="redirect", location=f"{elsewhere.url}/chat/completions")
        failure = await failure_of(world.judge().judge(case()))
        assert (failure.outcome, failure.error_type) == ("judge_error", "redirected")
        assert elsewhere.calls == 0


async def test_the_breaker_opens_then_probes_and_closes(world, case):
    client = world.client(retries=0, breaker=BreakerSettings(failures=3, pause=Duration(30)))
    judge = world.judge(client)
    world.server.behaviour = JudgeBehaviour(fault="status", status=500)
    for _ in range(3):
        assert (await failure_of(judge.judge(case()))).error_type == "server_error"
    for _ in range(5):
        assert (await failure_of(judge.judge(case()))).error_type == "circuit_open"
    assert world.server.calls == 3
    world.clock.advance(31)
    assert (await failure_of(judge.judge(case()))).error_type == "server_error"
    assert (await failure_of(judge.judge(case()))).error_type == "circuit_open"
    world.server.behaviour = JudgeBehaviour()
    world.clock.advance(31)
    assert (await judge.judge(case())).label is Label.PASS
    assert (await judge.judge(case())).label is Label.PASS


async def test_timeouts_open_the_breaker_too(world, case):
    client = world.client(timeout=Duration(0.1), breaker=BreakerSettings(failures=2))
    judge = world.judge(client)
    world.server.behaviour = JudgeBehaviour(fault="hang")
    for _ in range(2):
        assert (await failure_of(judge.judge(case()))).outcome == "timeout"
    assert (await failure_of(judge.judge(case()))).error_type == "circuit_open"


async def test_unparseable_answers_do_not_open_it(world, case):
    judge = world.judge(world.client(breaker=BreakerSettings(failures=1)))
    world.server.behaviour = JudgeBehaviour(fault="not_json")
    for _ in range(3):
        assert (await failure_of(judge.judge(case()))).outcome == "unparseable"


async def test_the_next_endpoint_answers_when_the_first_cannot(world, case, free_port):
    dead = world.client(url=f"http://127.0.0.1:{free_port}/v1", retries=0, breaker=BreakerSettings(failures=1))
    judge = world.judge(dead, world.client())
    for _ in range(3):
        assert (await judge.judge(case())).label is Label.PASS
    assert dead.breaker.is_open
    assert world.server.calls == 3


async def test_when_no_endpoint_can_the_first_real_failure_is_told(world, case, free_port):
    dead = world.client(url=f"http://127.0.0.1:{free_port}/v1", retries=0, breaker=BreakerSettings(failures=1))
    judge = world.judge(dead, world.client(retries=0))
    await judge.judge(case())
    world.server.behaviour = JudgeBehaviour(fault="status", status=401)
    assert (await failure_of(judge.judge(case()))).error_type == "unauthenticated"


async def test_an_answer_that_cannot_be_read_is_not_asked_for_elsewhere(world, case):
    world.server.behaviour = JudgeBehaviour(fault="refusal")
    await failure_of(world.judge(world.client(name="a"), world.client(name="b")).judge(case()))
    assert world.server.calls == 1


async def test_no_more_calls_are_under_way_than_allowed_and_all_are_answered(world, case):
    world.server.behaviour = JudgeBehaviour(latency=0.005)
    judge = world.judge(world.client(concurrency=3))
    verdicts = await asyncio.gather(*(judge.judge(case(f"{n} [truth:pass]")) for n in range(20)))
    assert len(verdicts) == 20
    assert world.server.most_under_way == 3


async def test_waiting_for_a_turn_longer_than_the_deadline_is_a_timeout_that_blames_nobody(world, case):
    client = world.client(concurrency=1, timeout=Duration(0.1), breaker=BreakerSettings(failures=1))
    judge = world.judge(client)
    await client.limiter.acquire(float("inf"))
    failures = await asyncio.gather(*(failure_of(judge.judge(case())) for _ in range(3)))
    assert {(failure.outcome, failure.error_type) for failure in failures} == {("timeout", "queue_timeout")}
    client.limiter.release()
    assert client.limiter.under_way == 0
    assert not client.breaker.is_open
    assert world.server.calls == 0


async def test_an_endpoint_that_got_its_turn_late_is_not_blamed_for_the_deadline(world, case):
    world.server.behaviour = JudgeBehaviour(fault="hang")
    client = world.client(concurrency=1, timeout=Duration(1), breaker=BreakerSettings(failures=1))
    await client.limiter.acquire(float("inf"))
    call = asyncio.ensure_future(failure_of(world.judge(client).judge(case())))
    await asyncio.sleep(0.7)  # most of the time that the call has
    client.limiter.release()
    failure = await call
    assert (failure.outcome, failure.error_type) == ("timeout", "queue_timeout")
    assert not client.breaker.is_open


async def test_a_cancelled_call_gives_its_turn_back(world, case):
    client = world.client(concurrency=1)
    judge = world.judge(client)
    world.server.next.append(JudgeBehaviour(fault="hang"))
    call = asyncio.ensure_future(judge.judge(case()))
    await world.server.called(1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await judge.judge(case())).label is Label.PASS


async def test_an_endpoint_that_accepts_and_says_nothing_of_http_is_a_failure(world, case):
    async def babble(_, writer):
        writer.write(b"SSH-2.0-not-http\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0, family=socket.AF_INET)
    async with server:
        port = server.sockets[0].getsockname()[1]
        failure = await failure_of(world.judge(world.client(url=f"http://127.0.0.1:{port}", retries=0)).judge(case()))
    assert failure.outcome == "judge_error"


async def test_failures_are_the_protocols_own_kind_and_survive_a_look(world, case):
    world.server.behaviour = JudgeBehaviour(fault="cut")
    failure = await failure_of(world.judge().judge(case()))
    assert isinstance(failure, CallFailure)
    assert "max_output_tokens" in str(failure)
    assert msgspec.to_builtins(failure.usage)["output_tokens"] == 60
