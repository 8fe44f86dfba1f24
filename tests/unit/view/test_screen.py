import io

import pytest
from rich.console import Console

from otel_evals.telemetry import catalogue
from otel_evals.view.screen import picture


def drawn(board, width: int, height: int, **console) -> str:
    terminal = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, **console)
    terminal.print(picture(board, width, height), end="")
    return terminal.file.getvalue()


def plain(board, width: int, height: int) -> list[str]:
    return drawn(board, width, height, color_system=None).split("\n")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (140, 45), (200, 60), (60, 12)])
def test_a_picture_fills_the_terminal_and_never_exceeds_it(busy, width, height):
    lines = plain(busy, width, height)
    assert len(lines) == height
    assert max(len(line) for line in lines) <= width


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 45), (200, 60)])
def test_every_part_is_there_from_80_by_24_on(busy, width, height):
    text = "\n".join(plain(busy, width, height))
    for expected in (
        "127.0.0.1:4317", "127.0.0.1:4318", "http://127.0.0.1:9464/metrics",
        "80.8 spans/s", "282.8 evaluations/s", "202 calls",
        "low 89.1 %", "high 10.9 %",
        "user_pushback", "90.1 %", "claude-haiku-4-5", "support-answer 4", "citation_integrity 75.0 %",
        "The answer holds 1 e-mail address.", f"{202:032x}",
        "--forward",
    ):  # fmt: skip
        assert expected in text, expected


def test_a_narrow_terminal_shows_all_fourteen_checks(busy):
    text = "\n".join(plain(busy, 80, 24))
    assert text.count("━━") >= 14
    assert "100 %" in text


def test_versions_of_one_prompt_stand_together(busy):
    rows = [line for line in plain(busy, 140, 45) if "support-answer" in line and "gpt-4.1-mini" in line]
    assert len(rows) >= 2
    lines = plain(busy, 140, 45)
    assert lines.index(rows[1]) == lines.index(rows[0]) + 1


def test_before_the_first_span_it_says_how_to_send_some(make_desk):
    text = "\n".join(plain(make_desk(demo=False).tick(), 80, 24))
    assert "Waiting for the first span" in text
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318" in text
    assert "OTEL_SERVICE_NAME" in text
    assert "CAPTURE_MESSAGE_CONTENT" in text


def test_spans_without_a_call_among_them_are_told_apart_from_silence(make_desk):
    desk = make_desk(demo=False)
    desk.see(3, checks=())
    board = desk.tick()
    board.figures.bands.clear()
    assert "no GenAI call" in "\n".join(plain(board, 80, 24))


def test_with_several_workers_it_says_where_single_failures_are_shown(make_desk):
    desk = make_desk(workers=4)
    desk.see(5, failing=("pii",))
    text = "\n".join(plain(desk.tick(), 140, 45))
    assert "4 workers" in text
    assert "with one worker only" in text


def test_destinations_show_what_they_took_and_what_waits(make_desk):
    desk = make_desk(destinations=("tempo", "archive"))
    desk.meters.add(catalogue.DESTINATION_ITEMS, 1200, "tempo", "traces", "forwarded", "")
    desk.meters.add(catalogue.DESTINATION_ITEMS, 5, "tempo", "traces", "dropped", "refused")
    waiting = dict.fromkeys(catalogue.DESTINATION_WAITING.keys, "traces") | {"otel_evals.destination": "tempo"}
    desk.meters.set(catalogue.DESTINATION_WAITING, 34, *waiting.values())
    text = "\n".join(plain(desk.tick(), 140, 45))
    assert "tempo 1 200 sent, 34 waiting, 5 dropped" in text
    assert "archive 0 sent" in text


def test_names_from_traffic_cannot_move_the_cursor(desk):
    desk.see(30, model="evil\x1b[2J\x1b[H\u202e", failing=("pii",), said="a\rb\x9bc")
    text = "".join(plain(desk.tick(), 140, 45))
    assert not {"\x1b", "\r", "\x9b", "\u202e"} & set(text)
    assert "evil" in text


def test_log_lines_stand_at_the_foot(busy):
    busy.log_lines = ["level=info message=old", "level=warning message=late"]
    assert "level=warning message=late" in plain(busy, 80, 24)[-1]


def test_more_checks_than_fit_leave_the_best_ones_out(desk):
    many = tuple(f"policy_rule_{n}" for n in range(40))
    desk.see(30, checks=many)
    desk.see(5, checks=many, failing=("policy_rule_39",))
    text = "\n".join(plain(desk.tick(), 80, 24))
    assert "policy_rule_39" in text
    assert "more" in text


def test_no_colour_is_one_that_disappears_on_a_light_or_dark_ground(busy):
    coloured = drawn(busy, 140, 45, color_system="256")
    used = {part.split("m")[0] for part in coloured.split("\x1b[38;5;")[1:]}
    assert used == {"28", "166", "160", "32", "244"}
    assert "\x1b[48" not in coloured
