"""People's labels on their way: given at the backend, sent to the processor, found in the telemetry that it forwards.

What comes back to the backend, which is a destination of the same processor, changes nothing there.
"""

import asyncio
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_evals.records.signal import Signal
from otel_evals.testing.builders import chat_attributes, make_span, traces_body
from otel_evals.testing.sinks import HttpSink
from tests.integration.beside.conftest import environment, kept, send, until

LABELS = 10
LEAKS = "Write to jane.doe@example.com or call +49 30 1234567; her card is 4111 1111 1111 1111."


@pytest.fixture
def next_hop() -> Iterator[HttpSink]:
    """A next hop in a thread of its own, since a browser is driven from the test's."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    sink = HttpSink()
    asyncio.run_coroutine_threadsafe(sink.__aenter__(), loop).result(20)
    yield sink
    asyncio.run_coroutine_threadsafe(sink.__aexit__(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)
    loop.close()


def configure(folder: Path, sink: HttpSink, **sections: Any) -> None:
    forward = [{"name": "next", "url": sink.url}]
    (folder / "otel-evals.yaml").write_text(json.dumps({"forward": forward, **sections}))


def human_results(sink: HttpSink) -> list[tuple[Any, dict[str, Any]]]:
    """Every span with a person's result that the next hop got, with its attributes."""
    found: list[tuple[Any, dict[str, Any]]] = []
    for request in list(sink.accepted):
        if request.signal is not Signal.TRACES:
            continue
        for resource in ExportTraceServiceRequest.FromString(request.body).resource_spans:
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                said = {one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in span.attributes}
                if said.get("otel_evals.evaluator.type") == "human":
                    found.append((span, said))
    return found


def database(data: Path) -> Path:
    return next(
        path for path in (data / "backend" / "evals.db", data / "demo" / "backend" / "evals.db") if path.exists()
    )


