"""What comes to judges later, with a real processor: by a user's word about an answer, and by a reservoir's window."""

import asyncio
import math
import time
from collections import Counter
from typing import Any

import aiohttp
import pytest

from otel_evals.testing.builders import chat_attributes, logs_body, make_span, traces_body
from otel_evals.testing.judge_server import JudgeServer
from otel_evals.testing.proto_spans import attribute
from otel_evals.testing.sinks import GrpcSink
from tests.integration.process.rig import arrived, destination, until
from tests.integration.process.test_judging import chat, coverage, judging

ON_THUMBS_DOWN = {
    "rules": [
        {"name": "feedback", "match": {"feedback": ["thumbs_down"]}, "rate": 1.0},
        {"name": "baseline", "rate": 0.0001},
    ]
}
EVALUATION = "evaluate answer_relevance"


def word(number: int, **attributes: Any) -> bytes:
    """A log record by which an application reports what a user did with the answer of `chat(number)`."""
    said = {"otel_evals.evaluator.type": "user", "otel_evals.feedback.signal": "thumbs_down", **attributes}
    return logs_body(("gen_ai.evaluation.result", None, said), trace=number, span=1)


async def send_logs(processor: Any, body: bytes) -> None:
    headers = {"Content-Type": "application/x-protobuf"}
    url = f"http://127.0.0.1:{processor.http}/v1/logs"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()


async def verdicts(processor: Any, instrument: str) -> float:
    sums = await processor.sums(f"otel_evals_evaluations{instrument}_total", otel_evals_evaluator_type="llm_judge")
    return sum(sums.values())


async def test_a_thumbs_down_brings_a_span_to_its_judge_that_was_not_sampled(make_processor) -> None:
    async with GrpcSink() as sink, JudgeServer() as judge:
        processor = make_processor([destination(sink)], **judging(judge, sampling=ON_THUMBS_DOWN))
        await processor.start()
        await processor.send(chat(1))
        await processor.send(chat(2, name="other"))
        await until(lambda: {"call", "other"} <= arrived(sink).keys(), "both spans")
        [span] = arrived(sink)["call"]
        assert attribute(span, "otel_evals.coverage") == "sampled_out"
        await send_logs(processor, word(1))
        await until(lambda: EVALUATION in arrived(sink), "the late result")
        await send_logs(processor, word(1, comment="again"))
        await send_logs(processor, word(99))

        async def heard() -> bool:
            sums = await processor.sums("otel_evals_feedback_total", otel_evals_feedback_signal="thumbs_down")
            return sum(sums.values()) == 3

        await until(heard, "all three words counted")
        [late] = arrived(sink)[EVALUATION]
        assert (late.trace_id, late.parent_span_id) == (span.trace_id, span.span_id)
        assert attribute(late, "otel_evals.sampling.stratum") == "feedback"
        assert attribute(late, "otel_evals.sampling.probability") == 1.0
        assert attribute(late, "otel_evals.coverage") == "judged"
        assert await verdicts(processor, "") == 1
        assert await verdicts(processor, "_weighted") == 0
        assert await coverage(processor) == {"sampled_out": 2}, "no counter takes back what it has counted"
        await until(processor.balanced, "counts that add up")
        assert await processor.stop() == 0
        counts = await processor.judge_ledger()
        assert +counts == Counter(seen=2, judged=1, sampled_out=1), "each span has exactly one outcome"
        assert len(judge.asked) == 1


@pytest.mark.takes_long
async def test_a_word_that_comes_before_its_span_is_part_of_the_first_decision(make_processor) -> None:
    async with GrpcSink() as sink, JudgeServer() as judge:
        processor = make_processor([destination(sink)], workers=2, **judging(judge, sampling=ON_THUMBS_DOWN))
        await processor.start()
        await send_logs(processor, word(1))

        async def heard() -> bool:
            return sum((await processor.sums("otel_evals_feedback_total")).values()) == 1

        await until(heard, "the word")
        await processor.send(chat(1))
        await until(lambda: "call" in arrived(sink), "the span")
        [span] = arrived(sink)["call"]
        assert attribute(span, "otel_evals.coverage") == "judged"
        assert attribute(span, "otel_evals.sampling.stratum") == "feedback"
        await until(lambda: _counted(processor), "a verdict with its weight")
        assert await processor.stop() == 0
        assert +(await processor.judge_ledger()) == Counter(seen=1, judged=1)


async def _counted(processor: Any) -> bool:
    return await verdicts(processor, "_weighted") == 1


@pytest.mark.takes_long
async def test_a_reservoir_judges_exactly_its_number_and_their_weights_tell_how_many_there_were(make_processor) -> None:
    k, traces, per = 8, 200, 3
    rules = {"rules": [{"name": "hourly", "reservoir": {"k": k, "per": f"{per}s"}}]}
    async with GrpcSink() as sink, JudgeServer() as judge:
        processor = make_processor([destination(sink)], **judging(judge, sampling=rules))
        await processor.start()
        await asyncio.sleep(per - time.time() % per)  # the window begins by the wall clock, which nobody announces
        body = traces_body(*(make_span(chat_attributes(), trace=n, span=1, name="call") for n in range(1, traces + 1)))
        await processor.send(body)
        await until(lambda: len(arrived(sink).get("call", ())) == traces, "all spans at once")
        assert {attribute(span, "otel_evals.coverage") for span in arrived(sink)["call"]} <= {"pending", "sampled_out"}

        async def ended() -> bool:
            return sum((await coverage(processor)).values()) == traces

        await until(ended, "the end of the window")
        assert await coverage(processor) == {"judged": k, "sampled_out": traces - k}
        await until(lambda: len(arrived(sink).get(EVALUATION, ())) == k, "the late results")
        found = arrived(sink)[EVALUATION]
        assert {attribute(span, "otel_evals.sampling.stratum") for span in found} == {"hourly"}
        weights = sum(1 / attribute(span, "otel_evals.sampling.probability") for span in found)
        assert abs(weights - traces) < 3 * traces / math.sqrt(k - 1)
        await until(processor.balanced, "counts that add up")
        assert await processor.stop() == 0
        assert +(await processor.judge_ledger()) == Counter(seen=traces, judged=k, sampled_out=traces - k)
