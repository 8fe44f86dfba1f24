"""Judges beside the data path, with a real processor and a scripted judge: in time, late, absent, and after a kill."""

import json
from typing import Any

import pytest

from otel_evals.testing.builders import chat_attributes, make_span, traces_body
from otel_evals.testing.judge_script import JudgeBehaviour
from otel_evals.testing.judge_server import JudgeServer
from otel_evals.testing.proto_spans import attribute, judge_events
from otel_evals.testing.sinks import GrpcSink
from tests.integration.process.rig import LONG, Sender, all_arrive, arrived, check, destination, until

KILLS = 20 if LONG else 2
MODEL = "judge-model-1"
EVERY = {"rules": [{"name": "baseline", "rate": 1.0}]}


def judging(server: JudgeServer, **more: Any) -> dict[str, Any]:
    """A `judge` section with one judge on `server` that sees every span."""
    section: dict[str, Any] = {
        "endpoints": [{"name": "scripted", "url": server.url, "retries": 0, "timeout": "20s"}],
        "judges": [{"name": "answer_relevance", "model": {"model": MODEL}}],
        "sampling": EVERY,
    }
    return {"judge": {**section, **more}}


def chat(number: int, *, answer: str = "Forty-two days. [truth:pass]", name: str = "call") -> bytes:
    return traces_body(make_span(chat_attributes(answer=answer), trace=number, span=1, name=name))


async def coverage(processor: Any) -> dict[str, int]:
    """Spans by final outcome of the judge."""
    sums = await processor.sums("otel_evals_coverage_total", otel_evals_evaluator_id="answer_relevance")
    counts: dict[str, int] = {}
    for key, value in sums.items():
        outcome = key.partition('otel_evals_outcome="')[2].partition('"')[0]
        counts[outcome] = counts.get(outcome, 0) + int(value)
    return counts


async def test_a_verdict_that_comes_in_time_rides_on_its_span(make_processor) -> None:
    async with GrpcSink() as sink, JudgeServer() as judge:
        processor = make_processor([destination(sink)], **judging(judge))
        await processor.start()
        await processor.send(chat(1, answer="Bananas are yellow. [truth:fail]", name="bad"))
        await processor.send(chat(2, name="good"))
        await until(lambda: {"bad", "good"} <= arrived(sink).keys(), "both spans")
        [bad], [good] = arrived(sink)["bad"], arrived(sink)["good"]
        [event] = judge_events(bad)
        assert attribute(event, "gen_ai.evaluation.name") == "answer_relevance"
        assert attribute(event, "gen_ai.evaluation.score.label") == "fail"
        assert attribute(event, "otel_evals.evaluator.model") == MODEL
        assert attribute(event, "otel_evals.sampling.probability") == 1.0
        assert attribute(event, "otel_evals.sampling.stratum") == "baseline"
        assert attribute(event, "gen_ai.evaluation.explanation")
        assert attribute(bad, "otel_evals.coverage") == "judged"
        assert attribute(bad, "otel_evals.answer_relevance.label") == "fail"
        assert attribute(good, "otel_evals.answer_relevance.label") == "pass"
        assert await coverage(processor) == {"judged": 2}
        await until(lambda: len(arrived(sink).get(f"chat {MODEL}", ())) == 2, "the traces of the judge's calls")
        [first, _] = arrived(sink)[f"chat {MODEL}"]
        assert not judge_events(first)
        assert attribute(first, "otel_evals.coverage") is None, "the judge's own call is not evaluated"
        assert first.links[0].span_id in {bad.span_id, good.span_id}
        assert attribute(first, "openai.response.system_fingerprint") == "fp_scripted"
        await until(processor.balanced, "counts that add up")
        assert await processor.stop() == 0


