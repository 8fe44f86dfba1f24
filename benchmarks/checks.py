"""What the checks cost a GenAI span, in process: the whole default set, and each check.

    uv run benchmarks/checks.py                       generated spans with 4 kB of content
    uv run benchmarks/checks.py --recorded [FOLDER]   recorded bodies (default: tests/recorded)

Two prices a check. Alone: it runs on a fresh scan and pays for all that it asks of it. Added: the whole set minus the
set without it, what switching it off would save. Rounds alternate, medians count.
"""

import argparse
import gzip
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import bodies
import msgspec

from otel_evals.app.evaluator import build_dialects, build_evaluator
from otel_evals.config.schema import Config
from otel_evals.engine.evaluation import Evaluator
from otel_evals.engine.logs import LogReader
from otel_evals.engine.patience import Patience
from otel_evals.engine.reader import Reader, ReadSpan
from otel_evals.engine.traces import Traces
from otel_evals.otlp.frame import walk
from otel_evals.otlp.json import decode_json
from otel_evals.records.clock import SystemClock
from otel_evals.records.errors import DecodeError
from otel_evals.records.exchange import Content, Exchange
from otel_evals.records.signal import Signal
from otel_evals.routing.router import Router
from otel_evals.routing.settings import RiskSettings

_CONTENT: Final = 4096
_SPANS: Final = 256
_GOAL_US: Final = 80.0
_RECORDED: Final = Path(__file__).parent.parent / "tests" / "recorded"
_SIGNALS: Final = (Signal.LOGS, Signal.TRACES)


def generated() -> list[Exchange]:
    """Exchanges of generated spans with 4 kB of content each."""
    shape = bodies.Shape(batch=64, share=1.0, content=_CONTENT)
    return [
        exchange for body in bodies.build(shape)[: _SPANS // 64] for exchange in _exchanges([(Signal.TRACES, body)])
    ]


def recorded(folder: Path) -> list[Exchange]:
    """Exchanges of all recorded bodies below `folder`, each sub-folder a traffic of its own."""
    folders = sorted({file.parent for file in folder.rglob("*") if _signal(file)})
    return [exchange for one in folders for exchange in _exchanges(_read(one))]


def _read(folder: Path) -> Iterator[tuple[Signal, bytes]]:
    """The bodies of one folder, logs first so that nothing has to wait; one that does not decode is left out."""
    for signal in _SIGNALS:
        for file in sorted(folder.iterdir()):
            if _signal(file) is not signal:
                continue
            data = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
            try:
                yield signal, decode_json(signal, data) if ".json" in file.suffixes else data
            except DecodeError:
                print(f"left out, not OTLP: {file}")


def _signal(file: Path) -> Signal | None:
    """The signal of a recorded body by its name, `…-traces.binpb` or `…-logs.json.gz`."""
    if not {".binpb", ".json"} & set(file.suffixes):
        return None
    return next((signal for signal in _SIGNALS if file.name.split(".")[0].endswith(signal.value)), None)


def _exchanges(traffic: Iterable[tuple[Signal, bytes]]) -> list[Exchange]:
    """What the hop would evaluate of this traffic, all of it known."""
    clock, patience = SystemClock(), Patience(1)
    config = Config()
    traces, dialects = Traces(config.join, clock), build_dialects(config)
    reader = Reader(dialects, traces, patience)
    logs = LogReader(dialects, reader.markers, traces, patience)
    found: list[ReadSpan] = []
    for signal, body in traffic:
        if signal is Signal.LOGS:
            logs.read(body)
        else:
            found += reader.read(walk(body))
    exchanges = [reader.exchange(read) for read in found if reader.is_evaluated(read)]
    return [exchange for exchange in exchanges if exchange.content is Content.PRESENT]


def price(evaluators: dict[str, Evaluator], exchanges: Sequence[Exchange], rounds: int) -> dict[str, float]:
    """Median microseconds an exchange, each evaluator once a round."""
    found: dict[str, list[float]] = {name: [] for name in evaluators}
    for _ in range(rounds):
        for name, evaluator in evaluators.items():
            evaluate, begun = evaluator.evaluate, time.process_time_ns()
            for exchange in exchanges:
                evaluate(exchange)
            found[name].append((time.process_time_ns() - begun) / 1e3 / len(exchanges))
    return {name: median(values) for name, values in found.items()}


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What one check costs, us an exchange."""

    name: str
    alone: float
    added: float


def prices(exchanges: Sequence[Exchange], rounds: int) -> tuple[float, list[Price]]:
    """The whole default set, and each check of it, dearest first."""
    whole = build_evaluator(Config())
    if whole is None:
        raise RuntimeError("the default configuration has no checks")
    router = Router(RiskSettings(), {c.check.name: c.check.band for c in whole.checks})
    evaluators = {"": whole, "none": Evaluator((), router)}
    for one in whole.checks:
        evaluators[f"alone {one.check.name}"] = Evaluator((one,), router)
        evaluators[f"without {one.check.name}"] = Evaluator([c for c in whole.checks if c is not one], router)
    price(evaluators, exchanges, 1)
    cost = price(evaluators, exchanges, rounds)
    names = [one.check.name for one in whole.checks]
    found = [
        Price(name=n, alone=cost[f"alone {n}"] - cost["none"], added=cost[""] - cost[f"without {n}"]) for n in names
    ]
    return cost[""], sorted(found, key=lambda p: -p.added)


def main() -> None:
    """Print the prices."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--recorded", type=Path, nargs="?", const=_RECORDED, metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    exchanges = recorded(arguments.recorded) if arguments.recorded else generated()
    if not exchanges:
        raise SystemExit(f"no recorded bodies below {arguments.recorded}")
    whole, each = prices(exchanges, arguments.rounds)
    characters = sum(len(m.text) for x in exchanges for m in (*x.messages, *(c.message for c in x.choices)))
    print(f"{len(exchanges)} exchanges, {characters / len(exchanges):.0f} characters each on average")
    print(f"all default checks: {whole:.1f} us an exchange (goal {_GOAL_US:.0f})\n")
    print("| check | alone, us | added, us |\n| --- | --- | --- |")
    for one in each:
        print(f"| {one.name} | {one.alone:.1f} | {one.added:.1f} |")


if __name__ == "__main__":
    main()
