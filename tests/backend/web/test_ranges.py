"""Time ranges from addresses."""

import re

import pytest

from otel_evals_backend.storage.keys import HOUR_NS
from otel_evals_backend.web.ranges import range_of
from tests.backend.traffic import NOON, Call, send, traces

NOW = 1_790_000_000 * 10**9


def test_the_usual_range_is_seven_days_up_to_the_hour_that_runs():
    shown = range_of(NOW)
    assert (shown.name, shown.to_hour - shown.from_hour) == ("7d", 168)
    assert shown.to_ns >= NOW > shown.to_ns - HOUR_NS
    assert not shown.by_hours
    assert len(shown.buckets) == 8  # the first and the last day are cut


def test_a_day_is_shown_by_hours():
    shown = range_of(NOW, "24h")
    assert shown.by_hours
    assert len(shown.buckets) == 24


def test_an_own_range_is_utc_unless_it_says_otherwise():
    shown = range_of(NOW, "", "2026-09-01T00:00", "2026-09-03T00:00+02:00")
    assert shown.own
    assert shown.to_hour - shown.from_hour == 46
    assert shown.from_text == "2026-09-01T00:00"
    assert shown.address("/slices", metric="a b", none="") == (
        "/slices?from=2026-09-01T00%3A00&to=2026-09-02T22%3A00&metric=a+b"
    )


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [("8d", "", ""), ("", "yesterday", ""), ("", "2026-09-03", "2026-09-01"), ("", "0001-01-01", "2026-01-01")],
)
def test_a_range_that_cannot_be_read_is_an_error_that_says_how(name, start, end):
    with pytest.raises(ValueError, match=r"range|times"):
        range_of(NOW, name, start, end)


def test_the_choices_keep_what_else_stands_in_the_address():
    shown = range_of(NOW, "30d", kept=[("metric", "pii")])
    assert ("30\N{NO-BREAK SPACE}d", "/slices?range=30d&metric=pii", True) in shown.links("/slices")


async def _chosen(backend, path):
    page = (await backend.client.get(path)).text
    return re.findall(r'aria-current="true">(\d+)\s?([hd])</a>', page)


@pytest.mark.parametrize(("age", "chosen"), [(2 * HOUR_NS, ("24", "h")), (30 * HOUR_NS, ("7", "d"))])
@pytest.mark.parametrize("path", ["/", "/slices", "/evaluations"])
async def test_pages_begin_with_a_day_while_all_there_is_fits_into_it(backend, path, age, chosen):
    await send(backend, traces(Call(number=1, start=NOON - age), Call(number=2)))
    assert await _chosen(backend, path) == [chosen]
    assert await _chosen(backend, f"{path}?range=30d") == [("30", "d")]


async def test_programs_get_seven_days_whatever_there_is(backend):
    await send(backend, traces(Call()))
    answer = (await backend.client.get("/api/v1/overview")).json()
    assert answer == (await backend.client.get("/api/v1/overview?range=7d")).json()
    assert answer != (await backend.client.get("/api/v1/overview?range=24h")).json()
