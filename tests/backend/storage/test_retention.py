from sqlalchemy import insert

from otel_evals.records.units import Duration
from otel_evals_backend.settings import RetentionSettings
from otel_evals_backend.storage.check import check
from otel_evals_backend.storage.keys import DAY_NS, day_of
from otel_evals_backend.storage.retention import expire
from otel_evals_backend.storage.tables import METADATA, label_plans, review_items, seen_results, spans
from tests.backend.conftest import NOON
from tests.backend.storage.filled import everything, fill, item, key

DAY = 86400
AGES = RetentionSettings(
    content=Duration(20 * DAY), spans=Duration(30 * DAY), sums=Duration(40 * DAY), audit=Duration(400 * DAY)
)
"""Spans began 0, 7, 14 … 49 days ago: content of three is kept, five spans, the sums of six."""


def column(table: str, name: str, rows: dict[str, list]) -> list:
    position = [one.name for one in METADATA.tables[table].columns].index(name)
    return [row[position] for row in rows[table]]


async def test_things_go_by_their_age_and_labels_and_cases_stay(backend):
    database = backend.context.database
    await fill(database)
    before = await everything(database)
    await expire(database, AGES, NOON)
    left = await everything(database)
    counts = {name: len(rows) for name, rows in left.items()}
    assert (counts["contents"], counts["spans"], counts["results"], counts["known_spans"]) == (3, 5, 15, 5)
    assert (counts["feedback"], counts["texts"], counts["span_hours"], counts["span_days"]) == (5, 6, 6, 6)
    assert left["labels"] == before["labels"]
    assert left["cases"] == before["cases"]
    assert left["audit"] == before["audit"]
    questions = dict(zip(column("spans", "day", left), column("spans", spans.c.question.name, left), strict=True))
    today = day_of(NOON)
    assert {today - day for day, question in questions.items() if question} == {0, 7, 14}
    assert (await check(database)).faults == ()


async def test_a_second_pass_finds_nothing(backend):
    database = backend.context.database
    await fill(database)
    await expire(database, AGES, NOON)
    left = await everything(database)
    assert not any((await expire(database, AGES, NOON)).values())
    assert await everything(database) == left


async def test_what_comes_late_for_a_day_that_is_gone_goes_with_the_next_pass(backend):
    database = backend.context.database
    await fill(database)
    await expire(database, AGES, NOON + 60 * DAY_NS)
    assert not (await everything(database))["spans"]
    async with database.write() as connection:
        from otel_evals_backend.keeping.keep import keep  # noqa: PLC0415 - beside its only use
        from tests.backend.storage.filled import arrivals  # noqa: PLC0415 - the same

        await keep(database, connection, arrivals([2, 3]), now_ns=NOON)
    assert len((await everything(database))["spans"]) == 2
    await expire(database, AGES, NOON + 60 * DAY_NS)
    assert not (await everything(database))["spans"]


async def test_what_nobody_answered_goes_with_its_span_and_what_was_answered_stays(backend):
    database = backend.context.database
    await fill(database)
    plan = {"metric": "pii", "stratum": "", "verdict": 1, "label_probability": 0.5}
    async with database.write() as connection:
        for n in (1, 6, 7):
            more = {"id": f"m{n}", "metric": "other", "state": "merged"}
            await connection.execute(insert(review_items).values(**item(n) | more))
        for span in (key(1), key(6), key(77)):
            await connection.execute(insert(seen_results).values(span=span, reviewer="u", at_ns=NOON))
        for version, days in ((1, 60), (2, 50), (3, 10)):
            begun = NOON - days * DAY_NS
            await connection.execute(insert(label_plans).values(version=version, from_ns=begun, **plan))
    await expire(database, AGES, NOON)
    left = await everything(database)
    assert {row[0] for row in left["review_items"]} == {f"i{n}" for n in range(8)} | {"m1"}
    assert {row[0] for row in left["seen_results"]} == {key(1), key(6)}
    assert {row[0] for row in left["label_plans"]} == {2, 3}
