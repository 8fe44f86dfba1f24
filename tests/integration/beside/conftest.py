"""`otel-evals up` and `otel-evals backend` as real processes on free ports, ended whatever becomes of a test."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

PATIENCE = 60.0
_LOOK = 0.1
_MINE = ("OTEL_EVALS_POSTGRES", "OTEL_EVALS_RECORDINGS", "OTEL_EVALS_CHECK_ROWS")


def environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k in _MINE or not k.startswith("OTEL_")}
    return {k: v for k, v in kept.items() if k not in ("OPENAI_API_KEY", "CI")}


def until(condition: Callable[[], object], what: str):
    """The first true value of `condition`, looked at again and again."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {PATIENCE} s: {what}"
        time.sleep(_LOOK)
    return found


class Program:
    """One run of the command line, with what it says."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.said = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "otel_evals", *words, "--data", str(self.data)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder, env=environment(),
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line

    def until(self, pattern: str) -> re.Match[str]:
        def look() -> re.Match[str] | None:
            found = re.search(pattern, self.said)
            assert found or self.process.poll() is None, f"it ended: {self.said}"
            return found

        return until(look, f"{pattern} in {self.said}")

    def backend_pid(self) -> int | None:
        """Process id of the backend that it runs beside."""
        pid = self.process.pid
        with suppress(OSError):
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                if b"\0backend\0" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
        return None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.end()

    def end(self) -> int:
        """Wait for its end and its last words; the exit code."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


@pytest.fixture
def run(tmp_path) -> Iterator[Callable[..., Program]]:
    """`run("up", "--http", …)`; all runs of a test share a folder."""
    started: list[Program] = []

    def start(*words: str) -> Program:
        started.append(Program(tmp_path, *words))
        return started[-1]

    yield start
    for program in started:
        program.process.kill()
        program.end()


@pytest.fixture
def up(run) -> Callable[..., Program]:
    """`otel-evals up` on free ports."""
    free = "127.0.0.1:0"
    words = ("up", "--grpc", free, "--http", free, "--metrics", free, "--backend-listen", free)
    return lambda *more: run(*words, *more)


def send(endpoint: str, path: str, body: bytes) -> None:
    """POST one OTLP body; it must be accepted."""
    request = urllib.request.Request(  # noqa: S310 - our own port
        f"{endpoint}{path}", data=body, headers={"content-type": "application/x-protobuf"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our own port
        assert answer.status == 200


def answers(url: str) -> bool:
    """Whether anybody answers there."""
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own port
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def kept(data: Path) -> tuple[int, int]:
    """Evaluated spans and results in the database of a data folder."""
    with (
        suppress(sqlite3.OperationalError),
        closing(sqlite3.connect(f"file:{data / 'backend' / 'evals.db'}?mode=ro", uri=True)) as database,
    ):
        spans = database.execute("SELECT count(*) FROM spans").fetchone()[0]
        return spans, database.execute("SELECT count(*) FROM results").fetchone()[0]
    return 0, 0
