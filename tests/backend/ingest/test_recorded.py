"""Recorded traffic of real instrumentations through a whole processor: the backend keeps what the processor saw."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from otel_evals.engine.measure import slice_values
from otel_evals.records.exchange import Exchange
from otel_evals.semconv import gen_ai, otel_evals
from otel_evals.testing.payloads import spans_of
from otel_evals_backend.content.exchange import exchange_of
from otel_evals_backend.storage.tables import contents, evaluators, feedback, known_spans, results, slices, spans
from tests.backend.ingest.recorded import OWN, Passage, passed, read_bodies
from tests.backend.traffic import SECOND, send

PRODUCERS = sorted(folder.name for folder in OWN.iterdir())
_SLICE = ("provider", "model", "response_model", "prompt_name", "prompt_version", "operation", "service", "environment")
_LABELS = {0: "fail", 1: "pass", None: None}
_PASSED: dict[Path, Passage] = {}


async def passage_of(folder: Path, scratch: Path) -> Passage:
    """Each producer passes once, whatever the databases."""
    if folder not in _PASSED:
        _PASSED[folder] = await passed(list(read_bodies(folder)), scratch)
    return _PASSED[folder]


def said(passage: Passage) -> dict[tuple, tuple]:
    """What the results on the spans that were sent say: by span, name, evaluator and version, the first of each."""
    found: dict[tuple, tuple] = {}
    for body in passage.sent:
        for span in spans_of(body.data) if body.path == "/v1/traces" else ():
            for event in span.events:
                if event.name != gen_ai.EVALUATION_RESULT:
                    continue
                get = event.attributes.get
                who = get(otel_evals.EVALUATOR_ID), get(otel_evals.EVALUATOR_VERSION), get(otel_evals.EVALUATOR_TYPE)
                values = (
                    get(gen_ai.EVALUATION_LABEL), get(gen_ai.EVALUATION_SCORE), get(gen_ai.ERROR_TYPE),
                    get(otel_evals.SAMPLING_PROBABILITY), get(otel_evals.SAMPLING_STRATUM),
                    get(otel_evals.EVALUATOR_MODEL),
                )  # fmt: skip
                found.setdefault((span.trace_id + span.span_id, get(gen_ai.EVALUATION_NAME), *who), values)
    return found


async def kept_results(backend) -> dict[tuple, tuple]:
    joined = select(results, evaluators).join(evaluators, evaluators.c.id == results.c.evaluator)
    async with backend.context.database.read() as connection:
        return {
            (bytes(row.span), row.name, row.evaluator_id, row.version, row.type): (
                _LABELS[row.label], row.score, row.error_type, row.probability, row.stratum, row.model
            )
            for row in await connection.execute(joined)
        }  # fmt: skip


async def fed(backend, folder: Path, scratch: Path) -> Passage:
    """A backend that got everything, twice."""
    passage = await passage_of(folder, scratch)
    backend.clock.now_ns = passage.latest_ns + 60 * SECOND
    await send(backend, *passage.sent, *passage.sent)
    return passage


def differences(got: Exchange, seen: Exchange) -> dict[str, tuple]:
    both = {name: (getattr(got, name), getattr(seen, name)) for name in Exchange.__struct_fields__}
    return {name: (one, other) for name, (one, other) in both.items() if one != other}


async def is_as_seen(backend, passage: Passage) -> None:
    """Compare what is kept with what the processor saw."""
    async with backend.context.database.read() as connection:
        joined = select(spans, *(slices.c[name].label(f"its_{name}") for name in _SLICE))
        rows = [*await connection.execute(joined.join(slices, slices.c.id == spans.c.slice))]
        exchanges = {
            bytes(row.span): await exchange_of(connection, backend.context.settings.content, bytes(row.span))
            for row in rows
        }
    assert sorted(exchanges) == sorted(passage.evaluated)
    assert len(rows) == len(exchanges) > 0
    for row in rows:
        key = bytes(row.span)
        evaluated = passage.evaluated[key]
        assert tuple(getattr(row, f"its_{name}") for name in _SLICE) == slice_values(evaluated)
        assert row.conversation_id == evaluated.exchange.conversation_id
        assert (row.start_ns, row.failed) == (evaluated.exchange.start_ns, evaluated.exchange.failed)
        assert differences(exchanges[key], passage.known[key].exchange) == {}
    assert await kept_results(backend) == said(passage)


@pytest.mark.parametrize(
    ("database_address", "producer"),
    [("sqlite", name) for name in PRODUCERS] + [("postgresql", name) for name in ("openlit", "google-adk", "strands")],
    indirect=["database_address"],
)
async def test_what_is_kept_is_what_the_processor_saw(producer, backend, tmp_path):
    await is_as_seen(backend, await fed(backend, OWN / producer, tmp_path))


@pytest.mark.takes_long
@pytest.mark.timeout(1200)
async def test_so_it_is_with_the_larger_recordings(recordings, backend, tmp_path):
    for folder in sorted(path for path in recordings.iterdir() if path.is_dir()):
        async with backend.context.database.write() as connection:
            for table in (spans, results, contents, known_spans, feedback):
                await connection.execute(table.delete())
        await is_as_seen(backend, await fed(backend, folder, tmp_path / folder.name))


async def test_unprocessed_traffic_is_taken_and_its_content_kept(backend):
    """Nothing is evaluated, so no row of a call; but whoever evaluates it later finds what was said."""
    for producer in PRODUCERS:
        bodies = list(read_bodies(OWN / producer))
        backend.clock.now_ns = Passage(bodies).latest_ns + 60 * SECOND
        await send(backend, *bodies)
    async with backend.context.database.read() as connection:
        counts = [
            (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (spans, results, feedback, contents)
        ]
    assert counts[:3] == [0, 0, 0]
    assert counts[3] > 900
