"""One transaction for many requests; each hears how its own part ended."""

import asyncio

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from otel_evals.records.errors import Unavailable
from otel_evals_backend.ingest.commit import Commits
from otel_evals_backend.keeping.arrivals import Arrivals, Slice, SpanArrival
from otel_evals_backend.storage.keys import span_key
from otel_evals_backend.storage.tables import spans
from tests.backend.traffic import NOON


def span(number: int, **more) -> Arrivals:
    key = span_key(number.to_bytes(16, "big"), number.to_bytes(8, "big"))
    return Arrivals(spans=(SpanArrival(span=key, start_ns=NOON, end_ns=NOON, slice=Slice(), **more),))


async def test_requests_that_wait_share_a_transaction(backend):
    transactions = []

    async def count(_database, _connection, _context, kept):
        transactions.append(len(kept.spans))

    commits = Commits(backend.context, after=(count,))
    await asyncio.gather(*(commits.keep(span(n)) for n in range(1, 41)))
    assert sum(transactions) == 40
    assert len(transactions) < 4


async def test_one_that_cannot_be_kept_does_not_spoil_the_others(backend):
    commits = Commits(backend.context)
    poison = span(2, input_tokens=1 << 80)
    ended = await asyncio.gather(
        commits.keep(span(1)), commits.keep(poison), commits.keep(span(3)), return_exceptions=True
    )
    assert [type(one).__name__ for one in ended] == ["NoneType", "DecodeError", "NoneType"]
    async with backend.context.database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(spans))).scalar_one() == 2


async def test_what_only_the_database_is_to_blame_for_is_sent_again(backend):
    async def stumble(_database, connection, _context, _kept):
        await connection.execute(text("SELECT * FROM no_such_table"))

    with pytest.raises(Unavailable):
        await Commits(backend.context, after=(stumble,)).keep(span(1))


async def test_one_for_which_the_database_fails_does_not_hold_up_the_others(backend):
    async def stumble(_database, _connection, _context, kept):
        if any(one.span.name == "odd" for one in kept.spans):
            raise OperationalError("", {}, Exception())

    commits = Commits(backend.context, after=(stumble,))
    waiting = (commits.keep(span(1)), commits.keep(span(2, name="odd")), commits.keep(span(3)))
    first, odd, third = await asyncio.gather(*waiting, return_exceptions=True)
    assert (first, third) == (None, None)
    assert isinstance(odd, Unavailable)
