"""The application's side: one line, never an exception, never a wait, nothing twice, no text that was not asked for."""

import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider

from otel_evals.feedback import Feedback
from otel_evals.text.distance import edit_distance


class Backend:
    """Hears what is posted; `statuses` are its next answers, then 202."""

    def __init__(self):
        self.heard = []
        self.keys = []
        self.statuses = []
        self.allowed = threading.Event()
        self.allowed.set()
        backend = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                backend.allowed.wait(10)
                status = backend.statuses.pop(0) if backend.statuses else 202
                status = status(body) if callable(status) else status
                if status == 202:
                    backend.heard += body
                    backend.keys.append((self.path, self.headers["authorization"]))
                self.send_response(status)
                if status == 302:
                    self.send_header("location", "/elsewhere")
                self.send_header("retry-after", "0")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.allowed.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def backend():
    made = Backend()
    yield made
    made.close()


@pytest.fixture
def feedback(backend):
    return Feedback(backend.url, "oepk_shop")


def test_a_signal_arrives_with_its_key_and_an_id(backend, feedback):
    assert feedback("thumbs_down", response_id="r1", comment="No.")
    assert feedback.flush(5)
    (signal,) = backend.heard
    assert (signal["signal"], signal["response_id"], signal["comment"]) == ("thumbs_down", "r1", "No.")
    assert len(signal["id"]) == 32
    assert signal["at"] > 1_600_000_000
    assert backend.keys == [("/v1/feedback", "Bearer oepk_shop")]


def test_inside_of_a_span_it_is_about_the_span(backend, feedback):
    with TracerProvider(shutdown_on_exit=False).get_tracer("t").start_as_current_span("call") as span:
        assert feedback("copy")
        context = span.get_span_context()
    feedback("copy", trace_id=context.trace_id, span_id=context.span_id)
    assert feedback.flush(5)
    ids = {(one["trace_id"], one["span_id"]) for one in backend.heard}
    assert ids == {(f"{context.trace_id:032x}", f"{context.span_id:016x}")}
    assert len(backend.heard) == 2


@pytest.mark.parametrize(
    ("signal", "more"),
    [("like", {"response_id": "r"}), ("copy", {}), ("copy", {"response_id": "r", "at": "now"}), (None, {})],
)
def test_a_mistake_costs_a_log_line_and_no_more(feedback, caplog, signal, more):
    assert feedback(signal, **more) is False
    assert feedback(signal, **more) is False
    assert len(caplog.records) == 1


def test_without_an_address_nothing_goes_anywhere(monkeypatch, caplog):
    monkeypatch.delenv("OTEL_EVALS_FEEDBACK_URL", raising=False)
    assert Feedback()("copy", response_id="r") is False
    assert "OTEL_EVALS_FEEDBACK_URL" in caplog.text
    assert Feedback("ftp://host")("copy", response_id="r") is False


def test_the_environment_says_where_to(backend, monkeypatch):
    monkeypatch.setenv("OTEL_EVALS_FEEDBACK_URL", f"{backend.url}/v1/feedback")
    monkeypatch.setenv("OTEL_EVALS_FEEDBACK_KEY", "oepk_env")
    made = Feedback()
    assert made("copy", response_id="r")
    assert made.flush(5)
    assert backend.keys == [("/v1/feedback", "Bearer oepk_env")]


def test_an_edit_sends_a_distance_and_no_text(backend, feedback):
    feedback("edit", before="The kitten sleeps.", after="The sitting sleeps.", response_id="r")
    assert feedback.flush(5)
    (signal,) = backend.heard
    assert signal["value"] == {"before_length": 18, "after_length": 19, "distance": 3}
    assert "sitting" not in repr(signal)


def test_an_edit_sends_its_text_when_asked(backend, feedback):
    feedback("edit", before="a", after="better", response_id="r", send_text=True)
    assert feedback.flush(5)
    assert [(one["signal"], one.get("value")) for one in backend.heard][1] == ("correction", "better")


def test_a_full_queue_drops_what_comes_and_nobody_waits(backend):
    made = Feedback(backend.url, "", waiting=3)
    backend.allowed.clear()
    assert made("copy", response_id="first")
    taken = [made("copy", response_id=str(number)) for number in range(10)]
    assert taken.count(True) <= 5  # three that wait, and at most as many on their way
    backend.allowed.set()
    assert made.flush(5)
    assert len(backend.heard) == 1 + taken.count(True)


