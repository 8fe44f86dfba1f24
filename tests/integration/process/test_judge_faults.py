"""Every fault of a judge, its budget and its store, met by a real processor: spans flow, and no score is made up."""

import asyncio
import os
import signal
import sqlite3
import subprocess
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest

from otel_evals.testing.judge_script import JudgeBehaviour
from otel_evals.testing.judge_server import JudgeServer
from otel_evals.testing.proto_spans import attribute, judge_events
from otel_evals.testing.sinks import GrpcSink
from tests.integration.process.rig import (
    Processor,
    Sender,
    all_arrive,
    arrived,
    check,
    destination,
    free_ports,
    until,
)
from tests.integration.process.test_judging import MODEL, chat, coverage, judging

PRICES = {"models": {MODEL: {"input": 1000.0, "output": 1000.0}}}
LATE = "evaluate answer_relevance"


def spool(processor: Processor, name: str = "judge.db") -> Any:
    (found,) = (processor.folder / "data" / "spool").glob(f"*/{name}")
    return found


def no_score(span: Any) -> None:
    """Nothing of a judge stands on the span but, perhaps, that it failed."""
    assert attribute(span, "otel_evals.answer_relevance.score") is None
    assert attribute(span, "otel_evals.answer_relevance.label") is None
    for event in judge_events(span):
        assert attribute(event, "error.type")
        assert attribute(event, "gen_ai.evaluation.score.value") is None
        assert attribute(event, "gen_ai.evaluation.score.label") is None


def calls(sink: GrpcSink) -> list[Any]:
    """The judged spans that arrived, every copy."""
    return [span for name, copies in arrived(sink).items() if name.startswith("call ") for span in copies]


async def send(processor: Processor, numbers: range) -> None:
    for number in numbers:
        await processor.send(chat(number, name=f"call {number}", answer=f"Forty-two days, {number}. [truth:pass]"))


async def adds_up(processor: Processor) -> Counter[str]:
    """The ledger, which adds up; and the metric says the same, but for what is pending."""
    counts = await processor.judge_ledger()
    outcomes = Counter({name: spans for name, spans in counts.items() if name not in {"seen", "pending"} and spans})
    assert counts["seen"] == counts["pending"] + outcomes.total(), counts
    return counts


async def settled(processor: Processor, spans: int) -> Counter[str]:
    """The ledger once so many spans have an outcome."""

    async def ended() -> bool:
        return sum((await coverage(processor)).values()) >= spans

    await until(ended, f"{spans} outcomes")

    async def written() -> Counter[str] | None:
        counts = await adds_up(processor)
        return counts if counts["seen"] - counts["pending"] >= spans else None

    counts = await until(written, f"{spans} outcomes in the ledger")
    assert {name: n for name, n in counts.items() if n and name not in {"seen", "pending"}} == await coverage(processor)
    return counts


FAULTS = [
    ("status", {"status": 500}, "judge_error"),
    ("status", {"status": 503, "retry_after": "0"}, "judge_error"),
    ("status", {"status": 429, "retry_after": "0"}, "rate_limited"),
    ("status", {"status": 401}, "judge_error"),
    ("status", {"status": 400}, "judge_error"),
    ("reset", {}, "judge_error"),
    ("redirect", {}, "judge_error"),
    ("not_json", {}, "unparseable"),
    ("malformed", {}, "unparseable"),
    ("bad_utf8", {}, "unparseable"),
    ("wrong_types", {}, "unparseable"),
    ("cut", {}, "unparseable"),
    ("empty", {}, "unparseable"),
    ("refusal", {}, "unparseable"),
    ("bad_grade", {}, "unparseable"),
    ("wrong_nonce", {}, "unparseable"),
    ("echo", {}, "unparseable"),
    ("huge", {}, "unparseable"),
    ("bomb", {}, "unparseable"),
    ("none", {"model": "another-model"}, "judge_error"),
    ("hang", {}, "timeout"),
    ("hang_body", {}, "timeout"),
    ("slow", {}, "timeout"),
]


