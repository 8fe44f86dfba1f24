import msgspec
import pytest

from otel_evals.telemetry.snapshot import Distribution
from otel_evals.view.board import Judging, Spending
from otel_evals.view.judge_figures import quantile
from otel_evals.view.lines import PlainLines
from otel_evals.view.screen import picture
from otel_evals.view.summary import summary

SIZES = [(80, 24), (100, 30), (120, 40), (140, 45), (200, 60)]


def screen(board, width: int = 140, height: int = 45) -> list[str]:
    return picture(board, width, height).plain.split("\n")


def row(board, start: str, width: int = 140, height: int = 45) -> str:
    return next(line for line in screen(board, width, height) if line.strip().startswith(start))


def test_pass_rates_are_weighted_by_the_sampling(judging):
    found = judging.tick().figures.judges["faithfulness"]
    assert (found.passed, found.failed) == (60, 20)
    assert found.rate == pytest.approx(120 / 140)
    assert found.effective == pytest.approx(140 * 140 / (60 * 4 + 20))
    low, high = found.interval
    assert low < found.rate < high


def test_judges_are_no_part_of_the_rates_of_checks(judging):
    figures = judging.tick().figures
    assert "faithfulness" not in {check.name for check in figures.checks}
    assert figures.evaluations == 200 * 14
    assert figures.verdicts == 160
    assert all("faithfulness" not in cut.checks for cut in figures.slices)


def test_a_shadow_is_compared_with_the_active_judge_on_the_same_spans(judging):
    found = judging.tick().figures.judges["faithfulness_next"]
    assert (found.compared, found.agreed) == (80, 70)
    assert found.agreement == pytest.approx(0.875)
    assert not found.weights, "a shadow has no rate of its own"


def test_outcomes_add_up_to_the_spans_seen(judging):
    found = judging.tick().figures.judges["faithfulness"]
    assert found.outcomes == {"judged": 80, "unparseable": 3, "sampled_out": 117}
    assert found.lost == 3
    assert found.errors == {"unreadable_answer": 3}


def test_lags_are_read_from_the_buckets(judging):
    found = judging.tick().figures.judges["faithfulness"]
    assert 0.5 < found.quantile(0.5) <= 1.0
    assert 2.0 < found.quantile(0.95) <= 5.0


def test_a_quantile_is_interpolated_and_ends_with_the_last_bound():
    bounds = (1.0, 2.0, 4.0)
    assert quantile(Distribution(counts=(0, 10, 0, 0), total=0, exemplars=()), bounds, 0.5) == 1.5
    assert quantile(Distribution(counts=(5, 0, 5, 0), total=0, exemplars=()), bounds, 0.75) == 3.0
    assert quantile(Distribution(counts=(0, 0, 0, 9), total=0, exemplars=()), bounds, 0.5) == 4.0


def test_the_panel_shows_rate_coverage_lag_cost_agreement_and_trouble(judging):
    board = judging.tick()
    text = "\n".join(screen(board))
    assert "Judges  scripted judge, errs on purpose" in text
    active = row(board, "faithfulness ")
    assert "85.7 % (76.1\u201391.9)" in active
    assert active.split("\u2501")[-1].split()[:5] == ["80", "0", "117", "0", "3"]
    assert " s  $0.0830" in active
    assert "shadow agrees 87.5 % of 80" in row(board, "faithfulness_next")
    assert "spent today $0.0123 of $2.00" in text
    assert "no verdict faithfulness 3\u00d7 unreadable_answer: the answer is no verdict" in text


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_judges_find_room_on_every_terminal(judging, width, height):
    board = judging.tick()
    lines = screen(board, width, height)
    assert len(lines) == height
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    for expected in (
        "Pass rate by check", "scripted judge, errs on purpose", "85.7 %", "87.5 %", "spent today", "no verdict",
        "Latest failures",
    ):  # fmt: skip
        assert expected in text, expected


@pytest.mark.parametrize("width", [120, 126, 128, 140, 200])
def test_a_line_of_a_judge_is_whole_where_there_is_a_column_for_all(judging, width):
    assert row(judging.tick(), "faithfulness ", width).endswith("$0.0830")


