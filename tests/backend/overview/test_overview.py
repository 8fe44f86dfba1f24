"""The overview says what rows say, and what needs somebody."""

import random

import pytest
from sqlalchemy import select

from otel_evals_backend.overview.attention import LINES, Facts, Labels, attention, needed_labels
from otel_evals_backend.records import Person, Role
from otel_evals_backend.review.answers import Answer
from otel_evals_backend.review.labelling import give
from otel_evals_backend.review.reservations import take
from otel_evals_backend.settings import ReviewSettings
from otel_evals_backend.storage.sums import ResultSum
from otel_evals_backend.storage.tables import review_items
from otel_evals_backend.web.figures import moment, rate_of
from otel_evals_backend.web.quality import Evaluator
from tests.backend import traffic
from tests.backend.traffic import DAY, HOUR, NOON, Call, check, judge, late, send, traces


def metric(answer, name, kind="code"):
    return next(row for row in answer["metrics"] if (row["name"], row["type"]) == (name, kind))


async def test_an_empty_backend_says_how_to_send_a_first_call(backend):
    page = await backend.client.get("/")
    assert page.status_code == 200
    assert "otel-evals instrument -- python app.py" in page.text
    assert (await backend.client.get("/api/v1/overview")).json()["ever"] is False


async def test_counts_and_rates_are_those_of_the_rows(backend):
    calls = traffic.crowd(400, hours=24 * 6)
    await send(backend, traces(*calls))
    answer = (await backend.client.get("/api/v1/overview?range=7d")).json()
    failed = sum(1 for call in calls if "retrieval_support" in call.reasons)
    row = metric(answer, "retrieval_support")
    assert (row["rate"]["n"], row["fails"]) == (400, failed)
    assert row["rate"]["share"] == pytest.approx(1 - failed / 400)
    assert row["rate"]["low"] < row["rate"]["share"] < row["rate"]["high"]
    funnel = {step["name"]: step["n"] for step in answer["funnel"]}
    assert (funnel["Calls"], funnel["Checked"]) == (400, 400)
    assert funnel["Judged"] == sum(call.coverage == "judged" for call in calls)
    assert sum(one["n"] for one in answer["coverage"]) == 400


async def test_a_judge_counts_each_result_by_one_over_its_probability(backend):
    calls = [Call(number=i, coverage="judged", results=(
        judge("tone", "fail", probability=1.0) if i <= 40 else judge("tone", "pass", probability=0.1),
    )) for i in range(1, 141)]  # fmt: skip
    await send(backend, traces(*calls))
    row = metric((await backend.client.get("/api/v1/overview?range=24h")).json(), "tone", "llm_judge")
    assert row["rate"]["share"] == pytest.approx(1000 / 1040)
    assert row["rate"]["n_effective"] == pytest.approx(1040**2 / (40 + 100 * 100))


async def test_hours_and_days_give_the_same_sums_whatever_the_range_cuts(backend):
    calls = traffic.crowd(300, hours=24 * 8, seed=4)
    await send(backend, traces(*calls))
    rng = random.Random(5)  # noqa: S311 - reproducible
    for _ in range(12):
        first = NOON // HOUR - rng.randint(20, 200)
        last = first + rng.randint(1, 150)
        query = {"from": traffic_iso(first), "to": traffic_iso(last)}
        answer = (await backend.client.get("/api/v1/overview", params=query)).json()
        wanted = sum(first * HOUR <= call.start < last * HOUR for call in calls)
        assert {step["name"]: step["n"] for step in answer["funnel"]}["Calls"] == wanted
        rows = [row["rate"]["n"] for row in answer["metrics"] if row["name"] == "pii"]
        assert sum(rows) == wanted
        assert (
            sum(one["rate"]["n"] for row in answer["metrics"] if row["name"] == "pii" for one in row["over_time"])
            == wanted
        )


def traffic_iso(hour):
    return moment(hour * HOUR).isoformat()


async def test_a_new_version_of_an_evaluator_is_not_mixed_with_the_older(backend):
    old = [Call(number=i, start=NOON - 3 * DAY, results=(check("pii", "fail", version="c1"),)) for i in range(1, 31)]
    new = [Call(number=i, start=NOON - HOUR, results=(check("pii", "pass", version="c2"),)) for i in range(31, 61)]
    await send(backend, traces(*old, *new))
    row = metric((await backend.client.get("/api/v1/overview")).json(), "pii")
    assert (row["version"], row["versions"], row["rate"]["n"], row["rate"]["share"]) == ("c2", 2, 30, 1.0)
    page = (await backend.client.get("/?metric=pii")).text
    assert "c1 → c2" in page