async def test_every_fault_of_a_judge_ends_as_its_outcome_and_the_next_answer_counts(make_processor) -> None:
    async with GrpcSink() as sink, JudgeServer() as judge:
        section = judging(judge, deadline="1500ms", hold="10s")
        section["judge"]["endpoints"][0]["timeout"] = "1s"
        processor = make_processor([destination(sink)], **section)
        await processor.start()
        expected: Counter[str] = Counter()
        before = processor.memory()
        for number, (fault, more, outcome) in enumerate(FAULTS, 1):
            judge.behaviour = JudgeBehaviour(fault=fault, **more)  # pyright: ignore[reportArgumentType] - one of its words
            await send(processor, range(number, number + 1))
            [span] = await until(lambda n=number: arrived(sink).get(f"call {n}"), f"the span during {fault}")
            assert attribute(span, "otel_evals.coverage") == outcome, (fault, more)
            no_score(span)
            expected[outcome] += 1
        assert processor.memory() - before < 100 << 20
        judge.behaviour = JudgeBehaviour()
        expected["judged"] += 1

        async def recovered() -> bool:
            number = sum(expected.values())
            await send(processor, range(number, number + 1))
            [span] = await until(lambda: arrived(sink).get(f"call {number}"), "the span after")
            outcome = attribute(span, "otel_evals.coverage")
            if outcome != "judged":
                # The circuit of an endpoint that failed so often is still open.
                expected[outcome] += 1
            return outcome == "judged"

        await until(recovered, "it recovers by itself")
        counts = await settled(processor, sum(expected.values()))
        assert counts == Counter({"seen": sum(expected.values()), "pending": 0, **expected})
        assert sum((await processor.sums("otel_evals_judge_model_mismatch_total")).values()) == 1
        labels = await processor.sums("otel_evals_evaluations_total", otel_evals_evaluator_id="answer_relevance")
        assert sum(labels.values()) == 1, "what failed is no result"
        assert "Traceback" not in processor.said()
        assert await processor.stop() == 0


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}/v1", "http://judge.invalid/v1"], ids=["refused", "dns"])
@pytest.mark.takes_long
async def test_spans_flow_while_nobody_is_where_the_judge_should_be(make_processor, address) -> None:
    (port,) = free_ports(1)
    endpoint = {"name": "away", "url": address.format(port=port), "retries": 1, "timeout": "2s"}
    async with GrpcSink() as sink:
        processor = make_processor([destination(sink)], judge={
            "endpoints": [endpoint],
            "judges": [{"name": "answer_relevance", "model": {"model": MODEL}}],
            "sampling": {"rules": [{"name": "baseline", "rate": 1.0}]},
        })  # fmt: skip
        await processor.start()
        await send(processor, range(1, 21))
        await until(lambda: len(calls(sink)) == 20, "all spans")
        for span in calls(sink):
            no_score(span)
        counts = await settled(processor, 20)
        assert counts["judge_error"] + counts["timeout"] == 20
        assert len([line for line in processor.said().splitlines() if "away" in line]) < 20, "no log line a span"
        if "{port}" in address:
            async with JudgeServer(port=port):
                numbers = iter(range(100, 1000))

                async def judged() -> bool:
                    number = next(numbers)
                    await send(processor, range(number, number + 1))
                    [span] = await until(lambda: arrived(sink).get(f"call {number}"), "a span")
                    return attribute(span, "otel_evals.coverage") == "judged"

                await until(judged, "it recovers by itself")
        assert await processor.stop() == 0


@pytest.mark.takes_long
async def test_a_budget_is_never_passed_shared_by_workers_and_outlives_a_restart(make_processor) -> None:
    async with GrpcSink() as sink, JudgeServer(JudgeBehaviour(input_tokens=1000, output_tokens=0)) as judge:
        # A verdict costs 1 USD; before it is given, at most a little more is set aside for it.
        section = judging(judge, prices=PRICES, budget={"usd_per_day": 12.0}, call_traces=False)
        section["judge"]["judges"][0]["model"]["max_output_tokens"] = 100
        processor = make_processor([destination(sink)], workers=2, **section)
        await processor.start()
        await send(processor, range(1, 41))
        await until(lambda: len(calls(sink)) == 40, "all spans")
        counts = await settled(processor, 40)
        assert counts["over_budget"] + counts["judged"] + counts["sampled_out"] == 40
        assert counts["over_budget"]
        assert 1 <= counts["judged"] == judge.calls <= 12
        spent = await processor.sums("otel_evals_judge_cost_total")
        assert sum(spent.values()) == pytest.approx(judge.calls)
        for span in calls(sink):
            # The probability is the one that the span was drawn with, whether or not money was left then.
            outcome, probability = (
                attribute(span, f"otel_evals.{key}") for key in ("coverage", "sampling.probability")
            )
            assert 0 < probability <= 1
            if outcome != "judged":
                no_score(span)
            else:
                [event] = judge_events(span)
                assert attribute(event, "otel_evals.sampling.probability") == probability
        before = judge.calls
        assert await processor.stop() == 0
        await processor.start()
        await send(processor, range(41, 51))
        await until(lambda: len(calls(sink)) == 50, "the spans after the restart")
        assert judge.calls <= 12
        assert judge.calls - before <= 12 - before
        counts = await adds_up(processor)
        assert counts["judged"] == judge.calls
        assert await processor.stop() == 0


