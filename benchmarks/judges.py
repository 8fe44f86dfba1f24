"""What judging costs: CPU a call, memory of a thousand calls in flight, and what it takes from the traffic beside it.

    uv run benchmarks/judges.py [--quick] [--repeats N] [--only call|flight|beside]

The judge is the scripted server in a process of its own, which does not count. Goals: at most 6 ms of our own CPU a
call; less than 400 MB with 1,000 calls in flight in one process; plain traffic beside a busy judge within 10 % of what
it has without judges, in spans per CPU second and in p99.
"""

import argparse
import asyncio
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

import bodies
import measure
import meter
import msgspec
from load import Order, Sent
from report import spread
from scenarios import Scenario
from servers import HERE, Kind, Running, Variant, child, end_children_on_sigterm, first_line, judge_server, page, start
from texts import conversation

from otel_evals.forward.redaction import redact
from otel_evals.judges.client import ModelClient
from otel_evals.judges.llm import LlmJudge
from otel_evals.judges.prices import shipped_prices
from otel_evals.judges.settings import EndpointSettings, ModelSettings
from otel_evals.records.clock import SystemClock
from otel_evals.records.exchange import Choice, Exchange, Message
from otel_evals.records.judging import JudgeCase
from otel_evals.rubrics.rubric import builtin_rubrics
from otel_evals.testing.sampled import metric_sums

_RUBRIC: Final = "answer_relevance"
_MODEL: Final = "gpt-4.1-mini-2025-04-14"
_CALL_GOAL_MS: Final = 6.0
_FLIGHT: Final = 1000
_FLIGHT_GOAL_MB: Final = 400.0
_FLIGHT_LATENCY: Final = 15.0
"""So slow that a thousand are in flight on a busy machine too: 5 s would take 200 new judgements a second."""
_BESIDE_GOAL: Final = 0.10
_CHAT: Final = Scenario(name="GenAI, 8", shape=bodies.Shape(8, 1.0), in_flight=4)
_STREAM: Final = Scenario(name="GenAI, 8, 20 requests/s", shape=bodies.Shape(8, 1.0), in_flight=8, rate=20.0)
"""160 calls a second, 8 of them judged at 5 %: as many as 16 at a time can be when each takes 2 s."""
_PLAIN: Final = (
    Scenario(name="plain, 512, closed loop", shape=bodies.Shape(512, 0.0)),
    Scenario(name="plain, 8, 60 requests/s", shape=bodies.Shape(8, 0.0), in_flight=16, rate=60.0),
)
_SETTLE_SECONDS: Final = 5.0
_SLOW: Final = 2.0
_PATIENCE: Final = 120.0


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    calls: int
    seconds: float
    """Of each counted part."""
    repeats: int


_FULL: Final = Effort(calls=2000, seconds=8.0, repeats=5)
_BRIEF: Final = Effort(calls=500, seconds=4.0, repeats=2)


def judging(url: str, *, rate: float, **more: Any) -> dict[str, Any]:
    """A configuration with one judge at one rate."""
    endpoint = {"url": url, "concurrency": more.pop("at_a_time", 16)}
    rules = [{"name": "baseline", "rate": rate}]
    judges = [{"name": _RUBRIC, "model": _MODEL}]
    return {"judge": {"endpoints": [endpoint], "judges": judges, "sampling": {"rules": rules}, **more}}


# A call by itself


def cases(count: int) -> list[JudgeCase]:
    """Distinct cases of 4 kB."""
    rng = random.Random(3)  # noqa: S311 - reproducible, no secret
    return [_case(rng) for _ in range(count)]


def _case(rng: random.Random) -> JudgeCase:
    said = conversation(rng, 4096)
    messages = (Message(role="system", text=said.system), Message(role="user", text=said.question))
    choice = Choice(message=Message(role="assistant", text=said.answer))
    return JudgeCase(exchange=Exchange(messages=messages, choices=(choice,)))