async def test_shadow_judges_are_no_quality_but_cost(backend):
    call = Call()
    await send(backend, traces(call), late(call, judge("tone", shadow=True), cost=0.25))
    answer = (await backend.client.get("/api/v1/overview")).json()
    assert answer["metrics"] == []
    assert answer["spend"] == [{"evaluator_id": "tone", "results": 1, "cost": 0.25}]


async def test_few_results_are_counted_not_shared(backend):
    await send(
        backend, traces(*(Call(number=i, results=(check("pii", "fail" if i < 4 else "pass"),)) for i in range(1, 10)))
    )
    row = metric((await backend.client.get("/api/v1/overview")).json(), "pii")
    assert row["rate"]["share"] is None
    assert row["rate"]["text"] == "6 of 9"
    assert "6 of 9" in (await backend.client.get("/")).text


async def test_a_service_may_be_looked_at_alone(backend):
    await send(backend, traces(Call(number=1, service="a"), Call(number=2, service="b"), Call(number=3, service="b")))
    answer = (await backend.client.get("/api/v1/overview?service=b")).json()
    assert answer["funnel"][0]["n"] == 2


async def test_the_funnel_counts_what_people_confirmed_in_the_range_and_service_that_are_shown(open_backend):
    def failed(number, **more):
        return Call(number=number, question=f"Question {number}?", coverage="judged",
                    results=(judge("tone", "fail"), judge("faithfulness", "fail")), **more)  # fmt: skip

    calls = (failed(1), failed(2), failed(3, start=NOON - 3 * DAY), failed(4, service="bank"))
    async with open_backend(review=ReviewSettings(audit=1, double=1)) as backend:
        await send(backend, traces(*calls))
        async with backend.context.database.read() as connection:
            items = (await connection.execute(select(review_items))).all()
        made = []
        for item in items:
            number = int.from_bytes(item.span[-8:], "big")
            # Both questions of the first call fail; the others are settled as passing by who adjudicates, but for one.
            words = ("fail", "fail") if number != 2 else ("fail", "pass", "pass")
            for name, word in zip(("r1", "r2", "r3"), words if item.metric == "tone" or number == 1 else ("fail",),
                                  strict=False):  # fmt: skip
                who = Person(id=name, name=name, role=Role.REVIEWER)
                async with backend.context.database.write() as connection:
                    assert await take(backend.context, connection, item.id, name)
                await give(backend.context, who, item.id, Answer(verdict=word), f"{name}-{item.id}")
            if number in (1, 3) and item.metric == "tone":
                made.append((await backend.client.post("/api/v1/cases", json={"item": item.id})).status_code)
        assert made == [201, 201]

        async def funnel(query):
            answer = (await backend.client.get(f"/api/v1/overview?{query}")).json()
            steps = {step["name"]: step["n"] for step in answer["funnel"]}
            return steps["Calls"], steps["Reviewed"], steps["Confirmed"], steps["Cases"]

        assert await funnel("range=24h") == (3, 3, 2, 1)
        assert await funnel("range=7d") == (4, 4, 3, 2)
        assert await funnel("range=24h&service=shop") == (2, 2, 1, 1)
        assert await funnel("range=24h&service=bank") == (1, 1, 1, 0)


async def test_every_table_and_chart_comes_as_a_file(backend):
    calls = [Call(number=i, results=(check("=cmd()"),)) for i in range(1, 31)]
    await send(backend, traces(*calls))
    for path, kind in (
        ("/overview/metrics.csv", "text/csv"), ("/overview/chart.csv", "text/csv"),
        ("/overview/chart.json", "application/json"), ("/overview/chart.svg", "image/svg+xml"),
    ):  # fmt: skip
        answer = await backend.client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-type"].startswith(kind)
    assert "\r\n'=cmd()," in (await backend.client.get("/overview/metrics.csv")).text
    assert (await backend.client.get("/overview/chart.svg?metric=none")).status_code == 404


@pytest.mark.parametrize("query", ["range=8d", "from=never", "from=2026-09-03&to=2026-09-01"])
async def test_a_range_that_cannot_be_read_is_refused(backend, query):
    assert (await backend.client.get(f"/api/v1/overview?{query}")).status_code == 422


