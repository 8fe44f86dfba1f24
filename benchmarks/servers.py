"""Starts and stops what is measured: the bare server, ours, the Collector, each fresh and on free loopback ports.

Called by `measure`, `memory`, `decide`, `sampling` and `judges`.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

import msgspec

from otel_evals.builtin import CHECKS

HERE: Final = Path(__file__).parent
_READY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 40.0


class Kind(StrEnum):
    """What can be measured."""

    BARE = "bare"
    OURS = "ours"
    COLLECTOR = "collector"


class Variant(msgspec.Struct, frozen=True):
    """One thing that is measured against the others."""

    name: str
    kind: Kind
    checks: bool = True
    """All default checks, or every one off."""
    workers: int = 1
    sections: dict[str, Any] = {}
    """Ours only: further sections of the configuration."""


class Running(msgspec.Struct, frozen=True):
    """A started server."""

    pid: int
    ports: dict[str, int]
    """By protocol, `grpc` and `http`; the bare server has one of them. Ours has `metrics` too."""
    config: Path | None = None
    """Ours only: its configuration."""


def end_children_on_sigterm() -> None:
    """Let SIGTERM unwind this process, so that what it started ends with it."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody has at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


@contextmanager
def child(*command: str | Path, log: Path) -> Generator[subprocess.Popen[str]]:
    """A process with pipes that is terminated at the end, and killed if it does not obey; stderr goes to `log`.

    Variables that configure OpenTelemetry or the processor are kept from it: only what a benchmark says counts.
    """
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("OTEL_")},
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _said(log: Path) -> str:
    """The end of a log."""
    return log.read_text(errors="replace")[-1500:] if log.exists() else ""


def first_line(process: subprocess.Popen[str]) -> str:
    """The first line that a child prints: its port, or that it is ready."""
    assert process.stdout is not None  # noqa: S101 - `child` pipes it
    line = process.stdout.readline().strip()
    if not line:
        raise RuntimeError(f"{process.args!r} ended at its start; its log says why")
    return line


def wait_for_ports(process: subprocess.Popen[str], ports: Sequence[int], log: Path) -> None:
    """Wait until all ports accept connections. Raises RuntimeError when the process ends or takes too long."""
    deadline = time.monotonic() + _READY_SECONDS
    for port in ports:
        while True:
            if process.poll() is not None:
                raise RuntimeError(f"{process.args!r} ended with {process.returncode}: {_said(log)}")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{process.args!r} does not listen on {port}") from None
                time.sleep(0.05)


@contextmanager
def start(
    variant: Variant, protocol: str, sink_port: int, folder: Path, collector: Path | None = None
) -> Generator[Running]:
    """The variant, listening. What it forwards goes to the sink; files and logs go to `folder`."""
    log = folder / f"{variant.kind}.log"
    if variant.kind is Kind.BARE:
        with child(sys.executable, HERE / "bare.py", protocol, log=log) as process:
            yield Running(process.pid, {protocol: int(first_line(process))})
        return
    grpc, http, metrics = free_ports(3)
    config = None
    if variant.kind is Kind.COLLECTOR:
        if collector is None:
            raise ValueError("no Collector was given")
        command: list[str | Path] = [collector, "--config", _collector_config(folder, grpc, http, sink_port)]
    else:
        config = _our_config(variant, folder, (grpc, http, metrics), sink_port)
        command = [sys.executable, "-m", "otel_evals", "processor", "--config", config]
    with child(*command, log=log) as process:
        wait_for_ports(process, (grpc, http), log)
        yield Running(process.pid, {"grpc": grpc, "http": http, "metrics": metrics}, config)


@contextmanager
def judge_server(folder: Path, *, latency: float = 0.0, tpr: float = 1.0, tnr: float = 1.0) -> Generator[str]:
    """The scripted judge server in a process of its own; its base address."""
    command = (sys.executable, "-m", "otel_evals.testing.judge_server")
    options = ("--latency", str(latency), "--tpr", str(tpr), "--tnr", str(tnr))
    with child(*command, *options, log=folder / "judge.log") as process:
        yield first_line(process).rsplit(" ", 1)[1]


def page(port: int, path: str = "/metrics") -> str:
    """The text of a page on a loopback port."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def _our_config(variant: Variant, folder: Path, ports: tuple[int, int, int], sink_port: int) -> Path:
    grpc, http, metrics = (f"127.0.0.1:{port}" for port in ports)
    settings = {
        "receive": {"grpc": {"listen": grpc}, "http": {"listen": http}},
        "forward": [{"url": f"http://127.0.0.1:{sink_port}"}],
        "metrics": {"listen": metrics, **({"cache": "0s"} if variant.sections else {})},
        "checks": {} if variant.checks else {name: {"enabled": False} for name in CHECKS},
        "data": str(folder / f"data-{ports[0]}"),
        "workers": variant.workers,
        "log": {"level": "warning"},
        **variant.sections,
    }
    file = folder / f"ours-{ports[0]}.yaml"
    file.write_text(json.dumps(settings))  # JSON is YAML
    return file


def _collector_config(folder: Path, grpc: int, http: int, sink_port: int) -> Path:
    text = (HERE / "collector" / "config.yaml").read_text()
    for name, port in (("@GRPC@", grpc), ("@HTTP@", http), ("@SINK@", sink_port)):
        text = text.replace(name, str(port))
    file = folder / f"collector-{grpc}.yaml"
    file.write_text(text)
    return file