@pytest.mark.parametrize(("hold", "copies"), [("10s", 1), ("0s", 2)])
async def test_a_span_that_stands_in_a_request_twice_is_judged_once(make_processor, hold, copies) -> None:
    async with GrpcSink() as sink, JudgeServer(JudgeBehaviour(latency=0.2)) as judge:
        processor = make_processor([destination(sink)], **judging(judge, hold=hold, cache={"max_bytes": "0B"}))
        await processor.start()
        span = make_span(chat_attributes(answer="Forty-two days. [truth:pass]"), name="call")
        await processor.send(traces_body(span, span))
        await until(lambda: f"chat {MODEL}" in arrived(sink), "the judge's call")
        await until(processor.balanced, "counts that add up")
        assert len(await until(lambda: arrived(sink).get("call"), "the span")) == copies
        assert judge.calls == 1
        assert await coverage(processor) == {"judged": 1}
        assert (await processor.judge_ledger())["seen"] == 1
        assert await processor.stop() == 0


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_span_that_is_sent_again_gets_the_verdict_that_is_known(make_processor, workers) -> None:
    more = {"cache": {"max_bytes": "0B"}, "hold": "0s"}
    async with GrpcSink() as sink, JudgeServer() as judge:
        processor = make_processor([destination(sink)], workers=workers, **judging(judge, **more))
        await processor.start()
        await processor.send(chat(1))
        await until(lambda: "evaluate answer_relevance" in arrived(sink), "the verdict")
        # Each on a connection of its own, so that every worker gets some.
        for _ in range(1 if workers == 1 else 12):
            await processor.send(chat(1))
        first, *again = await until(lambda: len(arrived(sink)["call"]) > 1 and arrived(sink)["call"], "the copies")
        assert attribute(first, "otel_evals.coverage") == "pending"
        for copy in again:
            assert attribute(copy, "otel_evals.coverage") == "judged"
            assert attribute(copy, "otel_evals.answer_relevance.label") == "pass"
            assert len(judge_events(copy)) == 1
        await processor.kill()
        await processor.start()
        await processor.send(chat(1))
        last = arrived(sink)["call"][-1]
        assert attribute(last, "otel_evals.coverage") == "judged", "also by the next run"
        assert judge.calls == 1
        assert +(await processor.judge_ledger()) == {"seen": 1, "judged": 1}
        assert await processor.stop() == 0


async def test_a_span_that_is_sent_again_while_it_is_held_goes_on_once_with_what_is_new_beside_it(
    make_processor,
) -> None:
    async with GrpcSink() as sink, JudgeServer(JudgeBehaviour(latency=1.0)) as judge:
        processor = make_processor([destination(sink)], workers=2, **judging(judge, cache={"max_bytes": "0B"}))
        await processor.start()
        call = make_span(chat_attributes(answer="Forty-two days. [truth:pass]"), trace=1, span=1, name="call")
        plain = make_span({}, trace=2, span=1, name="plain")
        other = make_span(chat_attributes(answer="Two weeks. [truth:pass]"), trace=3, span=1, name="other")
        await processor.send(traces_body(call))
        for _ in range(6):
            await processor.send(traces_body(call, plain, other))
        await until(lambda: {"call", "other"} <= arrived(sink).keys(), "both spans")
        await until(processor.balanced, "counts that add up")
        found = arrived(sink)
        assert {name: len(found[name]) for name in ("call", "other", "plain")} == {"call": 1, "other": 1, "plain": 6}
        assert judge.calls == 2
        assert +(await processor.judge_ledger()) == {"seen": 2, "judged": 2}
        assert await processor.stop() == 0


