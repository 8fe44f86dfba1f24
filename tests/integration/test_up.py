"""`otel-evals up` as its users run it: a real process, on a pipe and on a terminal."""

import fcntl
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import urllib.request
from collections.abc import Iterator

import pytest

UP = [sys.executable, "-m", "otel_evals", "up", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]
METRICS = ["--metrics", "127.0.0.1:0"]


def clean_environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_") and k not in {"CI", "NO_COLOR"}}
    return {**kept, "TERM": "xterm-256color"}


class OnPipe:
    """A run whose standard output is read line by line."""

    def __init__(self, folder, *flags: str) -> None:
        self.process = subprocess.Popen(
            [*UP, *METRICS, "--data", str(folder), *flags],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment(), cwd=folder,
        )  # fmt: skip
        self.lines: list[str] = []

    def until(self, pattern: str) -> re.Match[str]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"{pattern} never came: {self.lines} {self.process.communicate()}")

    def end(self) -> tuple[int, str, str]:
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=40)
        return self.process.returncode, out, err


@pytest.fixture
def run(tmp_path) -> Iterator:
    started: list[OnPipe] = []

    def start(*flags: str) -> OnPipe:
        started.append(OnPipe(tmp_path, *flags))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()


def test_the_demo_sends_real_traffic_whose_failures_are_told(run):
    up = run("--demo")
    page = up.until(r"metrics (http://[^\s,]+)")[1]
    up.until(r"[1-9]\d* calls, [1-9]")
    up.until(r"first failure of \w+: .+ trace [0-9a-f]{32}")
    metrics = urllib.request.urlopen(page, timeout=10).read().decode()  # noqa: S310 - our own page
    assert 'service_name="support-assistant"' in metrics
    code, out, err = up.end()
    assert (code, err) == (0, "")
    assert re.search(r"[1-9]\d* GenAI calls", out)
    assert "answered" in out
    assert "How to go on" in out


def test_without_the_demo_it_says_how_to_send_traffic_and_waits(run):
    up = run()
    endpoint = up.until(r"OTEL_EXPORTER_OTLP_ENDPOINT=(http://127\.0\.0\.1:[1-9]\d+)")[1]
    up.until(r"up --demo")
    request = urllib.request.Request(  # noqa: S310 - our own port
        f"{endpoint}/v1/traces", data=b"", headers={"content-type": "application/x-protobuf"}
    )
    assert urllib.request.urlopen(request, timeout=10).status == 200  # noqa: S310 - our own port
    code, out, err = up.end()
    assert (code, err) == (0, "")
    assert "0 spans received" in out


def test_with_several_workers_rates_are_shown(run, free_port):
    up = run("--demo", "--workers", "2", "--grpc", f"127.0.0.1:{free_port}", "--http", f"127.0.0.1:{free_port + 1}")
    up.until("2 workers")
    up.until(r"[1-9]\d* calls, [1-9]")
    code, out, _ = up.end()
    assert code == 0
    assert re.search(r"[1-9]\d* GenAI calls", out)


@pytest.mark.parametrize("flag", ["--grpc", "--http", "--metrics"])
def test_a_taken_port_is_one_clear_line_with_the_way_out(flag, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        ended = subprocess.run(
            [*UP, *METRICS, "--data", str(tmp_path), flag, address],
            capture_output=True, text=True, env=clean_environment(), timeout=40, check=False,
        )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr == (
        f"otel-evals: {address} is taken by another program; stop it, "
        f"or let the system choose a free port: {flag} 127.0.0.1:0\n"
    )


class OnTerminal:
    """A run on a terminal of 80 by 24."""

    def __init__(self, folder, *flags: str, **environment: str) -> None:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            [*UP, *METRICS, "--data", str(folder), *flags],
            stdin=theirs, stdout=theirs, stderr=theirs, env=clean_environment() | environment, cwd=folder,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.shown = ""

    def until(self, pattern: str) -> None:
        while not re.search(pattern, self.shown):
            self.shown += self._read()

    def rest(self) -> str:
        try:
            while True:
                self.shown += self._read()
        except OSError:  # the other side has closed
            return self.shown

    def _read(self) -> str:
        return os.read(self.ours, 1 << 16).decode(errors="replace")


@pytest.fixture
def on_terminal(tmp_path) -> Iterator:
    started: list[OnTerminal] = []

    def start(*flags: str, **environment: str) -> OnTerminal:
        started.append(OnTerminal(tmp_path, *flags, **environment))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()


def test_a_terminal_gets_the_live_view_and_afterwards_itself_back(on_terminal):
    up = on_terminal("--demo")
    up.until(r"Pass rate by check")
    up.process.send_signal(signal.SIGINT)
    shown = up.rest()
    assert up.process.wait(40) == 0
    before, _, after = shown.rpartition("\x1b[?1049l")
    assert "\x1b[?1049h" in before
    assert "GenAI calls" in after
    assert "How to go on" in after


def test_a_terminal_that_wants_no_colour_gets_lines(on_terminal):
    up = on_terminal(NO_COLOR="1")
    up.until(r"Point your application here")
    up.process.send_signal(signal.SIGINT)
    assert "\x1b[" not in up.rest()
    assert up.process.wait(40) == 0


def test_it_ends_with_its_terminal(on_terminal):
    up = on_terminal("--demo")
    up.until(r"Pass rate by check")
    up.process.send_signal(signal.SIGHUP)
    up.rest()
    assert up.process.wait(40) == 0
