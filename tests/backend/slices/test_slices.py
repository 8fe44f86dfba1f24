"""Slices: the same figures as the rows, worst first, few never worst."""

import pytest

from tests.backend.traffic import Call, check, feedback, judge, send, traces


def calls(first, n, fails, *, model="gpt-4o-mini", version="v1", **more):
    return [
        Call(number=first + i, model=model, prompt_version=version,
             results=(check("pii", "fail" if i < fails else "pass"),), **more)
        for i in range(n)
    ]  # fmt: skip


async def slices(backend, query=""):
    answer = await backend.client.get(f"/api/v1/slices?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_slices_are_sorted_by_worst_and_few_are_last_and_never_worst(backend):
    bodies = [*calls(1, 100, 5), *calls(200, 100, 40, version="v2"), *calls(400, 9, 9, version="v3")]
    await send(backend, traces(*bodies))
    found = await slices(backend)
    assert [row["prompt_version"] for row in found["slices"]] == ["v2", "v1", "v3"]
    assert found["slices"][2]["rate"]["text"] == "0 of 9"
    assert found["sentence"].startswith("Prompt support v2 with gpt-4o-mini: 50\u201369 % of answers pass pii: worst.")
    page = (await backend.client.get("/slices")).text
    assert "0 of 9" in page
    assert "url(#hatch)" in page


async def test_no_slice_is_called_worst_when_intervals_overlap(backend):
    await send(backend, traces(*calls(1, 100, 10), *calls(200, 100, 14, version="v2")))
    assert "No slice is worse than all others for certain" in (await slices(backend))["sentence"]


async def test_a_judge_is_shown_before_a_check_and_each_may_be_named(backend):
    both = [Call(number=i, results=(check("pii"), judge("pii", probability=0.5))) for i in range(1, 41)]
    await send(backend, traces(*both))
    assert (await slices(backend))["type"] == "llm_judge"
    assert (await slices(backend, "metric=pii:code"))["type"] == "code"
    assert {(row["name"], row["type"]) for row in (await slices(backend))["metrics"]} == {
        ("pii", "llm_judge"), ("pii", "code"),
    }  # fmt: skip


async def test_the_whole_is_the_sum_of_its_slices(backend):
    await send(backend, traces(*calls(1, 50, 5), *calls(100, 70, 9, model="gpt-4.1"), *calls(300, 30, 1, version="v9")))
    found = await slices(backend)
    assert sum(row["rate"]["n"] for row in found["slices"]) == found["whole"]["n"] == 150
    assert sum(row["fails"] for row in found["slices"]) == 15
    for row in found["slices"]:
        assert sum(one["rate"]["n"] for one in row["over_time"]) == row["rate"]["n"]


async def test_services_of_one_model_and_prompt_are_one_slice_unless_one_is_named(backend):
    await send(backend, traces(*calls(1, 30, 3, service="a"), *calls(100, 30, 6, service="b")))
    assert [row["rate"]["n"] for row in (await slices(backend))["slices"]] == [60]
    assert [row["fails"] for row in (await slices(backend, "service=b"))["slices"]] == [6]


async def test_feedback_stands_beside_its_slice(backend):
    some = calls(1, 30, 3)
    await send(backend, traces(*some), feedback(some[0], "thumbs_down"), feedback(some[1], "thumbs_up"))
    (row,) = (await slices(backend))["slices"]
    assert (row["feedback"], row["negative"]) == (2, 1)


@pytest.mark.parametrize("order", ["worst", "n", "model", "prompt", "feedback"])
async def test_every_order_gives_the_same_slices(backend, order):
    await send(backend, traces(*calls(1, 30, 3), *calls(100, 40, 6, version="v2"), *calls(200, 25, 0, model="m")))
    found = (await slices(backend, f"sort={order}"))["slices"]
    assert sorted(row["rate"]["n"] for row in found) == [25, 30, 40]
    page = await backend.client.get(f"/slices?sort={order}", headers={"X-Fragment": "1"})
    assert page.status_code == 200
    assert "aria-sort" in page.text


async def test_an_order_that_there_is_not_is_refused(backend):
    assert (await backend.client.get("/api/v1/slices?sort=best")).status_code == 422


async def test_the_table_comes_as_a_file_with_the_figures_of_the_page(backend):
    await send(backend, traces(*calls(1, 30, 3)))
    answer = await backend.client.get("/slices.csv")
    head, line = answer.text.splitlines()
    row = dict(zip(head.split(","), line.split(","), strict=True))
    assert (row["model"], row["n"], row["fails"], row["share"]) == ("gpt-4o-mini", "30", "3", "0.9")


async def test_a_metric_that_has_no_results_is_said_so(backend):
    await send(backend, traces(*calls(1, 5, 0)))
    assert (await slices(backend, "metric=tone"))["sentence"] == "No results of tone in the last 7 days."
