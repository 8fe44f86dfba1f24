"""Which answers come to people, who gets them, and what labels make of them."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import insert, select, update

from otel_evals.sampling.uniform import uniform
from otel_evals_backend.records import Person, Role
from otel_evals_backend.review import work
from otel_evals_backend.review.answers import Answer
from otel_evals_backend.review.labelling import Refused, give
from otel_evals_backend.review.queue import waiting
from otel_evals_backend.review.reservations import take_next
from otel_evals_backend.settings import ContentKept, ContentPolicy, ReviewSettings
from otel_evals_backend.storage.tables import (
    evaluators,
    label_plans,
    labels,
    outbox,
    results,
    review_items,
    seen_results,
    spans,
)
from tests.backend.traffic import Call, check, crowd, feedback, judge, late, send, traces

NOBODY = ReviewSettings(audit=0, double=0)
EVERYBODY = ReviewSettings(audit=1, double=0)
PLAIN = {"score": 0.9, "confidence": 0.9}


def person(name):
    return Person(id=name, name=name, role=Role.REVIEWER)


async def rows(backend, table):
    async with backend.context.database.read() as connection:
        return (await connection.execute(select(table))).all()


async def items(backend):
    return {row.metric: row for row in await rows(backend, review_items)}


def reasons_of(row):
    return set(row.reasons.strip("[]").replace('"', "").split(","))


async def label(backend, name, verdict="pass", *, key="k", item=None, **more):
    item = item or await take_next(backend.context, name)
    return await give(backend.context, person(name), item, Answer(verdict=verdict, **more), key)


def judged(number, label="pass", **more):
    said = PLAIN | ({"score": 0.1} if label == "fail" else {}) | more
    question = f"Question {'abcdefghijklmnop'[number % 16] * 3}?"
    results_ = (judge("faithfulness", label, **said),)
    return Call(number=number, question=question, coverage="judged", band="medium", results=results_)


@pytest.mark.parametrize(
    ("call", "feedback_signal", "metric", "reason"),
    [
        (Call(band="high", reasons=("pii",), results=(check("pii", "fail"),)), None, "pii", "failing_high_risk"),
        (Call(band="high", results=(judge("faithfulness", "fail", score=0.1),)), None, "faithfulness",
         "failing_high_risk"),
        (Call(band="high", results=(check("pii", "fail"), judge("faithfulness", **PLAIN))), None, "faithfulness",
         "judge_checks_disagree"),
        (Call(band="low", results=(judge("faithfulness", "fail", score=0.1),)), None, "faithfulness",
         "judge_checks_disagree"),
        (Call(results=(judge("faithfulness", **PLAIN), judge("faithfulness", "fail", shadow=True, version="j2"))), None,
         "faithfulness", "judges_disagree"),
        (Call(results=(judge("faithfulness", score=0.9, confidence=0.4),)), None, "faithfulness", "low_confidence"),
        (Call(results=(judge("faithfulness", score=0.55, confidence=0.9),)), None, "faithfulness", "near_the_line"),
        (Call(results=(judge("faithfulness", **PLAIN),)), "thumbs_down", "faithfulness", "negative_feedback"),
        (Call(results=()), "thumbs_down", "task_success", "negative_feedback"),
    ],
)  # fmt: skip
async def test_an_answer_comes_to_people_for(open_backend, call, feedback_signal, metric, reason):
    async with open_backend(review=NOBODY) as backend:
        await send(backend, traces(call))
        if feedback_signal:
            await send(backend, feedback(call, feedback_signal))
        found = (await items(backend))[metric]
        assert reason in reasons_of(found)
        assert (found.random, found.label_probability) == (False, None)


async def test_an_undisputed_answer_does_not_come(open_backend):
    async with open_backend(review=NOBODY) as backend:
        await send(backend, traces(judged(1), Call(number=2, results=(check("pii"),))))
        assert await items(backend) == {}


async def test_nothing_comes_where_no_content_is_kept(open_backend):
    async with open_backend(review=EVERYBODY, content=ContentKept(policy=ContentPolicy.NONE)) as backend:
        await send(backend, traces(judged(1)))
        assert await items(backend) == {}


async def test_the_random_share_is_drawn_by_the_hash_of_the_trace_with_its_probability(open_backend):
    calls = [judged(number, probability=0.05) for number in range(1, 120)]
    async with open_backend(review=ReviewSettings(audit=0.3, double=0)) as backend:
        await send(backend, traces(*calls))
        random_ones = [row for row in await rows(backend, review_items) if row.random]
        drawn = {row.span for row in random_ones}
        assert drawn == {call.key for call in calls if uniform(call.trace_id, "otel-evals", "human") < 0.3}
        assert {(row.probability, row.label_probability, row.stratum, row.verdict) for row in random_ones} == {
            (0.05, 0.3, "baseline", 1)
        }


async def test_sent_twice_and_late_it_is_one_item_with_all_reasons(open_backend):
    call = Call(band="high", results=(check("pii", "fail"),), coverage="pending")
    said = judge("faithfulness", "fail", score=0.45, confidence=0.3)
    async with open_backend(review=NOBODY) as backend:
        await send(
            backend, traces(call), traces(call), late(call, said), late(call, said), feedback(call, "thumbs_down")
        )
        found = await items(backend)
        assert set(found) == {"pii", "faithfulness"}
        assert reasons_of(found["faithfulness"]) == {
            "failing_high_risk", "low_confidence", "near_the_line", "negative_feedback",
        }  # fmt: skip


async def test_the_same_problem_is_asked_once_with_all_reasons(open_backend):
    def call(number, **more):
        said = judge("faithfulness", "fail", score=0.1, explanation=f"Order {number} is in no source.", **more)
        return Call(number=number, question=f"What is the status of order {number}?", band="high", results=(said,))

    async with open_backend(review=NOBODY) as backend:
        await send(backend, *(traces(call(number)) for number in range(1, 5)), traces(call(9, confidence=0.2)))
        found = await rows(backend, review_items)
        asked = [row for row in found if row.state == "open"]
        assert len(found) == 5
        assert len(asked) == 1
        assert {row.merged_into for row in found if row.state == "merged"} == {asked[0].id}
        assert reasons_of(asked[0]) == {"failing_high_risk", "low_confidence"}


async def test_random_items_are_never_merged_away(open_backend):
    calls = [
        Call(number=n, question="Same?", band="low", coverage="judged", results=(judge("faithfulness", **PLAIN),))
        for n in range(1, 6)
    ]
    async with open_backend(review=EVERYBODY) as backend:
        await send(backend, traces(*calls))
        assert Counter(row.state for row in await rows(backend, review_items)) == {"open": 5}


async def test_when_too_many_wait_the_least_valuable_go(open_backend):
    async with open_backend(review=ReviewSettings(audit=0, double=0, open_items=3)) as backend:
        worth_little = [judged(number, score=0.55) for number in range(1, 6)]
        worth_much = Call(
            number=50, band="high", question="Leaks?", results=(judge("faithfulness", "fail", score=0.1),)
        )
        await send(backend, traces(*worth_little), traces(worth_much))
        left = await rows(backend, review_items)
        assert len(left) == 3
        assert worth_much.key in {row.span for row in left}


async def test_two_who_ask_at_once_never_get_the_same(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        await send(backend, traces(*(judged(number) for number in range(1, 13))))
        got = await asyncio.gather(*(take_next(backend.context, f"r{number}") for number in range(20)))
        handed = [item for item in got if item is not None]
        assert len(handed) == len(set(handed)) == 12


async def test_an_item_for_two_goes_to_two_and_not_to_a_third(open_backend):
    async with open_backend(review=ReviewSettings(audit=1, double=1)) as backend:
        await send(backend, traces(judged(1)))
        got = await asyncio.gather(*(take_next(backend.context, f"r{number}") for number in range(5)))
        assert sum(item is not None for item in got) == 2


async def test_a_reservation_ends_and_the_item_goes_to_another(open_backend, clock):
    async with open_backend(review=EVERYBODY) as backend:
        await send(backend, traces(judged(1)))
        first = await take_next(backend.context, "r1")
        assert await take_next(backend.context, "r2") is None
        assert await take_next(backend.context, "r1") == first
        clock.advance(601)
        assert await take_next(backend.context, "r2") == first


async def test_the_next_item_is_kept_beside_the_one_on_the_screen(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        await send(backend, traces(judged(1), judged(2)))
        first = await take_next(backend.context, "r1")
        second = await take_next(backend.context, "r1", beside=first)
        assert second not in (None, first)
        assert await take_next(backend.context, "r2") is None


async def test_nobody_labels_an_item_twice_but_a_second_thought_is_kept_beside_the_first(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        await send(backend, traces(judged(1)))
        item = await take_next(backend.context, "r1")
        await label(backend, "r1", "pass", item=item, key="a")
        again = await label(backend, "r1", "pass", item=item, key="a")
        with pytest.raises(Refused) as refused:
            await label(backend, "r1", "fail", item=item, key="b")
        assert refused.value.status == 409
        thought = await label(backend, "r1", "fail", item=item, key="c", second_thought=True)
        kept = {row.id: row for row in await rows(backend, labels)}
        assert set(kept) == {again.label, thought.label}
        assert (kept[again.label].verdict, kept[again.label].blind, kept[again.label].purposive) == (
            "pass",
            True,
            False,
        )
        assert (kept[thought.label].supersedes, kept[thought.label].blind, kept[thought.label].purposive) == (
            again.label, False, True,
        )  # fmt: skip
        assert (await items(backend))["faithfulness"].state == "done"


async def test_two_requests_of_one_person_at_once_keep_one_label(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        await send(backend, traces(judged(1)))
        item = await take_next(backend.context, "r1")
        done = await asyncio.gather(
            *(label(backend, "r1", verdict, item=item, key=verdict) for verdict in ("pass", "fail", "unsure")),
            return_exceptions=True,
        )
        assert sorted(type(one).__name__ for one in done) == ["Refused", "Refused", "Reveal"]
        assert len(await rows(backend, labels)) == 1


async def test_two_who_disagree_leave_it_to_a_third_whose_word_counts(open_backend):
    async with open_backend(review=ReviewSettings(audit=1, double=1)) as backend:
        await send(backend, traces(judged(1)))
        one, two = await take_next(backend.context, "r1"), await take_next(backend.context, "r2")
        assert one == two
        await label(backend, "r1", "pass", item=one)
        await label(backend, "r2", "fail", item=one)
        assert (await items(backend))["faithfulness"].state == "adjudicate"
        assert await take_next(backend.context, "r1") is None
        assert await take_next(backend.context, "r3") == one
        await label(backend, "r3", "fail", item=one)
        assert (await items(backend))["faithfulness"].state == "done"
        assert sorted(row.kind for row in await rows(backend, labels)) == ["adjudication", "first", "first"]


async def test_whoever_is_unsure_leaves_it_to_another(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        await send(backend, traces(judged(1)))
        item = await take_next(backend.context, "r1")
        await label(backend, "r1", "unsure", item=item)
        assert await take_next(backend.context, "r1") is None
        assert await take_next(backend.context, "r2") == item
        assert not [row for row in await rows(backend, evaluators) if row.type == "human"]


async def test_a_label_is_a_human_result_of_its_span(open_backend):
    async with open_backend(review=EVERYBODY, send_to="http://127.0.0.1:4318") as backend:
        call = judged(1, "fail", probability=0.25)
        await send(backend, traces(call))
        item = await take_next(backend.context, "r1")
        await label(backend, "r1", "fail", item=item, reasons=("not in the sources",), seconds=12.5)
        who = next(row for row in await rows(backend, evaluators) if row.type == "human")
        result = next(row for row in await rows(backend, results) if row.evaluator == who.id)
        kept = (await rows(backend, labels))[0]
        assert (who.name, who.evaluator_id, who.version) == ("faithfulness", "r1", kept.rubric_version)
        assert (result.label, result.probability, result.label_probability, result.purposive) == (0, 0.25, 1.0, False)
        assert (await rows(backend, spans))[0].labels == 1
        assert (kept.seconds, kept.stratum, kept.probability, kept.label_probability) == (12.5, "baseline", 0.25, 1.0)


async def test_a_chosen_items_label_is_purposive(open_backend):
    async with open_backend(review=NOBODY) as backend:
        await send(backend, traces(judged(1, score=0.52)))
        await label(backend, "r1", "pass")
        kept = (await rows(backend, labels))[0]
        who = next(row for row in await rows(backend, evaluators) if row.type == "human")
        result = next(row for row in await rows(backend, results) if row.evaluator == who.id)
        assert (kept.purposive, kept.label_probability, kept.blind) == (True, None, True)
        assert (result.purposive, result.label_probability) == (True, None)


async def test_the_plan_is_made_once_a_week_and_what_was_drawn_keeps_its_probability(open_backend, clock):
    async with open_backend(review=ReviewSettings(audit=0.2, double=0)) as backend:
        calls = crowd(400, hours=24)
        await send(backend, traces(*calls))
        before = {row.id: row.label_probability for row in await rows(backend, review_items)}
        async with backend.context.database.write() as connection:
            await connection.execute(update(label_plans).values(from_ns=0))
        clock.advance(8 * 86_400)
        await work.one_round(backend.context)
        await work.one_round(backend.context)
        plan = await rows(backend, label_plans)
        assert len({row.version for row in plan}) <= 2
        newest = [row for row in plan if row.version == max(row.version for row in plan)]
        assert {row.metric for row in newest} == {"faithfulness"}
        assert all(0.01 <= row.label_probability <= 1 for row in newest)
        assert len({row.label_probability for row in newest}) > 1
        after = {row.id: row.label_probability for row in await rows(backend, review_items)}
        assert {key: after[key] for key in before if key in after} == before


async def test_items_whose_content_is_gone_are_closed(open_backend, clock):
    async with open_backend(review=EVERYBODY) as backend:
        await send(backend, traces(judged(1)))
        clock.advance(40 * 86_400)
        await work.one_round(backend.context)
        assert (await items(backend))["faithfulness"].state == "dropped"
        assert await take_next(backend.context, "r1") is None


async def test_whoever_saw_the_results_while_they_had_the_item_is_not_blind(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        call = judged(1)
        await send(backend, traces(call))
        item = await take_next(backend.context, "r1")
        row = {"span": call.key, "reviewer": "r1", "at_ns": backend.clock.time_ns()}
        async with backend.context.database.write() as connection:
            await connection.execute(insert(seen_results), row)
        await label(backend, "r1", "pass", item=item)
        (kept,) = await rows(backend, labels)
        assert (kept.blind, kept.purposive, kept.label_probability) == (False, True, None)
        assert (await items(backend))["faithfulness"].state == "open"
        assert await take_next(backend.context, "r2") == item


async def test_opening_the_calls_page_while_having_the_item_makes_the_label_not_blind(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        call = judged(1)
        await send(backend, traces(call))
        item = (await backend.client.post("/api/v1/review/next", json={})).json()["id"]
        address = f"/api/v1/spans/{call.trace_id.hex()}/{call.span_id.hex()}"
        assert (await backend.client.post(f"{address}/show")).status_code == 204
        await backend.client.post(
            f"/api/v1/review/items/{item}/label", json={"verdict": "pass"}, headers={"idempotency-key": "k"}
        )
        (kept,) = await rows(backend, labels)
        assert (kept.blind, kept.purposive, kept.label_probability) == (False, True, None)


async def test_what_was_labelled_before_there_was_a_destination_waits_for_one(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        await send(backend, traces(judged(1)))
        given = await label(backend, "r1", "fail")
        assert [row.id for row in await rows(backend, outbox)] == [given.label]


async def test_a_draw_after_a_chosen_label_asks_another_and_is_closed_when_there_is_none(open_backend, clock):
    call = judged(1, score=0.52)
    async with open_backend(review=NOBODY) as backend:
        await send(backend, traces(call))
        await label(backend, "r1", "fail")
        async with backend.context.database.write() as connection:
            values = {"random": True, "label_probability": 0.5, "state": "open", "needed": 2}  # as a later draw does
            await connection.execute(update(review_items).values(**values))
        for reviewer, waits in (("r1", 1), ("r2", 0)):
            async with backend.context.database.read() as connection:
                found = await waiting(connection, reviewer, clock.time_ns())
            assert (found.for_others, found.for_me) == (waits, 1 - waits)
        await work.one_round(backend.context)
        assert (await items(backend))["faithfulness"].state == "open"
        clock.advance(15 * 86_400)
        await work.one_round(backend.context)
        assert (await items(backend))["faithfulness"].state == "done"


async def test_what_nobody_settles_is_closed_without_an_answer(open_backend, clock):
    async with open_backend(review=EVERYBODY) as backend:
        await send(backend, traces(judged(1)))
        await label(backend, "r1", "unsure")
        clock.advance(15 * 86_400)
        await work.one_round(backend.context)
        assert (await items(backend))["faithfulness"].state == "dropped"
