"""What belongs together finds each other, in either order."""

import itertools

import pytest
from sqlalchemy import select

from otel_evals_backend.keeping.contributions import further
from otel_evals_backend.storage.tables import feedback as feedback_table
from otel_evals_backend.storage.tables import feedback_hours, known_spans, result_hours, results, span_hours, spans
from tests.backend.traffic import (
    DAY,
    HOUR,
    NOON,
    SECOND,
    Call,
    check,
    failure,
    feedback,
    human,
    judge,
    late,
    result_logs,
    send,
    traces,
)


async def rows(backend, table):
    async with backend.context.database.read() as connection:
        return (await connection.execute(select(table))).all()


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_a_verdict_ends_what_was_pending_whatever_else_is_said_of_it(backend, order):
    call = Call(coverage="pending")
    bodies = [traces(call), late(call, judge("a"), coverage="judged"), late(call, failure("b"), coverage="timeout")]
    await send(backend, *(bodies[i] for i in order))
    assert [row.coverage for row in await rows(backend, spans)] == ["judged"]
    assert [(row.coverage, row.n) for row in await rows(backend, span_hours)] == [("judged", 1)]


def test_the_outcome_that_holds_does_not_depend_on_the_order():
    outcomes = ("pending", "sampled_out", "timeout", "judged", "unknown")
    for one, other in itertools.product(outcomes[:-1], repeat=2):
        assert further(one, other) == further(other, one)
    assert further(None, "pending") == "pending"


async def test_results_weeks_before_their_span_wait_for_it(backend):
    call = Call()
    await send(backend, late(call, judge("tone", "fail"), at=NOON - 20 * DAY), late(call, judge("tone", "pass")))
    [waiting] = await rows(backend, results)
    assert (waiting.joined, waiting.label) == (False, 0)
    assert await rows(backend, result_hours) == []
    await send(backend, traces(call))
    [joined] = await rows(backend, results)
    assert (joined.joined, joined.day) == (True, call.start // DAY)
    assert [row.day for row in await rows(backend, known_spans)] == [call.start // DAY]
    assert [(row.hour, row.outcome, row.n) for row in await rows(backend, result_hours)] == [
        (call.start // HOUR, "fail", 1)
    ]


async def test_the_same_result_by_another_way_and_another_time_changes_nothing(backend):
    call = Call(results=(check("pii", "fail"),))
    again = check("pii", "pass")
    await send(backend, traces(call), traces(call), result_logs(call, again, at=NOON + SECOND), late(call, again))
    [row] = await rows(backend, results)
    assert row.label == 0
    assert [row.n for row in await rows(backend, result_hours)] == [1]
    assert [row.fails for row in await rows(backend, spans)] == [1]


async def test_a_late_result_may_link_to_its_span(backend):
    call = Call(coverage="pending")
    await send(backend, traces(call), late(call, judge("tone"), link=True))
    [row] = await rows(backend, results)
    assert (bytes(row.span), row.joined, row.cost, row.lag) == (call.key, True, 0.002, 12.0)


async def test_a_persons_label_stands_for_as_many_as_it_was_drawn_from_and_one_chosen_by_hand_for_none(backend):
    drawn, chosen = Call(number=1), Call(number=2)
    await send(
        backend,
        traces(drawn, chosen),
        late(drawn, human("faithfulness", "fail", probability=0.5, label_probability=0.1)),
        late(chosen, human("faithfulness", label_probability=None)),
    )
    assert {(row.outcome, row.weight) for row in await rows(backend, result_hours)} == {("fail", 20.0), ("pass", 0.0)}
    assert [row.labels for row in await rows(backend, spans)] == [1, 1]
    assert [(row.n, row.labelled) for row in await rows(backend, span_hours)] == [(2, 2)]


async def test_results_without_our_provenance_are_kept_by_their_name(backend):
    foreign = {"gen_ai.evaluation.name": "Relevance", "gen_ai.evaluation.score.value": 4.0,
               "gen_ai.evaluation.score.label": "relevant"}  # fmt: skip
    await send(backend, traces(Call(band=None, coverage=None, stratum=None, results=(foreign,))))
    [row] = await rows(backend, results)
    assert (row.label, row.score, row.verdict) == (None, 4.0, "relevant")
    assert [row.outcome for row in await rows(backend, result_hours)] == ["unlabelled"]


async def test_an_offline_run_is_no_traffic(backend):
    result = check("pii", **{"otel_evals.source": "offline"})
    await send(backend, traces(Call(results=(result,), more={"otel_evals.dataset.id": "golden"})))
    assert [row.offline for row in await rows(backend, spans)] == [True]
    assert await rows(backend, span_hours) == []
    assert [row.n for row in await rows(backend, result_hours)] == [1]


@pytest.mark.parametrize("first", ["feedback", "spans"])
async def test_a_signal_finds_its_span_by_trace_response_or_conversation(backend, first):
    by_trace = Call(number=1, trace=1)
    by_response = Call(number=2, response_id="r2")
    earlier = Call(number=3, conversation="c", start=NOON - 2 * HOUR)
    latest = Call(number=4, conversation="c", start=NOON - HOUR)
    after = Call(number=5, conversation="c", start=NOON + HOUR)
    unknown_span = Call(number=77, trace=1)
    signals = [
        feedback(unknown_span, "copy"),
        feedback(None, "thumbs_up", response_id="r2"),
        feedback(None, "regenerate", conversation="c"),
    ]
    calls = [traces(call) for call in (by_trace, by_response, earlier, latest, after)]
    await send(backend, *(signals + calls if first == "feedback" else calls + signals), *signals)
    said = {bytes(row.span): row.feedback for row in await rows(backend, spans)}
    assert said == {by_trace.key: 1, by_response.key: 1, earlier.key: 0, latest.key: -1, after.key: 0}
    assert len(await rows(backend, feedback_table)) == 3
    counted = {(row.signal, row.hour): row.n for row in await rows(backend, feedback_hours)}
    assert counted == {
        ("copy", by_trace.start // HOUR): 1,
        ("thumbs_up", by_response.start // HOUR): 1,
        ("regenerate", latest.start // HOUR): 1,
    }


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_a_result_that_comes_by_two_ways_keeps_what_each_says(backend, order):
    call, result = Call(coverage="pending"), judge("tone", "fail")
    bodies = [traces(call), result_logs(call, result), late(call, result, cost=0.004, lag=7.0)]
    await send(backend, *(bodies[i] for i in order))
    [row] = await rows(backend, results)
    assert (row.cost, row.lag, row.coverage, row.joined) == (0.004, 7.0, "judged", True)
    assert [(row.n, row.cost) for row in await rows(backend, result_hours)] == [(1, 0.004)]
    assert [(row.coverage, row.fails) for row in await rows(backend, spans)] == [("judged", 1)]
    assert [(row.coverage, row.n) for row in await rows(backend, span_hours)] == [("judged", 1)]
    await send(backend, late(call, result, cost=9.0, lag=9.0))
    assert [(row.cost, row.lag) for row in await rows(backend, results)] == [(0.004, 7.0)]
