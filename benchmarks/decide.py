"""How long a decision in flight takes: `otel_evals.decide` in process, and `POST /v1/decide` on a running processor.

    uv run benchmarks/decide.py

4 kB of content a question, one question after the other (an application waits for its answer). Goal: p99 at most 5 ms.
"""

import http.client
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from measure import percentile
from servers import HERE, Kind, Variant, child, end_children_on_sigterm, first_line, start
from texts import conversation

from otel_evals import decide

_CONTENT: Final = 4096
_QUESTIONS: Final = 2000
_WARM_UP: Final = 100
_GOAL_MS: Final = 5.0


def questions() -> list[dict[str, Any]]:
    """Distinct questions with documents and an answer."""
    rng = random.Random(7)  # noqa: S311 - reproducible, no secret
    return [_question(rng) for _ in range(_QUESTIONS + _WARM_UP)]


def _question(rng: random.Random) -> dict[str, Any]:
    said = conversation(rng, _CONTENT)
    messages = [{"role": "system", "content": said.system}, {"role": "user", "content": said.question}]
    return {"messages": messages, "output": said.answer, "model": "gpt-4.1", "prompt": "support"}


def timed(ask: Callable[[dict[str, Any]], bool]) -> list[float]:
    """Milliseconds of each question behind the warm-up. Raises RuntimeError when one was not decided."""
    found: list[float] = []
    for question in questions():
        begun = time.perf_counter()
        decided = ask(question)
        found.append(1e3 * (time.perf_counter() - begun))
        if not decided:
            raise RuntimeError("a decision failed open")
    return found[_WARM_UP:]


def in_process() -> list[float]:
    """Through the function."""
    return timed(lambda question: decide(**question).decided)


def over_http(folder: Path) -> list[float]:
    """Through the processor, on one kept connection."""
    with (
        child(sys.executable, HERE / "sink.py", log=folder / "sink.log") as sink,
        start(Variant("ours", Kind.OURS), "http", int(first_line(sink)), folder) as server,
    ):
        connection = http.client.HTTPConnection("127.0.0.1", server.ports["http"], timeout=10)

        def ask(question: dict[str, Any]) -> bool:
            connection.request("POST", "/v1/decide", msgspec.json.encode(question))
            return bool(msgspec.json.decode(connection.getresponse().read())["decided"])

        return timed(ask)


def main() -> None:
    """Print the table."""
    end_children_on_sigterm()
    with tempfile.TemporaryDirectory(prefix="otel-evals-bench-") as folder:
        found = {"otel_evals.decide": in_process(), "POST /v1/decide": over_http(Path(folder))}
    print(f"{_QUESTIONS} questions of {_CONTENT} characters, goal: p99 at most {_GOAL_MS} ms\n")
    print("| way | p50 ms | p99 ms | most ms |\n| --- | --- | --- | --- |")
    for way, values in found.items():
        print(f"| {way} | {percentile(values, 0.5):.2f} | {percentile(values, 0.99):.2f} | {max(values):.2f} |")


if __name__ == "__main__":
    main()