@pytest.mark.takes_long
async def test_failed_calls_are_charged_only_what_was_reported(make_processor) -> None:
    async with GrpcSink() as sink, JudgeServer(JudgeBehaviour(fault="status", status=500)) as judge:
        section = judging(judge, prices=PRICES, budget={"usd_per_day": 12.0})
        section["judge"]["judges"][0]["model"]["max_output_tokens"] = 100
        processor = make_processor([destination(sink)], **section)
        await processor.start()
        await send(processor, range(1, 31))
        await until(lambda: len(calls(sink)) == 30, "all spans")
        assert (await settled(processor, 30))["judge_error"] == 30, "none is over a budget that nothing was taken from"
        assert not sum((await processor.sums("otel_evals_judge_cost_total")).values())
        assert await processor.stop() == 0


@pytest.mark.takes_long
async def test_a_lock_on_the_store_keeps_no_span_and_is_over_when_it_is_over(make_processor) -> None:
    async with GrpcSink() as sink, JudgeServer() as judge:
        processor = make_processor([destination(sink)], **judging(judge, call_traces=False))
        await processor.start()
        await send(processor, range(1, 4))
        await until(lambda: len(calls(sink)) == 3, "the spans before")
        locker = sqlite3.connect(spool(processor), isolation_level=None)
        locker.execute("BEGIN IMMEDIATE")
        async with asyncio.timeout(9):
            await asyncio.gather(*(send(processor, range(n, n + 1)) for n in range(10, 15)))
        await until(lambda: len(calls(sink)) == 8, "the spans in the meantime")
        assert (
            sorted(attribute(span, "otel_evals.coverage") for span in calls(sink))
            == ["judge_error"] * 5 + ["judged"] * 3
        )
        locker.execute("COMMIT")
        locker.close()
        await send(processor, range(20, 23))
        await until(lambda: len(calls(sink)) == 11, "the spans after")
        counts = await settled(processor, 11)
        assert counts == Counter({"seen": 11, "pending": 0, "judged": 6, "judge_error": 5})
        await until(processor.balanced, "counts that add up")
        assert "Traceback" not in processor.said()
        assert await processor.stop() == 0


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 3 MB for the data folder; where none can be mounted the test says so."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.takes_long
async def test_a_full_disk_costs_verdicts_and_no_span_and_is_over_when_there_is_room(
    make_processor, small_disk
) -> None:
    async with GrpcSink() as sink, JudgeServer() as judge:
        processor = make_processor([destination(sink)], data=str(small_disk), **judging(judge, call_traces=False))
        await processor.start()
        await send(processor, range(1, 4))
        await until(lambda: len(calls(sink)) == 3, "the spans before")
        ballast = small_disk / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)
        asked = judge.calls
        await send(processor, range(100, 200))
        await until(lambda: len(calls(sink)) == 103, "the spans in the meantime")
        assert judge.calls - asked <= 100, "nothing is asked again and again"
        outcomes = Counter(attribute(span, "otel_evals.coverage") for span in calls(sink))
        assert outcomes["judge_error"] >= 1, outcomes
        ballast.unlink()
        numbers = iter(range(1000, 2000))

        async def judged() -> bool:
            number = next(numbers)
            await send(processor, range(number, number + 1))
            [span] = await until(lambda: arrived(sink).get(f"call {number}"), "a span")
            return attribute(span, "otel_evals.coverage") == "judged"

        await until(judged, "it is judged again", timeout=30)
        await settled(processor, len(calls(sink)))
        await until(processor.balanced, "counts that add up")
        assert all(len(copies) == 1 for name, copies in arrived(sink).items() if name.startswith("call "))
        assert "Traceback" not in processor.said()
        assert await processor.stop() == 0


@pytest.mark.takes_long
async def test_a_store_that_is_damaged_stops_the_start_in_words(make_processor) -> None:
    async with GrpcSink() as sink, JudgeServer() as judge:
        processor = make_processor([destination(sink)], **judging(judge))
        await processor.start()
        await send(processor, range(1, 30))
        await until(lambda: len(calls(sink)) == 29, "all spans")
        assert await processor.stop() == 0
        store = spool(processor)
        content = bytearray(store.read_bytes())
        content[4096 : len(content) : 3] = b"\xff" * len(range(4096, len(content), 3))
        store.write_bytes(content)
        await processor.launch()
        assert await processor.ended() == 2
        assert "judge.db" in processor.said() or "judge store" in processor.said()
        assert "move" in processor.said()


