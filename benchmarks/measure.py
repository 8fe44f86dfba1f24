"""One measurement: a fresh sink, a fresh server, a fresh generator; warm-up, then the counted part.

The CPU of the server's process tree is read when every request of a part has been answered. A run in which a request
failed or a span is missing is void and says why.
"""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final, cast

import grpc
import meter
import msgspec
from load import Order, Sent
from scenarios import Scenario
from servers import HERE, Kind, Variant, child, first_line, start
from sink import STATS, Counts

_WARM_UP: Final = 40
_ARRIVAL_SECONDS: Final = 15.0


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """How long a counted part is."""

    cpu_seconds: float
    """At least so much CPU of the server."""
    chunk_seconds: float
    most_seconds: float
    """Of wall time; a part that ends here had less CPU, and says so in its figures."""


class Measurement(msgspec.Struct, kw_only=True):
    """What came out."""

    scenario: str
    variant: str
    repeat: int
    cpu_seconds: float
    seconds: float
    requests: int
    spans: int
    arrived: int
    """Spans at the sink; the bare server forwards none."""
    events: int
    """Evaluation events at the sink."""
    errors: dict[str, int]
    rss_mib: float
    p50_ms: float
    p99_ms: float
    load_average: float
    """Of the machine, at the end."""
    void: str = ""
    """Why it does not count; empty when it does."""

    @property
    def us_per_span(self) -> float:
        """CPU of the server."""
        return 1e6 * self.cpu_seconds / self.spans if self.spans else float("inf")

    @property
    def ms_per_request(self) -> float:
        """CPU of the server."""
        return 1e3 * self.cpu_seconds / self.requests if self.requests else float("inf")


class Generator:
    """The load generator's process, as seen from here."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        first_line(process)

    def send(self, order: Order) -> Sent:
        """Let it send, and wait until all was answered."""
        assert self._process.stdin is not None  # noqa: S101 - `child` pipes both
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdin.write(msgspec.json.encode(order).decode() + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the load generator ended; its log says why")
        return msgspec.json.decode(line, type=Sent)


def load_command(scenario: Scenario, port: int, templates: Path) -> list[str | Path]:
    """How the generator is started."""
    command: list[str | Path] = [sys.executable, HERE / "load.py", "--protocol", scenario.protocol]
    command += ["--target", f"127.0.0.1:{port}", "--bodies", templates, "--in-flight", str(scenario.in_flight)]
    command += ["--connections", str(scenario.connections), "--rate", str(scenario.rate)]
    return [*command, "--gzip"] if scenario.gzip else command


def stats(port: int) -> Counts:
    """What the sink has counted."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call: Any = cast("Any", channel.unary_unary(STATS))
        return msgspec.json.decode(call(b"", timeout=10), type=Counts)


def measure(
    scenario: Scenario,
    variant: Variant,
    repeat: int,
    *,
    templates: Path,
    folder: Path,
    effort: Effort,
    collector: Path | None,
) -> Measurement:
    """Measure one variant under one load. Raises RuntimeError when a process does not start."""
    with (
        child(sys.executable, HERE / "sink.py", log=folder / "sink.log") as sink,
        start(variant, scenario.protocol, sink_port := int(first_line(sink)), folder, collector) as server,
        child(*load_command(scenario, server.ports[scenario.protocol], templates), log=folder / "load.log") as process,
    ):
        generator = Generator(process)
        generator.send(Order(requests=max(_WARM_UP, 2 * scenario.in_flight)))
        before, cpu = stats(sink_port), meter.cpu_seconds(server.pid)
        sent, used = _counted(generator, server.pid, effort)
        spans = sent.requests * scenario.shape.batch
        forwards = variant.kind is not Kind.BARE
        after = _arrived(sink_port, before.spans + spans) if forwards else before
        found = Measurement(
            scenario=scenario.name,
            variant=variant.name,
            repeat=repeat,
            cpu_seconds=used - cpu,
            seconds=sent.seconds,
            requests=sent.requests,
            spans=spans,
            arrived=after.spans - before.spans,
            events=after.events - before.events,
            errors=sent.errors,
            rss_mib=meter.rss_bytes(server.pid) / (1 << 20),
            p50_ms=1e3 * percentile(sent.latencies, 0.50),
            p99_ms=1e3 * percentile(sent.latencies, 0.99),
            load_average=float(Path("/proc/loadavg").read_text().split()[0]),
        )
    found.void = _void(found, scenario, variant)
    return found


def _counted(generator: Generator, pid: int, effort: Effort) -> tuple[Sent, float]:
    """The counted part in chunks, until the server has used enough CPU; and its CPU clock at the end."""
    total, before = Sent(), meter.cpu_seconds(pid)
    while True:
        sent = generator.send(Order(seconds=effort.chunk_seconds))
        total.requests += sent.requests
        total.bytes += sent.bytes
        total.seconds += sent.seconds
        total.latencies += sent.latencies
        total.errors = {k: total.errors.get(k, 0) + sent.errors.get(k, 0) for k in {**total.errors, **sent.errors}}
        cpu = meter.cpu_seconds(pid)
        if cpu - before >= effort.cpu_seconds or total.seconds >= effort.most_seconds or total.errors:
            return total, cpu


def _arrived(sink_port: int, expected: int) -> Counts:
    """The sink's counts once all has come, or when waiting has been in vain."""
    deadline = time.monotonic() + _ARRIVAL_SECONDS
    while (counts := stats(sink_port)).spans < expected and time.monotonic() < deadline:
        time.sleep(0.1)
    return counts


def _void(found: Measurement, scenario: Scenario, variant: Variant) -> str:
    if found.errors:
        return f"failed requests: {found.errors}"
    if not found.cpu_seconds or not found.spans:
        return "nothing was measured"
    if variant.kind is not Kind.BARE and found.arrived != found.spans:
        return f"{found.spans} spans were acknowledged, {found.arrived} arrived"
    evaluates = variant.kind is Kind.COLLECTOR or (variant.kind is Kind.OURS and variant.checks)
    if evaluates and scenario.shape.share and not found.events:
        return "no evaluation event arrived"
    return ""


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of all do not exceed; not a number for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")