def kept_labels(data: Path) -> list[sqlite3.Row]:
    """The labels with the results that they are."""
    with closing(sqlite3.connect(f"file:{database(data)}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(
            "SELECT l.id, l.span, l.metric, l.verdict, l.reviewer, l.probability, l.label_probability, l.purposive,"
            " l.blind, l.rubric_version, l.at_ns, r.label, r.score, r.at_ns AS result_at, r.probability AS result_pi,"
            " r.label_probability AS result_pi2, r.purposive AS result_purposive"
            " FROM labels l LEFT JOIN (SELECT results.*, evaluators.name, evaluators.version AS v, evaluators.type,"
            " evaluators.evaluator_id FROM results JOIN evaluators ON evaluators.id = results.evaluator) r"
            " ON r.span = l.span AND r.name = l.metric AND r.type = 'human' AND r.evaluator_id = l.reviewer"
            " ORDER BY l.id"
        ).fetchall()


def counted(data: Path) -> tuple[int, int, int]:
    """People's results, labels counted on spans, and how often a label's own span was taken for a call."""
    with closing(sqlite3.connect(f"file:{database(data)}?mode=ro", uri=True)) as connection:
        people = "SELECT count(*) FROM results JOIN evaluators ON evaluators.id = evaluator WHERE type = 'human'"
        echoes = "SELECT count(*) FROM spans WHERE name LIKE 'evaluate %'"
        return (
            connection.execute(people).fetchone()[0],
            connection.execute("SELECT coalesce(sum(labels), 0) FROM spans").fetchone()[0],
            connection.execute(echoes).fetchone()[0],
        )


def ask(url: str, body: Any = None, **headers: str) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json", **headers})  # noqa: S310 - our own port
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our own port
        return json.load(answer)


def asked(url: str, part: str, body: Any = None) -> Any:
    """One part of an answer; None while nobody answers there yet."""
    try:
        return ask(url, body)[part]
    except urllib.error.HTTPError:
        raise
    except OSError:
        return None


def holds_what_people_said(sink: HttpSink, data: Path) -> None:
    """Each decided label is in the forwarded telemetry, once, as a late child of its call, with its probabilities."""
    arrived = human_results(sink)
    rows = {(row["span"], row["metric"]): row for row in kept_labels(data) if row["verdict"] != "unsure"}
    assert Counter((span.trace_id + span.parent_span_id, said["gen_ai.evaluation.name"]) for span, said in arrived) == (
        Counter(list(rows))
    )
    assert len({span.span_id for span, _ in arrived}) == len(arrived)
    for span, said in arrived:
        row = rows[span.trace_id + span.parent_span_id, said["gen_ai.evaluation.name"]]
        assert said["gen_ai.evaluation.score.label"] == row["verdict"]
        assert (said["otel_evals.evaluator.id"], said["otel_evals.evaluator.version"]) == (
            row["reviewer"],
            row["rubric_version"],
        )
        assert said["otel_evals.sampling.probability"] == (1.0 if row["probability"] is None else row["probability"])
        assert said.get("otel_evals.label.probability") == row["label_probability"]
        assert said.get("otel_evals.label.purposive", False) == bool(row["purposive"])
        assert bool(row["purposive"]) == (row["label_probability"] is None)


def test_a_label_given_by_the_api_is_forwarded_once_and_its_echo_changes_nothing(up, next_hop, tmp_path):
    configure(tmp_path, next_hop)
    running = up()
    pages = running.until(r"pages (http://\S+)")[1]
    target = running.until(r"OTEL_EXPORTER_OTLP_ENDPOINT=(http://\S+)")[1]
    send(target, "/v1/traces", traces_body(make_span(chat_attributes(answer=LEAKS), trace=1, span=2)))
    until(lambda: kept(running.data)[0] == 1, "the call")
    review = f"{pages}/api/v1/review"
    item = until(lambda: asked(f"{review}/next", "id", {}), "an item")
    ask(f"{review}/items/{item}/label", {"verdict": "fail", "reasons": ["harmful"]}, **{"Idempotency-Key": "one"})
    until(lambda: human_results(next_hop), f"the label at the next hop: {running.said}")
    before = [tuple(row) for row in kept_labels(running.data)]
    assert running.stop() == 0
    assert re.search(r"backend: [\d\s]+ forwarded, 0 waiting", running.said), running.said
    holds_what_people_said(next_hop, running.data)
    assert [tuple(row) for row in kept_labels(running.data)] == before
    assert counted(running.data) == (1, 1, 0)


@pytest.mark.takes_long
@pytest.mark.timeout(300)
def test_ten_labels_given_by_keyboard_in_the_demo_are_in_the_forwarded_telemetry_once(up, next_hop, tmp_path):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on the path: nobody presses keys (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - where there is a browser

    configure(tmp_path, next_hop)
    running = up("--demo")
    pages = running.until(r"pages (http://\S+)")[1]
    until(lambda: asked(f"{pages}/api/v1/spans", "items"), "evaluated calls")
    until(lambda: ask(f"{pages}/api/v1/review/queue")["for_me"] > LABELS + 3, "a queue")
    until(lambda: ask(f"{pages}/api/v1/spans?feedback=negative")["items"], "feedback")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(base_url=pages)
        page.goto("/review")
        page.keyboard.press("Enter")
        item = ""
        for number in range(LABELS):
            page.wait_for_function(
                "old => { const a = document.querySelector('[data-review]'); return a && a.dataset.item !== old; }",
                arg=item,
            )
            item = page.locator("[data-review]").get_attribute("data-item") or ""
            for key in ("p",) if number % 2 else ("f", "1", "Enter"):
                page.keyboard.press(key)
            page.wait_for_selector("[data-reveal]")
            page.keyboard.press("Enter")
        browser.close()
    until(lambda: len(human_results(next_hop)) >= LABELS, f"the labels at the next hop: {running.said}")
    before = [tuple(row) for row in kept_labels(running.data)]
    assert len(before) == LABELS
    assert running.stop() == 0
    assert re.search(r"backend: [\d\s]+ forwarded, 0 waiting", running.said), running.said
    holds_what_people_said(next_hop, running.data)
    assert [tuple(row) for row in kept_labels(running.data)] == before
    assert counted(running.data) == (LABELS, LABELS, 0)
    whole = subprocess.run(
        [sys.executable, "-m", "otel_evals", "backend", "check", "--database", f"sqlite:///{database(running.data)}"],
        capture_output=True, text=True, cwd=tmp_path, env=environment(), timeout=120, check=False,
    )  # fmt: skip
    assert whole.returncode == 0, whole.stdout + whole.stderr
