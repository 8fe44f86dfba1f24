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
PAGES = ["--backend-listen", "127.0.0.1:0"]


def clean_environment() -> dict[str, str]:
    left_out = {"CI", "NO_COLOR", "OPENAI_API_KEY"}
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_") and k not in left_out}
    return {**kept, "TERM": "xterm-256color"}


class OnPipe:
    """A run whose standard output is read line by line."""

    def __init__(self, folder, *flags: str) -> None:
        self.process = subprocess.Popen(
            [*UP, *METRICS, *PAGES, "--data", str(folder), *flags],
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


def test_the_demo_sends_real_traffic_whose_failures_are_told_and_that_a_scripted_judge_judges(run):
    label = r"scripted judge, errs on purpose: TPR 0\.90, TNR 0\.85"
    up = run("--demo")
    up.until(label)
    page = up.until(r"metrics (http://[^\s,]+)")[1]
    up.until(r"judges faithfulness, answer_relevance, instruction_following, faithfulness_next \(shadow\): " + label)
    up.until(r"[1-9]\d* calls, [1-9]")
    up.until(r"first failure of \w+: .+ trace [0-9a-f]{32}")
    up.until(r"judges: .*faithfulness .*[1-9]\d* judged.*spent today \$0\.0\d+ of \$2\.00")
    metrics = urllib.request.urlopen(page, timeout=10).read().decode()  # noqa: S310 - our own page
    assert 'service_name="support-assistant"' in metrics
    answered = re.findall(r'otel_evals_judge_cost[^\n]*gen_ai_response_model="([^"]*)"', metrics)
    assert {"scripted-judge-1"} <= set(answered) <= {"scripted-judge-1", "scripted-judge-2"}
    code, out, err = up.end()
    assert (code, err) == (0, "")
    assert re.search(r"[1-9]\d* GenAI calls", out)
    assert "answered" in out
    assert re.search(r"Judges  " + label, out)
    assert re.search(r"faithfulness .*[1-9]\d* judged", out)
    assert "How to go on" in out


@pytest.mark.takes_long
def test_the_demo_asks_a_real_endpoint_within_a_budget_that_it_states_first(run):
    with subprocess.Popen(
        [sys.executable, "-m", "otel_evals.testing.judge_server", "--until-stdin-closes"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        found = re.search(r"http://\S+", server.stdout.readline())
        assert found is not None
        up = run("--demo", "--judge-url", found[0], "--judge-model", "gpt-4.1-nano")
        up.until(r"judges: gpt-4.1-nano at 127\.0\.0\.1 .*without a key")
        up.until(r"at most \$0\.05 a day")
        up.until("demo traffic starts")
        up.until(r"judges: .*[1-9]\d* judged.*spent today \$0\.0\d+ of \$0\.05")
        assert up.end()[0] == 0
        assert server.stdin is not None
        server.stdin.close()


def test_without_judges_the_demo_says_nothing_of_any(run):
    up = run("--demo", "--no-judge")
    up.until("demo traffic starts")
    code, out, _ = up.end()
    assert code == 0
    assert "judge" not in "".join([*up.lines, out]).lower()


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


@pytest.mark.takes_long
def test_with_several_workers_rates_are_shown(run, free_port):
    up = run("--demo", "--workers", "2", "--grpc", f"127.0.0.1:{free_port}", "--http", f"127.0.0.1:{free_port + 1}")
    up.until("2 workers")
    up.until(r"[1-9]\d* calls, [1-9]")
    up.until(r"judges: .*[1-9]\d* judged.*spent today \$0\.0\d+ of \$2\.00")
    code, out, _ = up.end()
    assert code == 0
    assert re.search(r"[1-9]\d* GenAI calls", out)


@pytest.mark.parametrize("flag", ["--grpc", "--http", "--metrics", "--backend-listen"])
def test_a_taken_port_is_one_clear_line_with_the_way_out(flag, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        ended = subprocess.run(
            [*UP, *METRICS, *PAGES, "--data", str(tmp_path), flag, address],
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
            [*UP, *METRICS, *PAGES, "--data", str(folder), *flags],
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
    up.until(r"scripted judge, errs on purpose")
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