async def test_names_from_spans_are_text(backend):
    hostile = "<img src=x onerror=alert(1)>"
    calls = [Call(number=i, service=hostile if i % 2 else "b", model=hostile, prompt_version=hostile,
                  results=(check("pii", version=hostile), check(hostile))) for i in range(1, 61)]  # fmt: skip
    await send(backend, traces(*calls))
    for path in ("/", "/slices", "/overview/chart.svg", f"/?service={hostile}"):
        assert "<img" not in (await backend.client.get(path)).text, path


# What needs somebody now.


def evaluator(name="faithful", kind="llm_judge", **more):
    values = {"id": 1, "evaluator_id": name, "version": "v", "source": "online", "shadow": False} | more
    return Evaluator(name=name, type=kind, **values)


def rate(passes, n):
    return rate_of(passes, n, float(passes), float(n), float(n))


def kinds(facts):
    return [line.kind for line in attention(facts)]


def test_nothing_needs_anybody_when_all_is_well():
    same = {evaluator(): rate(900, 1000)}
    assert kinds(Facts(now_ns=NOON, recent=same, before=same, newest_hour=NOON // HOUR)) == []


def test_a_metric_is_worse_only_when_its_intervals_part():
    before = {evaluator(): rate(900, 1000)}
    assert kinds(Facts(now_ns=NOON, recent={evaluator(): rate(85, 100)}, before=before)) == []
    (line,) = attention(Facts(now_ns=NOON, recent={evaluator(): rate(70, 100)}, before=before))
    assert line.kind == "quality"
    assert "60\u201378 % in the last 24 hours" in line.text
    assert "n\u00a0100" in line.text
    better = {evaluator(): rate(99, 100)}
    assert kinds(Facts(now_ns=NOON, recent=better, before=before)) == []


def test_another_version_is_not_compared_with_the_older_one():
    facts = Facts(
        now_ns=NOON, recent={evaluator(version="b"): rate(10, 100)}, before={evaluator(version="a"): rate(99, 100)}
    )
    assert kinds(facts) == []


def test_silence_is_said_after_two_hours_but_not_before_the_first_call():
    assert kinds(Facts(now_ns=NOON, newest_hour=NOON // HOUR - 1)) == []
    assert kinds(Facts(now_ns=NOON, newest_hour=NOON // HOUR - 2)) == ["silent"]
    assert kinds(Facts(now_ns=NOON)) == []


def test_a_queue_is_late_after_two_days():
    assert kinds(Facts(now_ns=NOON, waiting=3, oldest_ns=NOON - DAY)) == []
    assert kinds(Facts(now_ns=NOON, waiting=3, oldest_ns=NOON - 3 * DAY)) == ["queue"]


def test_labels_are_missing_until_the_floors_of_an_estimate_are_met():
    def sums(id_, passes, fails, *, weight=1.0, by_hand=0):
        n = passes + fails
        return ResultSum(
            bucket=0, evaluator=id_, passes=passes + by_hand, fails=fails, drawn_passes=passes, drawn=n,
            weight=n - 1 + weight, weight_squared=n - 1 + weight * weight,
        )  # fmt: skip

    known = {1: evaluator(), 2: evaluator(kind="human", id=2)}
    needed = needed_labels([sums(1, 500, 50), sums(2, 30, 4)], known)
    assert needed["faithful"].missing == 16
    assert needed_labels([sums(1, 500, 50), sums(2, 30, 20)], known) == {}
    assert needed_labels([sums(1, 500, 50), sums(2, 9, 20, by_hand=40)], known)["faithful"].missing == 11
    uneven = needed_labels([sums(1, 500, 50), sums(2, 30, 20, weight=60.0)], known)
    assert "of 30" in uneven["faithful"].text
    (line,) = attention(Facts(now_ns=NOON, needed=needed))
    assert "4 of 20 labels of failed answers; those missing take about 24 minutes" in line.text


def test_there_are_five_lines_at_most_and_the_worst_stand_first():
    facts = Facts(
        now_ns=NOON, newest_hour=NOON // HOUR - 9, waiting=3, oldest_ns=NOON - 9 * DAY, lone=4, over_budget=7,
        judged=50, needed={"faithful": Labels(19, 19, 38.0)}, recent={evaluator(): rate(70, 100)},
        before={evaluator(): rate(900, 1000)},
    )  # fmt: skip
    lines = attention(facts)
    assert [line.kind for line in lines] == ["silent", "quality", "queue", "budget", "labels"]
    assert len(lines) == LINES
