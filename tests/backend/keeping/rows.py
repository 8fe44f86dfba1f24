"""Every row that ingest writes, to compare two databases by."""

from sqlalchemy import select

from otel_evals_backend.storage.tables import METADATA

TABLES = (
    "known_spans", "slices", "evaluators", "texts", "spans", "results", "contents", "feedback", "feedback_hours",
    "span_hours", "span_days", "coverage_hours", "coverage_days", "result_hours", "result_days", "metric_hours",
    "metric_days",
)  # fmt: skip


async def state(database) -> dict[str, list]:
    """Every row of every table, floats rounded: the order of a sum changes its last digit."""
    found = {}
    async with database.read() as connection:
        for name in TABLES:
            table = METADATA.tables[name]
            rows = await connection.execute(select(table))
            found[name] = sorted(
                (tuple(round(v, 9) if isinstance(v, float) else v for v in row) for row in rows), key=repr
            )
    return found


async def emptied(database) -> None:
    async with database.write() as connection:
        for name in TABLES:
            await connection.execute(METADATA.tables[name].delete())
