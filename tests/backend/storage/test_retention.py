from otel_evals.records.units import Duration
from otel_evals_backend.settings import RetentionSettings
from otel_evals_backend.storage.check import check
from otel_evals_backend.storage.keys import DAY_NS, day_of
from otel_evals_backend.storage.retention import expire
from otel_evals_backend.storage.tables import METADATA, spans
from tests.backend.conftest import NOON
from tests.backend.storage.filled import everything, fill

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