def test_a_narrow_terminal_shows_what_was_judged_and_what_was_lost(judging):
    board = judging.tick()
    assert row(board, "faithfulness ", 80, 24).split("\u2501")[-1].split() == ["80", "3", "0.8", "/", "4.4", "s"]
    shown = row(board, "faithfulness ", 100, 40).split("\u2501")[-1].split()
    assert shown == ["80", "0", "117", "0", "3", "0.8", "/", "4.4", "s"]


def test_numbers_without_enough_behind_them_say_so(make_desk, judging, judge, shadow):
    desk = make_desk(judging=judging.board.judging)
    desk.see(40)
    desk.judge(12, judge=judge)
    desk.judge(12, judge=shadow)
    board = desk.tick()
    assert "too few yet: 12 effective" in row(board, "faithfulness ")
    assert "shadow, too few: 12" in row(board, "faithfulness_next")
    assert "too few" in row(board, "faithfulness ").rpartition("\u2501")[2]
    assert "%" not in row(board, "faithfulness ")
    assert "too few" in row(board, "faithfulness ", 80, 24)


def test_a_few_verdicts_of_rare_strata_do_not_make_a_rate(make_desk, judging, judge):
    desk = make_desk(judging=judging.board.judging)
    desk.see(40)
    desk.judge(100, judge=judge, probability=1.0)
    desk.judge(2, judge=judge, fails=True, probability=0.005)
    assert desk.tick().figures.judges["faithfulness"].rate is None


def test_without_judges_nothing_is_said_of_them(busy):
    assert "Judges" not in "\n".join(screen(busy))
    assert "Judges" not in "\n".join(line.plain for line in summary(busy))


def test_before_the_first_span_of_a_judge_its_line_is_there(make_desk, judging):
    desk = make_desk(judging=judging.board.judging)
    desk.see(5)
    board = desk.tick()
    assert "too few yet: 0 effective" in row(board, "faithfulness ")
    assert "shadow, too few: 0" in row(board, "faithfulness_next")


def spending(**of) -> Judging:
    return Judging(spendings=(Spending(**{"judge": "", "period": "today", "unit": "USD", "used": 0, "limit": 1} | of),))


@pytest.mark.parametrize(
    ("judging_now", "said"),
    [
        (spending(used=0.05, limit=0.05), "spent today $0.05 of $0.05"),
        (
            spending(unit="tokens", period="this hour", used=1500, limit=20_000),
            "spent this hour 1 500 of 20 000 tokens",
        ),
        (spending(judge="tone"), "tone spent today $0.00 of $1.00"),
        (Judging(throttle=0.4), "rates lowered to 40.0 %"),
        (Judging(), "no budget is set"),
    ],
)
def test_budgets_say_what_is_spent_of_what(judging, judging_now, said):
    board = judging.tick()
    judges = board.judging.judges
    board.judging = msgspec.structs.replace(judging_now, judges=judges)
    assert said in "\n".join(screen(board, 200, 60))


def test_plain_lines_say_the_same_and_each_kind_of_trouble_once(judging, judge):
    lines: list[str] = []
    view = PlainLines(judging.board, lines.append)
    view.draw()
    assert "judges faithfulness, faithfulness_next (shadow): scripted judge, errs on purpose" in lines
    judging.tick()
    view.draw()
    [status] = [line for line in lines if "judges: " in line and "80 judged" in line]
    assert "faithfulness 85.7 % (76.1\u201391.9) [80 judged, 117 sampled out, 3 lost; lag p50/p95" in status
    assert "shadow agrees 87.5 % of 80" in status
    assert status.endswith("spent today $0.0123 of $2.00 0.6 %")
    told = "first unreadable_answer of faithfulness: the answer is no verdict (trace"
    assert sum(line.startswith(told) for line in lines) == 1
    judging.judge(2, judge=judge, error="unreadable_answer")
    judging.tick()
    view.draw()
    assert sum(line.startswith(told) for line in lines) == 1


def test_the_summary_has_the_judges_too(judging):
    text = "\n".join(line.plain for line in summary(judging.tick()))
    assert "Judges  scripted judge, errs on purpose" in text
    assert "  faithfulness 85.7 %" in text
    assert "3 without a verdict: unreadable_answer" in text
    assert "spent today $0.0123 of $2.00" in text
