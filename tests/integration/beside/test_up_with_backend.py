"""The processor and the backend as one product: what is sent to one is found in the other, whatever dies between."""

import os
import re
import signal
from pathlib import Path

import pytest

from otel_evals.testing.builders import chat_attributes, make_span, traces_body
from tests.integration.beside.conftest import answers, kept, send, until

SPANS = 30


def body(number: int) -> bytes:
    """A call of a model and, in the same trace, a span that is none."""
    return traces_body(
        make_span({"http.route": "/a"}, trace=number, span=1),
        make_span(chat_attributes(), trace=number, span=2, parent=1),
    )


def endpoint(up) -> str:
    return up.until(r"OTEL_EXPORTER_OTLP_ENDPOINT=(http://\S+)")[1]


def test_what_is_sent_is_kept_and_both_end_well(up):
    running = up()
    pages = running.until(r"pages (http://127\.0\.0\.1:[1-9]\d+)")[1]
    target = endpoint(running)
    for number in range(1, SPANS + 1):
        send(target, "/v1/traces", body(number))
    until(lambda: kept(running.data)[0] == SPANS, f"all in the database: {kept(running.data)}, {running.said}")
    assert kept(running.data)[1] >= SPANS
    assert running.stop() == 0
    assert not answers(pages)
    assert f"{2 * SPANS} spans received" in running.said
    assert re.search(rf"backend: {SPANS} forwarded, 0 waiting, 0 dropped", running.said)
    assert "level=" not in running.said


def test_a_killed_backend_comes_back_on_its_address_and_nothing_is_lost_or_doubled(up):
    running = up()
    pages, target = running.until(r"pages (\S+)")[1], endpoint(running)
    for number in range(1, SPANS + 1):
        send(target, "/v1/traces", body(number))
        if number % 10 == 0:
            first = until(running.backend_pid, "a backend")
            os.kill(first, signal.SIGKILL)
            until(lambda first=first: running.backend_pid() not in (None, first), "another backend")
    until(lambda: kept(running.data)[0] == SPANS, f"all in the database: {kept(running.data)}, {running.said}")
    assert answers(pages)
    results = kept(running.data)[1]
    send(target, "/v1/traces", body(SPANS + 1))
    until(lambda: kept(running.data)[0] == SPANS + 1, "one more")
    assert kept(running.data)[1] - results == results / SPANS
    assert running.stop() == 0
    assert kept(running.data)[0] == SPANS + 1


def test_the_backend_ends_with_a_program_that_is_killed(up):
    running = up()
    pages = running.until(r"pages (\S+)")[1]
    pid = until(running.backend_pid, "a backend")
    running.process.kill()
    until(lambda: not Path(f"/proc/{pid}").exists() or not answers(pages), "the end of the backend")


def test_while_the_backend_is_away_forwarding_goes_on_and_its_copy_waits(run, free_port):
    hop = ("--grpc", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--http", f"127.0.0.1:{free_port}")
    pages = f"127.0.0.1:{free_port + 1}"
    running = run("up", *hop, "--backend", f"http://{pages}")
    target = endpoint(running)
    for number in range(1, SPANS + 1):
        send(target, "/v1/traces", body(number))
    running.until(rf"backend 0 forwarded, {SPANS} waiting")
    assert running.stop() == 0
    assert f"{SPANS} waiting" in running.said
    backend = run("backend", "--listen", pages)
    backend.until(r"otel-evals backend: http")
    again = run("up", *hop, "--backend", f"http://{pages}")
    until(lambda: kept(again.data)[0] == SPANS, f"what waited: {kept(again.data)}, {again.said}")
    assert again.stop() == 0
    assert backend.stop() == 0


def test_with_log_in_the_first_administrator_is_invited_and_results_still_come(up, tmp_path):
    (tmp_path / "otel-evals.yaml").write_text("backend: {access: {login: true}}")
    running = up()
    running.until(r"first administrator comes by http://127\.0\.0\.1:\d+/invite/\S+")
    send(endpoint(running), "/v1/traces", body(1))
    until(lambda: kept(running.data)[0] == 1, f"the span: {running.said}")
    assert running.stop() == 0


def test_without_a_backend_there_is_none(up):
    running = up("--no-backend")
    endpoint(running)
    assert running.backend_pid() is None
    assert "pages" not in running.said
    assert running.stop() == 0
    assert not (running.data / "backend").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_backend_alone_ends_well(run, number):
    backend = run("backend", "--listen", "127.0.0.1:0")
    pages = backend.until(r"otel-evals backend: (http\S+)")[1]
    assert answers(pages)
    assert backend.stop(number) == 0


def test_a_taken_address_and_a_wrong_database_are_told_in_a_line(run, free_port):
    first = run("backend", "--listen", f"127.0.0.1:{free_port}")
    first.until(r"otel-evals backend: http")
    for words, message in (
        (("--listen", f"127.0.0.1:{free_port}"), f"cannot listen on 127.0.0.1:{free_port}: Address already in use"),
        (("--listen", "127.0.0.1:0", "--database", "mysql://a:hunter2@b/c"), "mysql is not supported"),
    ):
        second = run("backend", *words)
        assert second.process.wait(60) == 2
        until(lambda second=second, message=message: message in second.said, second.said)
        assert second.said.count("\n") == 1
        assert "hunter2" not in second.said