def test_what_may_help_is_sent_again_under_the_same_id(backend, feedback):
    backend.statuses = [503, 429]
    feedback("copy", response_id="r")
    assert feedback.flush(10)
    assert len(backend.heard) == 1


@pytest.mark.parametrize("status", [401, 403, 302])
def test_what_is_refused_is_not_sent_again_and_said_once(backend, feedback, caplog, status):
    backend.statuses = [status, status]
    for _ in range(2):
        feedback("copy", response_id="r")
        assert feedback.flush(5)
    assert backend.heard == []
    assert [record.getMessage() for record in caplog.records] == [
        f"feedback is refused with {status}: see to OTEL_EVALS_FEEDBACK_URL and OTEL_EVALS_FEEDBACK_KEY"
    ]


def test_one_that_is_no_good_does_not_cost_the_others(backend, feedback):
    def judge(body):
        return 400 if any(one["response_id"] == "bad" for one in body) else 202

    backend.statuses = [judge] * 20
    backend.allowed.clear()
    for name in ("a", "b", "bad", "c"):
        feedback("copy", response_id=name)
    backend.allowed.set()
    assert feedback.flush(5)
    assert sorted(one["response_id"] for one in backend.heard) == ["a", "b", "c"]


def test_many_threads_report_at_once(backend, feedback):
    def report(name):
        for number in range(20):
            feedback("copy", response_id=f"{name}-{number}")

    threads = [threading.Thread(target=report, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert feedback.flush(10)
    assert len({one["response_id"] for one in backend.heard}) == 160


def run(program, backend):
    environ = {**os.environ, "OTEL_EVALS_FEEDBACK_URL": backend.url, "OTEL_EVALS_FEEDBACK_KEY": "oepk_x"}
    return subprocess.run(
        [sys.executable, "-c", program], env=environ, timeout=60, capture_output=True, text=True, check=True
    )


def test_what_is_left_at_the_end_of_the_process_is_sent(backend):
    run("from otel_evals.feedback import feedback\nfeedback('copy', response_id='last')", backend)
    assert [one["response_id"] for one in backend.heard] == ["last"]


def test_a_process_ends_though_nobody_answers(backend):
    backend.allowed.clear()
    began = time.monotonic()
    run("from otel_evals.feedback import feedback\nfeedback('copy', response_id='last')", backend)
    assert time.monotonic() - began < 30


def test_a_forked_child_reports_for_itself(backend):
    run(
        "import os\nfrom otel_evals.feedback import feedback\n"
        "feedback('copy', response_id='parent')\n"
        "if (pid := os.fork()) == 0:\n"
        "    feedback('copy', response_id='child')\n    feedback.flush(5)\n    os._exit(0)\n"
        "os.waitpid(pid, 0)",
        backend,
    )
    assert sorted(one["response_id"] for one in backend.heard) == ["child", "parent"]


def test_importing_it_brings_neither_the_processor_nor_the_backend(backend):
    found = run(
        "import sys\nfrom otel_evals.feedback import feedback\n"
        "print([name for name in ('grpc', 'aiohttp', 'yaml', 'msgspec', 'google.protobuf', 'openai', "
        "'otel_evals.config.load', 'otel_evals_backend') if name in sys.modules])",
        backend,
    )
    assert found.stdout.strip() == "[]"


short = st.text("ab c", max_size=12)


@given(short, short, short)
def test_distances_are_distances(one, two, three):
    assert (edit_distance(one, two) == 0) == (one == two)
    assert edit_distance(one, two) == edit_distance(two, one)
    assert edit_distance(one, three) <= edit_distance(one, two) + edit_distance(two, three)
    assert abs(len(one) - len(two)) <= edit_distance(one, two) <= max(len(one), len(two))


@given(st.text("ab c", min_size=1, max_size=30), st.text("ab c", min_size=1, max_size=30), st.integers(1, 100))
def test_distances_of_long_texts_stay_within_what_can_be(one, two, times):
    before, after = f"x{one * times * 10}y", f"z{two * times * 10}w"
    assert abs(len(before) - len(after)) <= edit_distance(before, after) <= max(len(before), len(after))