async def call_ms(url: str, count: int) -> float:
    """Milliseconds of CPU of this process for a call, 16 at a time: question, client, answer, verdict."""
    clock = SystemClock()
    client = ModelClient(EndpointSettings(url=url), clock=clock, rng=random.Random())  # noqa: S311 - spreads retries
    judge = LlmJudge(
        builtin_rubrics()[_RUBRIC],
        ModelSettings(model=_MODEL),
        [client],
        prices=shipped_prices(),
        clock=clock,
        nonce=lambda: secrets.token_hex(8),
        redact=redact,
        max_chars=24_000,
    )
    todo = iter(cases(count + 64))

    async def lane(turns: int) -> None:
        for _ in range(turns):
            await judge.judge(next(todo))

    await asyncio.gather(*(lane(4) for _ in range(16)))
    before = time.process_time()
    await asyncio.gather(*(lane(count // 16) for _ in range(16)))
    used = time.process_time() - before
    await client.close()
    return 1e3 * used / (count // 16 * 16)


# In the processor


@contextmanager
def running(folder: Path, sections: dict[str, Any], *loads: Scenario) -> Generator[tuple[Running, list[Any], int]]:
    """A processor with a sink behind it, a generator for each load, and the sink's port."""
    with ExitStack() as stack:
        sink = int(first_line(stack.enter_context(child(sys.executable, HERE / "sink.py", log=folder / "sink.log"))))
        server = stack.enter_context(start(Variant("ours", Kind.OURS, sections=sections), "grpc", sink, folder))
        generators: list[measure.Generator] = []
        for load in loads:
            templates = folder / f"bodies-{load.shape.batch}-{load.shape.share}"
            if not templates.exists():
                bodies.write(load.shape, templates)
            command = measure.load_command(load, server.ports["grpc"], templates)
            generators.append(measure.Generator(stack.enter_context(child(*command, log=folder / "load.log"))))
        yield server, generators, sink


def until(condition: Callable[[], bool], what: str) -> None:
    """Look again and again. Raises RuntimeError when it takes too long."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {_PATIENCE:.0f} s: {what}")
        time.sleep(0.05)


def outcomes(server: Running) -> dict[str, float]:
    """Spans by final outcome of the judge."""
    return metric_sums(page(server.ports["metrics"]), "otel_evals_coverage_total", "otel_evals_outcome")


def check(sent: Sent) -> Sent:
    """What was sent, when all went well. Raises RuntimeError when not: such a run is void."""
    if sent.errors:
        raise RuntimeError(f"failed requests: {sent.errors}")
    return sent


def span_cpu(folder: Path, sections: dict[str, Any], spans: int) -> float:
    """Seconds of CPU for so many GenAI spans until each has its outcome and is at the sink."""
    with running(folder, sections, _CHAT) as (server, (generator,), sink):
        warm = check(generator.send(Order(requests=10))).requests * _CHAT.shape.batch
        until(lambda: _all_went_on(server, sink, warm), "the warm-up has gone on")
        before = meter.cpu_seconds(server.pid)
        done = warm + check(generator.send(Order(requests=spans // 8))).requests * _CHAT.shape.batch
        until(lambda: _all_went_on(server, sink, done), "every span has its outcome")
        return meter.cpu_seconds(server.pid) - before


def _all_went_on(server: Running, sink: int, spans: int) -> bool:
    if measure.stats(sink).spans < spans:
        return False
    found = page(server.ports["metrics"])
    counts = metric_sums(found, "otel_evals_spans_total", "otel_evals_outcome")
    ended = sum(metric_sums(found, "otel_evals_coverage_total", "otel_evals_outcome").values())
    return ended == spans and counts["received"] == counts["forwarded"]


def flight(folder: Path) -> tuple[float, float, int]:
    """MB of the process before, and at most while 1,000 slow judgements are under way; and the most at a time."""
    most = 0
    with judge_server(folder, latency=_FLIGHT_LATENCY) as url:
        sections = judging(url, rate=1.0, at_a_time=_FLIGHT, concurrency=_FLIGHT)
        with running(folder, sections, _CHAT) as (server, (generator,), _), ThreadPoolExecutor(1) as beside:
            before = peak = meter.rss_bytes(server.pid)
            port = int(url.split(":")[2].split("/")[0])
            sending = beside.submit(generator.send, Order(requests=2 * _FLIGHT // _CHAT.shape.batch))

            def watched() -> bool:
                nonlocal peak, most
                peak = max(peak, meter.rss_bytes(server.pid))
                most = int(msgspec.json.decode(page(port, "/control"))["most_under_way"])
                return sum(outcomes(server).values()) >= 2 * _FLIGHT

            until(watched, "twice as many are judged")
            check(sending.result())
            if (found := outcomes(server)).get("judged") != 2 * _FLIGHT:
                raise RuntimeError(f"not all were judged: {found}")
    return before / 1e6, peak / 1e6, most


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """Plain traffic beside a stream of GenAI spans."""

    cpu_seconds: float
    spans: int
    p99_ms: float
    judged: int
    """Calls of the judge in the same time."""

    @property
    def per_cpu_second(self) -> float:
        """Plain spans; the stream's share of the CPU is in it, with and without judges."""
        return self.spans / self.cpu_seconds


def plain(folder: Path, load: Scenario, sections: dict[str, Any], seconds: float) -> Beside:
    """Measure plain traffic beside the stream, once judgements come and go at their pace."""
    with running(folder, sections, load, _STREAM) as (server, (generator, stream), _), ThreadPoolExecutor(1) as beside:
        check(generator.send(Order(requests=40)))
        flowing = beside.submit(stream.send, Order(seconds=_SETTLE_SECONDS + seconds + 1.0))
        time.sleep(_SETTLE_SECONDS)
        judged, before = outcomes(server).get("judged", 0), meter.cpu_seconds(server.pid)
        sent = check(generator.send(Order(seconds=seconds)))
        used, judged = meter.cpu_seconds(server.pid) - before, outcomes(server).get("judged", 0) - judged
        check(flowing.result())
    return Beside(
        cpu_seconds=used,
        spans=sent.requests * load.shape.batch,
        p99_ms=1e3 * measure.percentile(sent.latencies, 0.99),
        judged=int(judged),
    )


# The report


def report_call(folder: Path, effort: Effort) -> None:
    """CPU a call, by itself and in the processor."""
    with judge_server(folder) as url:
        alone = [asyncio.run(call_ms(url, effort.calls)) for _ in range(effort.repeats)]
        reached = _word(median(alone) <= _CALL_GOAL_MS)
        print(f"a call by itself: {spread(alone)} ms of CPU, goal {_CALL_GOAL_MS}: {reached}")
        whole: list[float] = []
        for _ in range(max(1, effort.repeats // 2)):
            off = span_cpu(folder, {"judge": {}}, effort.calls)
            on = span_cpu(folder, judging(url, rate=1.0), effort.calls)
            whole.append(1e3 * (on - off) / effort.calls)
        print(
            f"in the processor, with job, hold, ledger, metrics and the trace of the call: {spread(whole)} ms of CPU a "
            "judged span more than without judges"
        )


def report_flight(folder: Path) -> None:
    """Memory of a thousand calls in flight."""
    before, peak, most = flight(folder)
    print(
        f"{most:,} calls in flight: {peak:.0f} MB resident ({before:.0f} MB idle, {1e3 * (peak - before) / most:.0f} "
        f"kB a call), goal {_FLIGHT_GOAL_MB:.0f} MB: {_word(peak < _FLIGHT_GOAL_MB and most >= _FLIGHT)}"
    )


def report_beside(folder: Path, effort: Effort) -> None:
    """Plain traffic with judges and without, in turn."""
    with judge_server(folder, latency=_SLOW) as url:
        for load in _PLAIN:
            pairs = [_pair(folder, load, url, effort.seconds, swap=bool(n % 2)) for n in range(effort.repeats)]
            rates = [on.per_cpu_second / off.per_cpu_second for off, on in pairs]
            tails = [on.p99_ms / off.p99_ms for off, on in pairs]
            calls = median(on.judged for _, on in pairs) / effort.seconds
            good = median(rates) >= 1 - _BESIDE_GOAL, median(tails) <= 1 + _BESIDE_GOAL
            print(
                f"{load.name}, beside {calls:.1f} judgements/s, goal within 10 % of judges off:\n"
                f"  spans per CPU second x {spread(rates)}: {_word(good[0])}\n"
                f"  p99 x {spread(tails)}: {_word(good[1])}; {spread([on.p99_ms for _, on in pairs], 0)} ms, "
                f"without judges {spread([off.p99_ms for off, _ in pairs], 0)}"
            )


def _pair(folder: Path, load: Scenario, url: str, seconds: float, *, swap: bool) -> tuple[Beside, Beside]:
    """Without judges and with them, one right after the other; `swap`: with them first."""
    both: list[dict[str, Any]] = [{"judge": {}}, judging(url, rate=0.05)]
    first, second = (plain(folder, load, sections, seconds) for sections in (both[::-1] if swap else both))
    return (second, first) if swap else (first, second)


def _word(reached: bool) -> str:  # noqa: FBT001 - the only argument
    return "reached" if reached else "not reached"


def main() -> None:
    """Print a line for each question."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer calls and repeats")
    parser.add_argument("--repeats", type=int, metavar="N", help="default 5, with --quick 2")
    parser.add_argument("--only", choices=("call", "flight", "beside"))
    arguments = parser.parse_args()
    end_children_on_sigterm()
    effort = _BRIEF if arguments.quick else _FULL
    effort = msgspec.structs.replace(effort, repeats=arguments.repeats or effort.repeats)
    parts: dict[str, Callable[[Path], None]] = {
        "call": lambda folder: report_call(folder, effort),
        "flight": report_flight,
        "beside": lambda folder: report_beside(folder, effort),
    }
    for name, part in parts.items():
        if arguments.only in (None, name):
            with tempfile.TemporaryDirectory(prefix="otel-evals-bench-") as folder:
                part(Path(folder))


if __name__ == "__main__":
    main()
