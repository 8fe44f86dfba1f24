"""The benchmark: what a span costs on its way through otel-evals, beside a bare server and the OpenTelemetry Collector.

    uv run benchmarks/run.py [--collector PATH | --build-collector] [--quick]

Every repeat runs every variant of every load in turn, each in fresh processes, so that a ratio compares neighbours in
time. Bounded: when the time is up no further run begins, and the table says how many counted.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import bodies
import msgspec
import peer
import report
from measure import Effort, Measurement, measure
from scenarios import QUICK, SCENARIOS, Scenario
from servers import Kind, end_children_on_sigterm

_CACHE: Final = Path.home() / ".cache" / "otel-evals-bench"
_FULL: Final = Effort(cpu_seconds=3.0, chunk_seconds=1.0, most_seconds=8.0)
_BRIEF: Final = Effort(cpu_seconds=1.0, chunk_seconds=0.5, most_seconds=2.0)
_PACKAGES: Final = ("otel-evals", "grpcio", "protobuf", "msgspec", "google-re2", "jsonschema-rs", "httptools", "isal")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run does."""

    scenarios: tuple[Scenario, ...]
    repeats: int
    seconds: float
    """After this no further run begins."""
    effort: Effort
    collector: Path | None


def main() -> int:
    """Run the benchmark; 1 when a run was void."""
    end_children_on_sigterm()
    arguments = _arguments()
    plan = _plan(arguments, _collector(arguments))
    facts = _facts(plan)
    print(msgspec.json.format(msgspec.json.encode(facts), indent=1).decode(), file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="otel-evals-bench-") as name:
        measured, sizes = _run(plan, Path(name))
    found = report.rows(plan.scenarios, measured)
    print(report.table(found), "", *report.goals(plan.scenarios, measured), sep="\n")
    if arguments.json:
        whole = {**facts, "body_bytes": sizes, "rows": found, "measurements": measured}
        arguments.json.write_bytes(msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n")
    return 1 if any(m.void for m in measured) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="the loads with goals, 2 repeats, under 3 minutes")
    parser.add_argument("--collector", type=Path, metavar="PATH", help="a Collector built from benchmarks/collector")
    parser.add_argument("--build-collector", action="store_true", help=f"build it with Go; kept in {_CACHE}")
    parser.add_argument("--only", metavar="TEXT", help="loads whose name contains TEXT")
    parser.add_argument("--repeats", type=int, metavar="N", help="default 5, with --quick 2")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    return parser.parse_args()


def _collector(arguments: argparse.Namespace) -> Path | None:
    if arguments.collector:
        return arguments.collector
    return peer.build(_CACHE) if arguments.build_collector else peer.cached(_CACHE)


def _plan(arguments: argparse.Namespace, collector: Path | None) -> Plan:
    scenarios = QUICK if arguments.quick else SCENARIOS
    if arguments.only:
        scenarios = tuple(s for s in SCENARIOS if arguments.only in s.name)
    return Plan(
        scenarios=scenarios,
        repeats=arguments.repeats or (2 if arguments.quick else 5),
        seconds=160.0 if arguments.quick else 24 * 60.0,
        effort=_BRIEF if arguments.quick else _FULL,
        collector=collector,
    )


def _run(plan: Plan, folder: Path) -> tuple[list[Measurement], dict[str, int]]:
    deadline = time.monotonic() + plan.seconds
    templates = {s.shape: folder / f"bodies-{s.shape.batch}-{s.shape.share}.msgpack" for s in plan.scenarios}
    sizes = {file.stem: round(bodies.write(shape, file)) for shape, file in templates.items()}
    measured: list[Measurement] = []
    for repeat in range(plan.repeats):
        for scenario in plan.scenarios:
            for variant in scenario.variants:
                if variant.kind is Kind.COLLECTOR and plan.collector is None:
                    continue
                if time.monotonic() > deadline:
                    print("the time is up", file=sys.stderr)
                    return measured, sizes
                found = measure(
                    scenario,
                    variant,
                    repeat,
                    templates=templates[scenario.shape],
                    folder=folder,
                    effort=plan.effort,
                    collector=plan.collector,
                )
                measured.append(found)
                print(_line(found), file=sys.stderr)
    return measured, sizes


def _line(found: Measurement) -> str:
    return (
        f"{found.repeat + 1}  {found.scenario:36} {found.variant:28} {found.us_per_span:9.2f} us/span  "
        f"cpu {found.cpu_seconds:5.2f} s  wall {found.seconds:5.2f} s  load {found.load_average:4.1f}  {found.void}"
    )


def _facts(plan: Plan) -> dict[str, Any]:
    """Versions and settings, for whoever reads the figures later."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)),
        "packages": {name: version(name) for name in _PACKAGES},
        "collector": _collector_version(plan.collector),
        "load_average": Path("/proc/loadavg").read_text().split()[:3],
        "repeats": plan.repeats,
        "effort": msgspec.to_builtins(plan.effort),
        "scenarios": [
            {"name": s.name, "protocol": s.protocol, "batch": s.shape.batch, "share": s.shape.share,
             "content": s.shape.content, "in_flight": s.in_flight, "connections": s.connections, "gzip": s.gzip,
             "rate": s.rate} for s in plan.scenarios
        ],
    }  # fmt: skip


def _collector_version(collector: Path | None) -> str | None:
    if collector is None:
        return None
    return subprocess.run([collector, "--version"], check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
