"""The random share of people's labels: its sums estimate the traffic, whatever else brings answers to people."""

import random
from math import sqrt

import pytest
from sqlalchemy import func, insert, select

from otel_evals.sampling.uniform import uniform
from otel_evals_backend.records import Person, Role
from otel_evals_backend.review.answers import Answer
from otel_evals_backend.review.labelling import give
from otel_evals_backend.review.reservations import take_next
from otel_evals_backend.settings import ReviewSettings
from otel_evals_backend.storage.recount import ROLLUPS, recount, sums_of
from otel_evals_backend.storage.tables import evaluators, label_plans, labels, metric_hours, results, review_items
from tests.backend.traffic import HOUR, NOON, Call, feedback, human, judge, late, send, traces

ALL = ReviewSettings(audit=1, double=0)


async def rows(backend, table):
    async with backend.context.database.read() as connection:
        return (await connection.execute(select(table))).all()


async def label(backend, name, verdict):
    who = Person(id=name, name=name, role=Role.REVIEWER)
    return await give(backend.context, who, await take_next(backend.context, name), Answer(verdict=verdict), "k")


async def people(backend):
    """Number of results of people, of those with a weight, and both sums of weights; the sums equal a recount."""
    async with backend.context.database.read() as connection:
        for table in ROLLUPS:
            keys = [column.name for column in table.columns if column.primary_key]
            names = (*keys, *sums_of(table))
            kept, counted = [
                sorted(tuple(row[name] for name in names) for row in (await connection.execute(statement)).mappings())
                for statement in (select(table), recount(table))
            ]
            assert [row[: len(keys)] for row in kept] == [row[: len(keys)] for row in counted]
            for one, other in zip(kept, counted, strict=True):
                assert one[len(keys) :] == pytest.approx(other[len(keys) :])
        sums = [func.sum(metric_hours.c[name]) for name in ("n", "weighted_n", "weight", "weight_squared")]
        by_people = evaluators.c.type == "human"
        statement = select(*sums).join(evaluators, evaluators.c.id == metric_hours.c.evaluator).where(by_people)
        return tuple(float(value or 0) for value in (await connection.execute(statement)).one())


@pytest.mark.parametrize(
    ("stratum", "probability", "weight"),
    [("baseline", 0.05, 0.0), (None, None, 0.0), ("feedback", 1.0, 1.0)],
)
async def test_an_answer_that_was_judged_for_a_signal_alone_stands_for_none_other(
    open_backend, stratum, probability, weight
):
    call = Call(coverage="pending", stratum=stratum, probability=probability)
    said = judge("faithfulness", "fail", probability=1.0, stratum="feedback", score=0.1)
    async with open_backend(review=ALL) as backend:
        await send(backend, traces(call), late(call, said), feedback(call, "thumbs_down"))
        (item,) = await rows(backend, review_items)
        assert (item.random, item.label_probability) == ((True, 1.0) if weight else (False, None))
        await label(backend, "r1", "fail")
        (kept,) = await rows(backend, labels)
        assert kept.purposive is not bool(weight)
        assert await people(backend) == (1, bool(weight), weight, weight)


async def test_a_label_paired_with_what_a_signal_brought_about_has_no_weight(open_backend):
    async with open_backend(review=ReviewSettings(audit=0)) as backend:
        passed_over, drawn = Call(number=1), Call(number=2, stratum="feedback", probability=1.0)
        said = human("faithfulness", "fail", probability=1.0, label_probability=0.5, stratum="feedback")
        await send(backend, traces(passed_over, drawn), late(passed_over, said), late(drawn, said))
        assert await people(backend) == (2, 1, 2.0, 4.0)


async def test_a_signal_after_the_draw_does_not_draw_again(open_backend):
    call = Call(coverage="pending", stratum="baseline", probability=0.05)
    said = judge("faithfulness", "pass", probability=0.05, score=0.9)
    number = uniform(call.trace_id, "otel-evals", "human")
    async with open_backend(review=ReviewSettings(audit=number / 2, double=0)) as backend:
        await send(backend, traces(call), late(call, said))
        assert await rows(backend, review_items) == []
        made = (await rows(backend, results))[0].at_ns
        plan = {"metric": "faithfulness", "stratum": "baseline", "verdict": 1, "label_probability": 1.0}
        async with backend.context.database.write() as connection:
            await connection.execute(insert(label_plans), {**plan, "version": 1, "from_ns": made + 1})
        await send(backend, feedback(call, "thumbs_down"))
        (item,) = await rows(backend, review_items)
        assert (item.random, item.label_probability) == (False, None)


