"""Whatever the order, the duplicates and the batches: the same rows, and sums that equal a recount from the rows."""

import asyncio

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from otel_evals_backend.keeping.arrivals import (
    Arrivals,
    ContentArrival,
    Evaluator,
    FeedbackArrival,
    ResultArrival,
    Slice,
    SpanArrival,
)
from otel_evals_backend.keeping.contributions import Rollups, counted
from otel_evals_backend.keeping.keep import keep
from otel_evals_backend.keeping.stored import known_days, load
from otel_evals_backend.storage.keys import HOUR_NS, span_key
from otel_evals_backend.storage.tables import known_spans
from tests.backend.keeping.rows import emptied, state
from tests.backend.traffic import NOON

WHO = (
    Evaluator(name="pii", evaluator_id="pii", version="1"),
    Evaluator(name="faith", type="llm_judge", evaluator_id="faith", version="j1"),
    Evaluator(name="faith", type="llm_judge", evaluator_id="faith", version="j2", shadow=True),
    Evaluator(name="faith", type="human", evaluator_id="r1", version="h"),
)
keys = st.integers(1, 4).map(lambda n: span_key((n % 2 + 1).to_bytes(16, "big"), n.to_bytes(8, "big")))
times = st.integers(-60, 30).map(lambda hours: NOON + hours * HOUR_NS)


@st.composite
def spans(draw):
    start = draw(times)
    return SpanArrival(
        span=draw(keys),
        start_ns=start,
        end_ns=start + 10**9,
        slice=Slice(service=draw(st.sampled_from("ab")), model="m"),
        band=draw(st.sampled_from((None, 0, 2))),
        coverage=draw(st.sampled_from((None, "pending", "sampled_out", "judged"))),
        probability=0.5,
        stratum=draw(st.sampled_from((None, "baseline", "feedback"))),
        response_id=draw(st.sampled_from((None, "r1", "r2"))),
        conversation_id=draw(st.sampled_from((None, "c1"))),
        input_tokens=10,
        offline=draw(st.sampled_from((False, False, True))),
    )


@st.composite
def results(draw):
    label = draw(st.sampled_from((0, 1, None)))
    return ResultArrival(
        span=draw(keys),
        evaluator=draw(st.sampled_from(WHO)),
        at_ns=draw(times),
        label=label,
        score=None if label is None else float(label),
        probability=draw(st.sampled_from((None, 1.0, 0.5, 0.25))),
        label_probability=draw(st.sampled_from((None, 0.5))),
        stratum=draw(st.sampled_from((None, "baseline", "feedback"))),
        explanation=draw(st.sampled_from((None, "so", "because"))),
        error_type="timeout" if label is None else None,
        coverage=draw(st.sampled_from((None, "judged", "timeout"))),
        cost=draw(st.sampled_from((None, 0.25))),
        lag=draw(st.sampled_from((None, 3.0))),
    )


@st.composite
def signals(draw):
    kind = draw(st.sampled_from(("span", "response", "conversation")))
    about = {
        "span": {
            "trace_id": draw(st.integers(1, 2)).to_bytes(16, "big"),
            "span_id": draw(st.integers(1, 5)).to_bytes(8, "big"),
        },
        "response": {"response_id": draw(st.sampled_from(("r1", "r2")))},
        "conversation": {"conversation_id": "c1"},
    }[kind]  # fmt: skip
    return FeedbackArrival(
        id=draw(st.binary(min_size=16, max_size=16)),
        at_ns=draw(times),
        signal=draw(st.sampled_from(("thumbs_up", "thumbs_down", "rating"))),
        value=draw(st.sampled_from((None, 0.25, 1.0))),
        **about,
    )


contents = st.builds(
    ContentArrival, span=keys, part=st.integers(0, 1), role=st.just("model_call"), start_ns=times,
    encrypted=st.just(False), body=st.just(b"body"),
)  # fmt: skip


def identity(arrival):
    match arrival:
        case SpanArrival():
            return "span", arrival.span
        case ResultArrival():
            return "result", arrival.span, arrival.evaluator.id
        case ContentArrival():
            return "content", arrival.span, arrival.part
        case _:
            return "feedback", arrival.id


def distinct(arrivals):
    return list({identity(arrival): arrival for arrival in arrivals}.values())


def by_other_ways(arrivals, rng):
    """Each result also as a log record says it, without what only the span of a late result tells."""
    bare = [msgspec.structs.replace(a, cost=None, lag=None, coverage=None) for a in arrivals
            if isinstance(a, ResultArrival)]  # fmt: skip
    return rng.sample(bare, k=len(bare) // 2)


def bundle(arrivals) -> Arrivals:
    def of(kind):
        return tuple(a for a in arrivals if isinstance(a, kind))

    return Arrivals(
        spans=of(SpanArrival),
        results=of(ResultArrival),
        contents=of(ContentArrival),
        feedback=of(FeedbackArrival),
    )


async def recount(database) -> dict[str, dict]:
    """The sums, from the rows."""
    rollups = Rollups()
    async with database.read() as connection:
        every = [bytes(row.span) for row in await connection.execute(select(known_spans))]
        stored = await load(connection, await known_days(connection, every))
    for known in stored.values():
        if known.span is not None:
            after = counted(known.span, known.span.coverage, known.results.values())
            assert (after.coverage, after.fails, after.labels) == (known.span.coverage, known.fails, known.labels)
            rollups.moved(None, after)
            for result in known.results.values():
                rollups.joined(known.span, result)
    return {name: rows for name, _, rows in rollups.tables()}


def as_table(rows: dict) -> list:
    return sorted((*key, *(round(float(v), 9) for v in values)) for key, values in rows.items())


async def kept(database, batches) -> dict[str, list]:
    await emptied(database)
    for batch in batches:
        async with database.write() as connection:
            await keep(database, connection, bundle(batch), now_ns=NOON)
    return await state(database)


@pytest.mark.timeout(300)
async def test_order_duplicates_and_batches_change_nothing(backend):
    database = backend.context.database
    loop = asyncio.get_running_loop()

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.one_of(spans(), results(), results(), signals(), contents), max_size=14).map(distinct),
        st.randoms(use_true_random=False),
    )
    def hold(arrivals, rng):
        again = [*arrivals, *rng.sample(arrivals, k=len(arrivals) // 2), *by_other_ways(arrivals, rng)]
        rng.shuffle(again)
        cuts = sorted(rng.sample(range(len(again) + 1), k=min(3, len(again) + 1)))
        batches = [again[a:b] for a, b in zip([0, *cuts], [*cuts, len(again)], strict=True)]

        async def both():
            clean = await kept(database, [arrivals])
            assert await kept(database, batches) == clean
            sums = await recount(database)
            for name, rows in sums.items():
                got = sorted((*row[:5], *(round(float(v), 9) for v in row[5:])) for row in clean[name])
                assert got == as_table(rows)

        asyncio.run_coroutine_threadsafe(both(), loop).result(60)

    await asyncio.to_thread(hold)
