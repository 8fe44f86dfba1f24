"""Whether memory stays flat: resident memory of the processor under a long load.

    uv run benchmarks/memory.py [--minutes 60] [--workers N]

A quarter GenAI with all checks; every trace, span and response id is new, so whatever remembers spans has to forget.
The verdict looks at the second half: caches have filled by then, and what still grows is a leak.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import linear_regression, mean
from typing import Final

import bodies
import meter
from load import Order
from measure import Generator, load_command, stats
from scenarios import Scenario
from servers import HERE, Kind, Variant, child, end_children_on_sigterm, first_line, start

_LOAD: Final = Scenario(name="a quarter GenAI, 64", shape=bodies.Shape(64, 0.25), in_flight=4)
_TELLING: Final = 15.0
"""Minutes: a shorter run ends while memories that are bounded in age and number still fill."""
_CHUNK_SECONDS: Final = 5.0
_FLAT: Final = 0.05
"""Growth of the second half, as a share of its mean, that still counts as flat."""


def sample(minutes: float, workers: int, folder: Path) -> tuple[list[tuple[float, float]], int]:
    """(Minutes, MiB) after each chunk of load, and the spans that passed. Raises RuntimeError on a failed request."""
    templates, found, spans = folder / "bodies", list[tuple[float, float]](), 0
    bodies.write(_LOAD.shape, templates)
    with (
        child(sys.executable, HERE / "sink.py", log=folder / "sink.log") as sink,
        start(Variant("ours", Kind.OURS, workers=workers), "grpc", port := int(first_line(sink)), folder) as server,
        child(*load_command(_LOAD, server.ports["grpc"], templates), log=folder / "load.log") as process,
    ):
        generator, begun = Generator(process), time.monotonic()
        while (now := (time.monotonic() - begun) / 60) < minutes:
            sent = generator.send(Order(seconds=_CHUNK_SECONDS))
            if sent.errors:
                raise RuntimeError(f"failed requests: {sent.errors}")
            spans += sent.requests * _LOAD.shape.batch
            found.append((now, meter.rss_bytes(server.pid) / (1 << 20)))
            print(f"{now:6.1f} min  {found[-1][1]:7.1f} MiB  {spans:,} spans", file=sys.stderr)
        if (arrived := stats(port).spans) != spans:
            raise RuntimeError(f"{spans} spans were acknowledged, {arrived} arrived")
    return found, spans


def main() -> int:
    """Print the verdict; 1 when memory grows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    end_children_on_sigterm()
    with tempfile.TemporaryDirectory(prefix="otel-evals-bench-") as folder:
        found, spans = sample(arguments.minutes, arguments.workers, Path(folder))
    half = found[len(found) // 2 :]
    if len(half) < 2:
        raise SystemExit("too short to tell")
    level = mean(mib for _, mib in half)
    slope = linear_regression([at for at, _ in half], [mib for _, mib in half]).slope
    growth = slope * (half[-1][0] - half[0][0])
    flat = growth <= _FLAT * level
    verdict = ("flat" if flat else "it grows") if arguments.minutes >= _TELLING else "too short to tell"
    print(
        f"{spans:,} spans in {arguments.minutes:.1f} min: first {found[0][1]:.0f} MiB, second half {level:.0f} MiB on "
        f"average, {growth:+.1f} MiB over it ({slope * 60:+.0f} MiB an hour): {verdict}"
    )
    return 0 if flat or arguments.minutes < _TELLING else 1


if __name__ == "__main__":
    sys.exit(main())