async def test_a_verdict_that_comes_too_late_follows_as_a_child_span(make_processor) -> None:
    async with GrpcSink() as sink, JudgeServer(JudgeBehaviour(latency=1.5)) as judge:
        processor = make_processor([destination(sink)], **judging(judge, hold="100ms"))
        await processor.start()
        await processor.send(chat(1))
        await until(lambda: "call" in arrived(sink), "the span")
        [span] = arrived(sink)["call"]
        assert attribute(span, "otel_evals.coverage") == "pending"
        assert not judge_events(span)
        await until(lambda: "evaluate answer_relevance" in arrived(sink), "the late result")
        [late] = arrived(sink)["evaluate answer_relevance"]
        assert (late.trace_id, late.parent_span_id) == (span.trace_id, span.span_id)
        assert attribute(late, "gen_ai.operation.name") == "evaluation"
        assert attribute(late, "gen_ai.evaluation.score.label") == "pass"
        assert attribute(late, "otel_evals.coverage") == "judged"
        assert attribute(late, "gen_ai.usage.input_tokens") > 0
        assert len(arrived(sink)["call"]) == 1
        assert await coverage(processor) == {"judged": 1}
        assert await processor.stop() == 0


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (JudgeBehaviour(fault="status", status=500), "judge_error"),
        (JudgeBehaviour(fault="status", status=429, retry_after="0"), "rate_limited"),
        (JudgeBehaviour(fault="not_json"), "unparseable"),
        (JudgeBehaviour(model="another-model"), "judge_error"),
    ],
    ids=["errors", "too-many-requests", "no-json", "another-model"],
)
async def test_a_judge_that_fails_costs_no_span_and_gives_no_score(make_processor, behaviour, outcome) -> None:
    async with GrpcSink() as sink, JudgeServer(behaviour) as judge:
        processor = make_processor([destination(sink)], **judging(judge))
        await processor.start()
        await processor.send(chat(1))
        await until(lambda: "call" in arrived(sink), "the span")
        [span] = arrived(sink)["call"]
        assert attribute(span, "otel_evals.coverage") == outcome
        assert attribute(span, "otel_evals.answer_relevance.score") is None
        for event in judge_events(span):
            assert attribute(event, "error.type")
            assert attribute(event, "gen_ai.evaluation.score.value") is None
        assert await coverage(processor) == {outcome: 1}
        judge.behaviour = JudgeBehaviour()
        await processor.send(chat(2, name="after"))
        await until(lambda: "after" in arrived(sink), "the next span")
        assert attribute(arrived(sink)["after"][0], "otel_evals.coverage") == "judged", "it recovers by itself"
        assert await processor.stop() == 0


async def test_spans_flow_while_a_judge_never_answers(make_processor) -> None:
    async with GrpcSink() as sink, JudgeServer(JudgeBehaviour(fault="hang")) as judge:
        processor = make_processor([destination(sink)], **judging(judge, hold="200ms", deadline="1s"))
        await processor.start()
        for number in range(1, 21):
            await processor.send(chat(number, name=f"call {number}"))
        await until(lambda: sum(name.startswith("call ") for name in arrived(sink)) == 20, "all spans")

        async def ended() -> bool:
            return (await coverage(processor)).get("timeout") == 20

        await until(ended, "every judgement given up")
        await until(lambda: len(arrived(sink).get("evaluate answer_relevance", ())) == 20, "the word that they ended")
        assert await processor.stop() == 0


async def test_a_judge_of_runs_reads_the_steps_of_an_agent_and_its_verdict_stands_on_the_agents_span(
    make_processor,
) -> None:
    tool_call = [{"type": "tool_call", "id": "c1", "name": "find_order", "arguments": {"id": 7}}]
    first = {
        **chat_attributes(question="Where is my order?"),
        "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": tool_call, "finish_reason": "tool_call"}]),
    }
    second = {
        **chat_attributes(answer="It arrives on Friday. [truth:pass]"),
        "gen_ai.input.messages": json.dumps(
            [
                {"role": "user", "parts": [{"type": "text", "content": "Where is my order?"}]},
                {"role": "assistant", "parts": tool_call},
                {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "due on Friday"}]},
            ]
        ),
    }
    run = traces_body(
        make_span(first, trace=1, span=2, parent=1, name="first", start=1),
        make_span(second, trace=1, span=3, parent=1, name="second", start=3),
        make_span(
            {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "orders"}, trace=1, span=1, name="agent"
        ),
    )
    async with GrpcSink() as sink, JudgeServer() as judge:
        section = judging(judge, judges=[{"name": "task_success", "model": {"model": MODEL}}])
        processor = make_processor([destination(sink)], **section)
        await processor.start()
        await processor.send(run)
        await until(lambda: {"agent", "first", "second"} <= arrived(sink).keys(), "the whole run")
        [agent] = arrived(sink)["agent"]
        [event] = judge_events(agent)
        assert attribute(event, "gen_ai.evaluation.name") == "task_success"
        assert attribute(event, "gen_ai.evaluation.score.label") == "pass"
        assert attribute(agent, "otel_evals.coverage") == "judged"
        [asked] = judge.asked
        assert "find_order" in asked.user
        assert "due on Friday" in asked.user
        assert not judge_events(arrived(sink)["second"][0]), "the calls are not judged one by one"
        sums = await processor.sums("otel_evals_risk_total")
        assert sum(sums.values()) == 2, "a run is no evaluated call"
        assert await processor.stop() == 0


