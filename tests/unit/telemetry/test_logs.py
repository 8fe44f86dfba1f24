import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.records.units import Duration, Secret
from otel_evals.telemetry.logs import MAX_LINE, LineFormatter, configure
from otel_evals.telemetry.settings import LogFormat, LogLevel, LogSettings
from otel_evals.testing.clock import ManualClock


@pytest.fixture
def log_to():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    clock = ManualClock()
    lost: list[tuple[str, int]] = []

    def start(**settings):
        stream = io.StringIO()
        configure(LogSettings(**settings), stream=stream, clock=clock, on_suppressed=lambda *what: lost.append(what))
        return stream

    start.clock, start.lost = clock, lost
    yield start
    root.handlers[:], root.level = handlers, level


def test_a_json_line_holds_time_level_logger_and_message(log_to):
    stream = log_to(format=LogFormat.JSON)
    logging.getLogger("a.b").warning("destination %s is away", "x")
    line = json.loads(stream.getvalue())
    assert line.pop("time").endswith("+00:00")
    assert line == {"level": "warning", "logger": "a.b", "message": "destination x is away"}


def test_a_logfmt_line_quotes_what_needs_it(log_to):
    stream = log_to()
    logging.getLogger("a").info('say "hi"')
    logging.getLogger("a").info("plain")
    first, second = stream.getvalue().splitlines()
    assert first.endswith(r'level=info logger=a message="say \"hi\""')
    assert second.endswith("message=plain")


def test_less_severe_records_are_left_out(log_to):
    stream = log_to(level=LogLevel.ERROR)
    logging.getLogger("a").warning("no")
    assert stream.getvalue() == ""


def test_a_flood_of_one_message_is_cut_and_the_next_window_says_by_how_much(log_to):
    stream = log_to(burst=2, every=Duration(60), format=LogFormat.JSON)
    for i in range(5):
        logging.getLogger("a").warning("refused %d", i)
    logging.getLogger("a").warning("another message")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == [
        "refused 0", "refused 1", "another message",
    ]  # fmt: skip
    assert log_to.lost == [("a", 1)] * 3
    log_to.clock.advance(60)
    logging.getLogger("a").warning("refused %d", 9)
    last = json.loads(stream.getvalue().splitlines()[-1])
    assert (last["message"], last["suppressed"]) == ("refused 9", 3)


def test_a_secret_prints_as_a_mask(log_to):
    stream = log_to()
    logging.getLogger("a").warning("with %s and %r", Secret("hunter2"), {"k": Secret("hunter2")})
    assert "hunter2" not in stream.getvalue()
    assert "***" in stream.getvalue()


def test_a_traceback_says_where_and_never_with_which_values(log_to):
    stream = log_to(format=LogFormat.JSON)

    def read(content):
        raise KeyError(content)

    try:
        read("my card is 4111")
    except KeyError:
        logging.getLogger("a").exception("check failed")
    line = json.loads(stream.getvalue())
    assert line["error"] == "KeyError"
    assert line["at"].startswith("test_logs.py:")
    assert "4111" not in stream.getvalue()


@given(text=st.text(max_size=3000), name=st.text(max_size=1500), form=st.sampled_from(LogFormat))
def test_every_record_is_one_short_encodable_line(text, name, form):
    record = logging.LogRecord(name or "x", logging.INFO, "f", 1, "%s", (text,), None)
    line = LineFormatter(form).format(record)
    assert len(line.encode()) <= MAX_LINE
    assert len(line.splitlines()) <= 1
