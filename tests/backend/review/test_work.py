"""What goes on behind the queue, beside those who write: tidying, planning, and labels that meet ingest."""

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import select, text, update

from otel_evals_backend.records import Person, Role
from otel_evals_backend.review import work
from otel_evals_backend.review.answers import Answer
from otel_evals_backend.review.labelling import give
from otel_evals_backend.review.reservations import take_next
from otel_evals_backend.review.select import trim
from otel_evals_backend.settings import ReviewSettings
from otel_evals_backend.storage.database import Engine
from otel_evals_backend.storage.faults import Collided
from otel_evals_backend.storage.tables import known_spans, labels, review_items
from tests.backend.traffic import Call, judge, send, traces

CALL = Call(number=1, question="Why?", coverage="judged", band="medium", results=(judge("faithfulness", score=0.52),))


def needs_postgresql(backend):
    if backend.context.database.engine is not Engine.POSTGRESQL:
        pytest.skip("SQLite has one writer")


async def test_an_item_that_is_being_labelled_is_not_trimmed(open_backend):
    async with open_backend(review=ReviewSettings(audit=0, double=0)) as backend:
        needs_postgresql(backend)
        await send(backend, traces(CALL))
        database = backend.context.database
        async with database.write() as labelling:
            await labelling.execute(update(review_items).values(given=1))
            async with database.write() as tidying:
                assert await trim(tidying, 0) == 0
        async with database.read() as connection:
            assert len((await connection.execute(select(review_items))).all()) == 1


async def test_a_label_that_meets_ingest_in_a_ring_is_given_once_more(open_backend):
    async with open_backend(review=ReviewSettings(audit=1, double=0)) as backend:
        needs_postgresql(backend)
        await send(backend, traces(CALL))
        database = backend.context.database
        item = await take_next(backend.context, "r1")
        with suppress(Collided):  # on a slow machine it may be this one that is undone
            async with database.write() as ingest:
                await ingest.execute(select(known_spans).with_for_update())
                person = Person(id="r1", name="r1", role=Role.REVIEWER)
                giving = asyncio.create_task(give(backend.context, person, item, Answer(verdict="pass"), "k"))
                waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
                while not (await ingest.execute(waits)).scalar_one():
                    await ingest.execute(text("SELECT pg_stat_clear_snapshot()"))
                await ingest.execute(select(review_items).with_for_update())
        await giving
        async with database.read() as connection:
            assert len((await connection.execute(select(labels))).all()) == 1


async def test_where_there_is_too_little_to_plan_with_it_is_looked_again_a_day_later(open_backend, clock, monkeypatch):
    looked = []
    cells_of = work.cells_of

    async def counted(connection, now_ns):
        looked.append(now_ns)
        return await cells_of(connection, now_ns)

    monkeypatch.setattr(work, "cells_of", counted)
    async with open_backend() as backend:
        await send(backend, traces(CALL))
        begun = clock.now_ns
        clock.advance(2 * 86_400)
        for seconds in (0, 600, 80_000, 6_000):
            clock.advance(seconds)
            await work.one_round(backend.context)
        assert len({at_ns for at_ns in looked if at_ns > begun}) == 2
