from sqlalchemy import select

from otel_evals_backend.storage.tables import (
    contents,
    evaluators,
    result_days,
    result_hours,
    results,
    slices,
    span_hours,
    spans,
)
from tests.backend.traffic import Call, check, feedback, judge, late, send, traces


async def rows(backend, table):
    async with backend.context.database.read() as connection:
        return [row._asdict() for row in await connection.execute(select(table))]


async def test_an_evaluated_span_is_kept_with_its_results(backend):
    call = Call(band="high", reasons=("pii",), results=(check("pii", "fail"), check("non_empty")))
    await send(backend, traces(call))
    [span] = await rows(backend, spans)
    assert (bytes(span["span"]), span["band"], span["reasons"], span["fails"]) == (call.key, 2, '["pii"]', 1)
    assert span["question"] == "What is the refund policy?"
    [where] = await rows(backend, slices)
    assert (where["service"], where["model"], where["prompt_version"]) == ("shop", "gpt-4o-mini", "v1")
    assert {row["name"] for row in await rows(backend, evaluators)} == {"pii", "non_empty"}
    assert sorted(row["label"] for row in await rows(backend, results)) == [0, 1]
    [hour] = await rows(backend, span_hours)
    assert (hour["n"], hour["flagged"], hour["coverage"]) == (1, 1, "sampled_out")
    assert len(await rows(backend, result_hours)) == len(await rows(backend, result_days)) == 2
    assert len(await rows(backend, contents)) == 1


async def test_a_late_result_is_joined_and_moves_the_coverage(backend):
    call = Call(coverage="pending", results=(check("pii"),))
    await send(backend, traces(call), late(call, judge("tone", "fail")))
    [span] = await rows(backend, spans)
    assert (span["coverage"], span["fails"]) == ("judged", 1)
    [hour] = await rows(backend, span_hours)
    assert (hour["coverage"], hour["n"], hour["flagged"]) == ("judged", 1, 1)
    tone = [row for row in await rows(backend, result_hours) if row["stratum"] == "baseline"]
    assert [(row["n"], row["weight"], row["outcome"]) for row in tone] == [(1, 20.0, "fail")]


async def test_feedback_is_joined_whichever_comes_first(backend):
    before, after = Call(number=1), Call(number=2)
    await send(backend, feedback(before, "thumbs_down"), traces(before, after), feedback(after, "thumbs_up"))
    said = {bytes(row["span"]): row["feedback"] for row in await rows(backend, spans)}
    assert said == {before.key: -1, after.key: 1}


async def test_lists_show_what_was_asked_not_the_passages_put_around_it(backend):
    wrapped = "Context:\n[1] Refunds take thirty days.\n[2] Gifts are final.\n\nQuestion: May I return a gift card?"
    await send(backend, traces(Call(question=wrapped)))
    [span] = await rows(backend, spans)
    assert span["question"] == "May I return a gift card?"
