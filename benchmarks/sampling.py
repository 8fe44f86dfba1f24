"""Whether what is judged speaks for all traffic: 50,000 calls of known truth through a real processor, over OTLP.

    uv run benchmarks/sampling.py [--calls 50000] [--seed 1]

Default sampling rules, and a scripted judge whose error rates are known (it passes 85 % of the good answers and fails
90 % of the bad ones). From what arrives at the next hop and from `/metrics`: how many spans the verdicts stand for in
each stratum, and what share passes, beside what the judge says of every single call. Ends with 1 when anything is off.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from load import GrpcDoor
from servers import Kind, Running, Variant, end_children_on_sigterm, judge_server, page, start

from otel_evals.rubrics.rubric import builtin_rubrics
from otel_evals.testing import sampled, traffic
from otel_evals.testing.judge_script import JudgeBehaviour
from otel_evals.testing.sinks import GrpcSink

_JUDGE: Final = "answer_relevance"
_BEHAVIOUR: Final = JudgeBehaviour(tpr=0.85, tnr=0.90)
_BATCH: Final = 64
_IN_FLIGHT: Final = 8
_PATIENCE: Final = 900.0


def sections(judge: str) -> dict[str, Any]:
    """One judge, the default sampling rules, a short hold, and a prompt version that is old already."""
    return {
        "judge": {
            "endpoints": [{"url": judge, "concurrency": 32}],
            "judges": [{"name": _JUDGE, "model": "judge-model-1"}],
            "hold": "1s",
            "releases": [{"version": traffic.OLD, "at": "2020-01-01T00:00:00Z"}],
        }
    }


async def simulate(calls: list[traffic.Call], folder: Path) -> sampled.Comparison:
    """Send the calls, wait until every one has its outcome, and compare. Raises RuntimeError when it does not come."""
    arrivals = sampled.Arrivals()
    async with GrpcSink() as sink:
        sink.decide = lambda _signal, body: arrivals.read(body)
        with (
            judge_server(folder, tpr=_BEHAVIOUR.tpr, tnr=_BEHAVIOUR.tnr) as judge,
            start(Variant("ours", Kind.OURS, sections=sections(judge)), "grpc", sink.port, folder) as server,
        ):
            begun = time.monotonic()
            await _send(traffic.bodies(calls, _BATCH), server.ports["grpc"])
            print(f"{len(calls):,} calls sent in {time.monotonic() - begun:.0f} s", file=sys.stderr)
            found = await _settled(server.ports["metrics"], len(calls), sink.received.clear)
            print(f"all have their outcome after {time.monotonic() - begun:.0f} s", file=sys.stderr)
        ledger = _ledger(server)
    rubric = builtin_rubrics()[_JUDGE]
    census = {call.key: call.verdict(rubric, _BEHAVIOUR) for call in calls}
    return sampled.compare(calls, arrivals, census, weighted=_weighted(found), ledger=ledger)


async def _send(bodies: Iterator[bytes], port: int) -> None:
    door = GrpcDoor(f"127.0.0.1:{port}", 2, compress=False)

    async def slot(number: int) -> None:
        send = await door.connect(number)
        for body in bodies:
            while (error := await send(body)) is not None:
                if error not in {"UNAVAILABLE", "RESOURCE_EXHAUSTED"}:
                    raise RuntimeError(f"a request failed: {error}")
                await asyncio.sleep(0.1)

    await asyncio.gather(*(slot(number) for number in range(_IN_FLIGHT)))
    await door.close()


async def _settled(port: int, calls: int, tidy: Callable[[], None]) -> str:
    """The metrics page once every call has its outcome, and all that was said of it has gone on."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        tidy()
        found = await asyncio.to_thread(page, port)
        ended = sampled.metric_sums(
            found, "otel_evals_coverage_total", "otel_evals_outcome", otel_evals_evaluator_id=_JUDGE
        )
        spans = sampled.metric_sums(found, "otel_evals_spans_total", "otel_evals_outcome")
        if sum(ended.values()) == calls and spans["received"] == spans["forwarded"]:
            return found
    raise RuntimeError("some calls have no outcome yet; the log of the processor may say why")


def _weighted(found: str) -> dict[str, float]:
    return sampled.metric_sums(
        found, "otel_evals_evaluations_weighted_total", "gen_ai_evaluation_score_label", otel_evals_evaluator_id=_JUDGE
    )


def _ledger(server: Running) -> dict[str, int]:
    """What the command says when the processor has ended."""
    command = [
        sys.executable,
        "-m",
        "otel_evals",
        "judge",
        "ledger",
        "--format",
        "json",
        "--config",
        str(server.config),
    ]
    said = subprocess.run(command, check=True, capture_output=True).stdout
    [judge] = msgspec.json.decode(said)["judges"]
    return {"seen": judge["seen"], "pending": judge["pending"], **judge["outcomes"]}


def main() -> int:
    """Print the table; 1 when an estimate is off or a span is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1, help="of the traffic")
    arguments = parser.parse_args()
    end_children_on_sigterm()
    with tempfile.TemporaryDirectory(prefix="otel-evals-bench-") as folder:
        found = asyncio.run(simulate(traffic.calls(arguments.calls, arguments.seed), Path(folder)))
    print(found.table(), "", sep="\n")
    print(*found.problems or ("everything holds: delivery, estimates, counters, ledger",), sep="\n")
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