@pytest.mark.timeout(120 + 60 * KILLS)
async def test_kills_lose_and_double_nothing_and_the_ledger_adds_up(make_processor) -> None:
    async with GrpcSink() as sink, JudgeServer(JudgeBehaviour(latency=0.3, latency_sigma=0.5)) as judge:
        processor = make_processor([destination(sink, queue="disk")], **judging(judge, hold="1s"))
        await processor.start()
        sender = Sender(processor)
        async with sender.sending() as ledger:
            for _ in range(KILLS):
                await sender.some(60)
                await processor.kill()
                await processor.start()
            await sender.some(60)
        await all_arrive(ledger, sink)

        async def settled() -> bool:
            return not any((await processor.sums("otel_evals_coverage_pending")).values())

        await until(settled, "no judgement pending")
        await until(processor.balanced, "counts that add up")
        found = arrived(sink)
        sent = {name: copies for name, copies in found.items() if name in ledger.tries}
        # What was on its way at a kill may come again; its ids, and those of its verdict, are the same.
        check(ledger, sent, resent=KILLS * 80)
        late: dict[bytes, set[bytes]] = {}
        for span in found.get("evaluate answer_relevance", ()):
            late.setdefault(span.trace_id + span.parent_span_id, set()).add(span.span_id)
        assert all(len(ids) == 1 for ids in late.values()), "a verdict that is sent twice has the same id"
        for name in (name for name in ledger.acknowledged if name.endswith("-0")):
            copies = sent[name]
            assert len({copy.trace_id + copy.span_id for copy in copies}) == 1
            followed = len(late.get(copies[0].trace_id + copies[0].span_id, ()))
            assert max(len(judge_events(copy)) for copy in copies) + followed >= 1, f"{name} has no verdict"
        counts = await processor.judge_ledger()
        assert counts["seen"] == sum(count for outcome, count in counts.items() if outcome != "seen")
        assert counts["seen"] >= sum(name.endswith("-0") for name in ledger.acknowledged)
        assert await processor.stop() == 0


async def test_a_judge_store_that_is_deleted_under_a_running_processor_costs_nothing(make_processor) -> None:
    async with GrpcSink() as sink, JudgeServer(JudgeBehaviour(latency=2.0)) as judge:
        processor = make_processor([destination(sink)], workers=2, **judging(judge, cache={"max_bytes": "0B"}))
        await processor.start()
        for number in range(1, 5):
            await processor.send(chat(number))
        [store] = (processor.folder / "data" / "spool").glob("*/judge.db")
        for file in store.parent.glob("judge.db*"):
            file.unlink()
        for number in range(5, 9):
            await processor.send(chat(number))
        calls = await until(lambda: len(arrived(sink).get("call", ())) == 8 and arrived(sink)["call"], "every span")
        assert {attribute(span, "otel_evals.coverage") for span in calls} == {"judged"}
        assert processor.said().count("it is put back as it was") == 1
        assert +(await processor.judge_ledger()) == {"seen": 8, "judged": 8}
        await until(processor.balanced, "counts that add up")
        assert await processor.stop() == 0


async def test_a_judge_store_without_room_costs_the_verdict_and_no_span(make_processor) -> None:
    async with GrpcSink() as sink, JudgeServer() as judge:
        processor = make_processor([destination(sink)], **judging(judge, max_disk="1KiB"))
        await processor.start()
        for number in range(1, 4):
            await processor.send(chat(number))
        calls = arrived(sink)["call"]
        assert [attribute(span, "otel_evals.coverage") for span in calls] == ["rate_limited"] * 3
        assert await coverage(processor) == {"rate_limited": 3}
        await until(processor.balanced, "counts that add up")
        assert await processor.stop() == 0
        assert +(await processor.judge_ledger()) == {"seen": 3, "rate_limited": 3}
