"""Charts: what is drawn, and what must not be."""

import re
from xml.etree import ElementTree as ET

import pytest

from otel_evals_backend.storage.keys import DAY_NS
from otel_evals_backend.web.bars import bar, common_scale, dot, grid, part_bar, sparkline
from otel_evals_backend.web.chart import LineChart, Mark, Point, Series, draw, runs, scale, standalone, version_marks
from otel_evals_backend.web.figures import rate_of


def rate(passes, n):
    return rate_of(passes, n, float(passes), float(n), float(n))


def points(*pairs, versions=None):
    return tuple(
        Point(at_ns=i * DAY_NS, rate=rate(*pair), version=(versions or "a" * len(pairs))[i])
        for i, pair in enumerate(pairs)
    )


def chart(*pairs, **more):
    series = Series(name="faithful", points=points(*pairs, versions=more.pop("versions", None)))
    return LineChart(title="Faithful <answers>", series=(series,), step_ns=DAY_NS, **more)


GOOD, FEW, NONE = (80, 100), (3, 9), (0, 0)


def test_a_line_is_never_joined_over_a_bucket_without_an_estimate():
    assert runs(points(GOOD, GOOD, FEW, GOOD, NONE, GOOD, GOOD)) == [[0, 1], [3], [5, 6]]


def test_a_line_breaks_where_the_version_of_the_evaluator_changes():
    two = points(GOOD, GOOD, GOOD, GOOD, versions="aabb")
    assert runs(two) == [[0, 1], [2, 3]]
    assert [mark.at_ns for mark in version_marks(two, "judge")] == [2 * DAY_NS]


def test_every_line_has_its_band_and_a_lone_point_its_whisker():
    drawn = draw(chart(GOOD, GOOD, FEW, GOOD))
    assert drawn.count("<polyline") == drawn.count("<polygon") == 1
    assert drawn.count("<circle") == drawn.count("c-whisker") == 1


def test_too_few_results_are_hatched_and_no_results_are_left_empty():
    assert draw(chart(GOOD, GOOD, FEW, FEW, NONE)).count("url(#hatch)") == 2


def test_a_chart_without_any_estimate_says_so():
    assert "not enough results a day" in draw(chart(FEW, FEW))


@pytest.mark.parametrize(
    "drawing", [draw(chart(GOOD, GOOD, target=0.9)), bar(rate(8, 9)), sparkline(points(GOOD, GOOD))]
)
def test_a_drawing_has_nothing_that_a_strict_policy_refuses(drawing):
    assert not re.search(r"style=|<style|<script|\son[a-z]+=|url\((?!#)", drawing)


def test_the_axis_comes_from_the_data_and_marks_that_it_does_not_begin_at_zero():
    bottom, top, step = scale([rate(800, 1000), rate(850, 1000)])
    assert 0.7 <= bottom < 0.78
    assert 0.87 <= top <= 0.9
    assert (top - bottom) / step <= 6
    assert '<path class="c-line c-axis"' in draw(chart((800, 1000), (850, 1000)))
    assert '<path class="c-line c-axis"' not in draw(chart((1, 100), (60, 100)))


def test_marks_are_numbered_and_drawn_by_kind():
    marks = (
        Mark(at_ns=0, kind="version", text="v2"), Mark(at_ns=DAY_NS, kind="deploy", text="web"),
        Mark(at_ns=DAY_NS, kind="alarm", text="drop"),
    )  # fmt: skip
    drawn = draw(chart(GOOD, GOOD, marks=marks))
    assert all(name in drawn for name in ("c-version", "c-deploy", "c-alarm"))
    assert all(f">{number}</text>" in drawn for number in (1, 2, 3))


def test_a_chart_as_a_file_is_whole_escaped_and_coloured_without_a_style_sheet():
    drawn = standalone(chart(GOOD, GOOD, FEW, GOOD, target=0.9))
    root = ET.fromstring(drawn)  # noqa: S314 - our own
    assert root.attrib["width"] == "960"
    assert "class=" not in drawn
    assert "Faithful &lt;answers&gt;" in drawn
    assert "#1a56b0" in drawn


def test_bars_are_hatched_where_there_is_no_estimate():
    assert "url(#hatch)" in bar(rate(3, 9))
    assert "url(#hatch)" in dot(rate(3, 9))
    assert 'width="80.00%"' in bar(rate(80, 100))
    assert "<circle" in dot(rate(80, 100))


def test_panels_of_one_page_share_a_scale_of_at_least_ten_points():
    low, high = common_scale([points((990, 1000)), points((995, 1000))])
    assert high - low == pytest.approx(0.1)
    assert common_scale([points(FEW)]) is None
    assert sparkline(points(FEW, NONE)) == ""


def test_a_counted_part_of_nothing_is_no_error():
    assert 'width="0.00%"' in part_bar(0, 0)


def test_a_grid_of_counts_escapes_its_words():
    drawn = grid(("<b>", "judge fail"), ("people pass", "people fail"), ((10, 2), (3, 14)))
    assert "<b>" not in drawn
    assert "14" in drawn