@pytest.mark.takes_long
async def test_the_end_comes_in_time_with_spans_held_and_judges_asked_and_the_next_run_tells_how_it_ended(
    make_processor,
) -> None:
    async with GrpcSink() as sink, JudgeServer(JudgeBehaviour(fault="hang")) as judge:
        processor = make_processor(
            [destination(sink)], shutdown={"grace": "3s"}, **judging(judge, hold="1h", concurrency=3, call_traces=False)
        )
        await processor.start()
        await send(processor, range(1, 11))
        await judge.called(3)
        assert not calls(sink)
        async with asyncio.timeout(10):
            assert await processor.stop() == 0
        assert len(calls(sink)) == 10, "every held span has gone on"
        assert {attribute(span, "otel_evals.coverage") for span in calls(sink)} == {"pending"}
        counts = await adds_up(processor)
        assert (counts["seen"], counts["pending"]) == (10, 10)
        judge.behaviour = JudgeBehaviour()
        await processor.start()
        await until(lambda: len(arrived(sink).get(LATE, ())) == 10, "the results follow")
        assert len(calls(sink)) == 10, "no span goes twice"
        assert await adds_up(processor) == Counter({"seen": 10, "pending": 0, "judged": 10})
        # An edit of the judge makes another version: what waits for the old one ends with a word.
        judge.behaviour = JudgeBehaviour(fault="hang")
        await send(processor, range(11, 14))
        await judge.called(16)
        assert await processor.stop() == 0
        processor.config["judge"]["judges"][0]["model"]["max_output_tokens"] = 777
        judge.behaviour = JudgeBehaviour()
        await processor.start()
        await until(lambda: len(arrived(sink)[LATE]) == 13, "the word that they ended")
        changed = [span for span in arrived(sink)[LATE] if attribute(span, "error.type") == "judge_changed"]
        assert len(changed) == 3
        for span in changed:
            no_score(span)
        await send(processor, range(14, 15))
        [span] = await until(lambda: arrived(sink).get("call 14"), "a span for the new version")
        assert attribute(span, "otel_evals.coverage") == "judged"
        assert await adds_up(processor) == Counter({"seen": 14, "pending": 0, "judged": 11, "judge_error": 3})
        assert await processor.stop() == 0


async def _late_ids_are_one_each(sink: GrpcSink) -> None:
    late: dict[bytes, set[bytes]] = {}
    for span in arrived(sink).get(LATE, ()):
        late.setdefault(span.parent_span_id + span.trace_id, set()).add(span.span_id)
    assert all(len(ids) == 1 for ids in late.values()), "a verdict that is sent twice has the same id"


@pytest.mark.takes_long
async def test_jobs_of_a_killed_worker_and_of_one_that_is_no_more_are_taken_up(make_processor) -> None:
    async with GrpcSink() as sink, JudgeServer(JudgeBehaviour(latency=0.3, latency_sigma=0.5)) as judge:
        processor = make_processor(
            [destination(sink, queue="disk")], workers=2, **judging(judge, hold="500ms", concurrency=2)
        )
        await processor.start()
        sender = Sender(processor, lanes=8)
        async with sender.sending() as ledger:
            await sender.some(100)
            os.kill(processor.workers()[0], signal.SIGKILL)

            async def restarted() -> float:
                return sum((await processor.sums("otel_evals_worker_restarts_total")).values())

            await until(restarted, "the death is counted")
            await sender.some(100)
        await processor.kill()
        counts = await adds_up(processor)
        assert counts["pending"], "jobs are left"
        processor.config["workers"] = 1
        judge.behaviour = JudgeBehaviour()
        processor.config["judge"]["concurrency"] = 32
        await processor.start()

        async def none_pending() -> Counter[str] | None:
            now = await adds_up(processor)
            return now if not now["pending"] else None

        counts = await until(none_pending, "every job has ended")
        # A span counts as doubled by us only where a worker died between the next hop's answer and its own note.
        found = await all_arrive(ledger, sink)
        check(ledger, {name: found[name] for name in ledger.tries if name in found}, resent=2 * 8 * 64)
        await _late_ids_are_one_each(sink)
        judged = {name for name in ledger.acknowledged if name.endswith("-0")}
        assert counts["seen"] >= len(judged)
        assert counts["judged"] == counts["seen"]
        assert await processor.stop() == 0