@pytest.mark.parametrize(("since", "wanted"), [(0, 0.9), (1, 0.8)])
async def test_what_is_drawn_is_drawn_by_the_plan_in_force_when_the_judge_answered(open_backend, since, wanted):
    def call(number):
        return Call(number=number, coverage="judged", results=(judge("faithfulness", score=0.9, probability=0.05),))

    async with open_backend(review=ReviewSettings(audit=0, double=0)) as backend:
        await send(backend, traces(call(1)))
        made = (await rows(backend, results))[0].at_ns
        plan = {"metric": "faithfulness", "stratum": "baseline", "verdict": 1}
        plans = [
            {**plan, "version": 1, "label_probability": 0.7, "from_ns": 0},
            {**plan, "version": 2, "label_probability": 0.8, "from_ns": made - HOUR},
            {**plan, "version": 3, "label_probability": 0.9, "from_ns": made + since},
        ]
        async with backend.context.database.write() as connection:
            await connection.execute(insert(label_plans), plans)
        others = [call(number) for number in range(2, 30)]
        await send(backend, traces(*others))
        found = await rows(backend, review_items)
        assert {row.label_probability for row in found} == {wanted}
        assert {row.span for row in found} == {
            one.key for one in others if uniform(one.trace_id, "otel-evals", "human") < wanted
        }


async def test_the_half_that_is_labelled_first_is_a_random_sample_whatever_else_speaks_for_an_answer(open_backend):
    rng = random.Random(7)  # noqa: S311 - repeats
    fails = {number: rng.random() < 0.2 for number in range(1, 601)}
    weights = {number: rng.choice((1.0, 4.0)) for number in fails}

    def call(number):
        said = judge("faithfulness", score=0.5 if fails[number] else 0.9, probability=1 / weights[number],
                     confidence=0.4 if fails[number] else 0.9)  # fmt: skip
        return Call(number=number, start=NOON - HOUR, question=f"Question {number}?", coverage="judged",
                    band="high" if fails[number] else "low", results=(said,))  # fmt: skip

    calls = {number: call(number) for number in fails}
    of_span = {one.key: number for number, one in calls.items()}
    async with open_backend(review=ALL) as backend:
        await send(backend, traces(*calls.values()))
        await send(backend, *(feedback(calls[number]) for number in fails if fails[number] and rng.random() < 0.5))
        items = sorted(await rows(backend, review_items), key=lambda row: -row.priority)
    assert all(row.random for row in items)
    half = [of_span[bytes(row.span)] for row in items[: len(items) // 2]]
    total = sum(weights[number] for number in half)
    truth = sum(weights[number] * fails[number] for number in fails) / sum(weights.values())
    found = sum(weights[number] * fails[number] for number in half) / total
    error = sqrt(sum((weights[number] * (fails[number] - found)) ** 2 for number in half)) / total
    assert abs(found - truth) < 3 * error * sqrt(1 - 1 / 2)


async def test_the_first_who_decides_carries_the_weight_of_an_item(open_backend):
    call = Call(coverage="judged", results=(judge("faithfulness", score=0.9, probability=0.25),))
    async with open_backend(review=ReviewSettings(audit=1, double=1)) as backend:
        await send(backend, traces(call))
        for name, verdict in (("r1", "unsure"), ("r2", "pass")):
            await label(backend, name, verdict)
        assert [row.label_probability for row in await rows(backend, labels)] == [1.0] * 2
        assert await people(backend) == (1, 1, 4.0, 16.0)


async def test_two_who_disagree_and_who_settles_it_are_one_item_of_the_estimate(open_backend):
    call = Call(coverage="judged", results=(judge("faithfulness", score=0.9, probability=0.25),))
    async with open_backend(review=ReviewSettings(audit=1, double=1)) as backend:
        await send(backend, traces(call))
        for name, verdict in (("r1", "pass"), ("r2", "fail"), ("r3", "fail")):
            await label(backend, name, verdict)
        assert await people(backend) == (3, 1, 4.0, 16.0)
