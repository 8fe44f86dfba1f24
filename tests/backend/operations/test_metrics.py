"""`/metrics`, `/healthz`, `/readyz`."""

from collections import Counter

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as classic
from sqlalchemy import text

from otel_evals_backend.outgoing import outbox
from otel_evals_backend.settings import AccessSettings
from tests.backend.traffic import Call, check, judge, late, send, traces

CALL = Call(results=(check("pii", "fail"), judge("faithfulness", "fail", probability=1.0)), band="high")


async def figures(backend):
    answer = await backend.client.get("/metrics")
    assert answer.status_code == 200
    found = Counter()
    for family in classic(answer.text):
        for sample in family.samples:
            found[sample.name, *sorted(sample.labels.values())] = sample.value
    return found


async def test_what_comes_in_is_counted_once(backend):
    await send(backend, traces(CALL), traces(CALL), late(Call(number=9), judge("tone", "pass")))
    thumbs = {"trace_id": CALL.trace_id.hex(), "span_id": CALL.span_id.hex(), "signal": "thumbs_down"}
    for _ in range(2):
        await backend.client.post("/v1/feedback", json=thumbs)
    await backend.client.post("/v1/feedback", json={"signal": "thumbs_down"})
    await backend.client.post("/v1/traces", content=b"\xff", headers={"content-type": "application/x-protobuf"})
    found = await figures(backend)
    assert found["otel_evals_ingest_requests_total", "accepted", "traces"] == 3
    assert sum(value for key, value in found.items() if key[0].endswith("requests_total") and "refused" in key) == 2
    assert found["otel_evals_ingest_spans_total",] == 1
    assert found["otel_evals_ingest_results_total", "joined"] == 2
    assert found["otel_evals_ingest_results_total", "waiting"] == 1
    assert found["otel_evals_ingest_results_total", "duplicate"] == 2
    assert found["otel_evals_feedback_total", "thumbs_down"] == 1
    assert found["otel_evals_feedback_total", "copy"] == 0
    assert ("otel_evals_feedback_total", "copy") in found
    assert found["otel_evals_ingest_duration_seconds_count", "traces"] == 3
    assert found["otel_evals_review_queue", "open"] >= 1
    assert ("otel_evals_review_queue", "adjudicate") in found
    assert found["otel_evals_database_size_bytes",] > 10_000


async def test_the_outbox_shows_what_waits_and_what_was_refused(backend):
    async with backend.context.database.write() as connection:
        now_ns = backend.clock.time_ns()
        rows = [(name, outbox.Signal.TRACES, b"x") for name in "abc"]
        await outbox.post(backend.context.database, connection, rows, now_ns)
        (letter,) = await outbox.claim(connection, now_ns, most=1)
        await outbox.set_aside(connection, letter, "400")
    found = await figures(backend)
    assert found["otel_evals_outgoing_waiting", "waiting"] == 2
    assert found["otel_evals_outgoing_waiting", "set_aside"] == 1


async def test_figures_of_the_database_are_asked_every_few_seconds_only(backend):
    before = await figures(backend)
    await send(backend, traces(CALL))
    assert (await figures(backend))["otel_evals_review_queue", "open"] == before["otel_evals_review_queue", "open"]
    backend.clock.advance(5)
    assert (await figures(backend))["otel_evals_review_queue", "open"] > 0


async def test_both_text_formats_are_legal(backend):
    await send(backend, traces(CALL))
    answer = await backend.client.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    names = {family.name for family in openmetrics(answer.text)}
    assert {"otel_evals_review_queue", "otel_evals_feedback", "otel_evals_ingest_duration_seconds"} <= names


async def test_health_and_figures_ask_nobody_to_log_in(open_backend):
    async with open_backend(access=AccessSettings(login=True)) as backend:
        for path in ("/metrics", "/healthz", "/livez", "/readyz"):
            assert (await backend.client.get(path)).status_code == 200, path


async def test_a_database_that_takes_nothing_makes_the_process_unready_but_not_dead(backend):
    assert (await backend.client.get("/readyz")).json() == {"status": "ok"}
    async with backend.context.database.write() as connection:
        await connection.execute(text("ALTER TABLE settings RENAME TO settings_away"))
    backend.clock.advance(5)
    unready = await backend.client.get("/readyz")
    assert (unready.status_code, unready.json()["reasons"]) == (503, ["database: it takes nothing now"])
    assert (await backend.client.get("/healthz")).status_code == 200
