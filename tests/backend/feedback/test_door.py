"""`POST /v1/feedback`: who may send, what is taken, and what becomes of it."""

import json

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from sqlalchemy import select

from otel_evals.records.units import Secret
from otel_evals_backend.access import app_keys, tokens
from otel_evals_backend.records import LOCAL
from otel_evals_backend.settings import (
    AccessSettings,
    ContentKept,
    ContentPolicy,
    FeedbackSettings,
    IngestSettings,
)
from otel_evals_backend.storage.tables import feedback, feedback_hours, outbox, review_items, spans
from tests.backend.traffic import NOON, SECOND, Body, Call, judge, send, traces

PATH = "/v1/feedback"
CALL = Call(response_id="resp-1", conversation="conv-1", results=(judge("faithfulness", "pass"),), coverage="judged")
ABOUT = {"trace_id": CALL.trace_id.hex(), "span_id": CALL.span_id.hex()}
PAGE = "https://shop.example.com"


async def give(backend, body, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await backend.client.post(PATH, json=body, headers=named)


async def rows(backend, table):
    async with backend.context.database.read() as connection:
        return (await connection.execute(select(table))).all()


async def key(backend, *origins, per_minute=60):
    async with backend.context.database.write() as connection:
        return await app_keys.make(
            connection, LOCAL, app="shop", origins=origins, per_minute=per_minute, now_ns=backend.clock.time_ns()
        )


async def test_a_signal_is_kept_and_joined_to_its_call(backend):
    await send(backend, traces(CALL))
    answer = await give(backend, {**ABOUT, "signal": "thumbs_down", "comment": "No."})
    assert answer.status_code == 202
    (taken,) = answer.json()["feedback"]
    assert (taken["joined"], taken["duplicate"], taken["notes"]) == (True, False, [])
    (row,) = await rows(backend, feedback)
    assert (bytes(row.id).hex(), row.signal, row.comment, bytes(row.span), row.source) == (
        taken["id"], "thumbs_down", "No.", CALL.key, "local",
    )  # fmt: skip
    (hour,) = await rows(backend, feedback_hours)
    assert (hour.signal, hour.n) == ("thumbs_down", 1)
    (span,) = await rows(backend, spans)
    assert span.feedback == -1
    assert len(await rows(backend, review_items)) == 1


@pytest.mark.parametrize(
    "about",
    [
        {"response_id": "resp-1"}, {"conversation_id": "conv-1"}, {"trace_id": ABOUT["trace_id"]},
        {**ABOUT, "trace_id": ABOUT["trace_id"].upper()},
    ],
)  # fmt: skip
async def test_a_signal_finds_its_call_whichever_comes_first(backend, about):
    early = (await give(backend, {**about, "signal": "copy"})).json()["feedback"][0]
    assert not early["joined"]
    await send(backend, traces(CALL))
    again = (await give(backend, {**about, "signal": "copy"})).json()["feedback"][0]
    assert (again["id"], again["joined"], again["duplicate"]) == (early["id"], True, True)
    late = (await give(backend, {**about, "signal": "regenerate"})).json()["feedback"][0]
    assert late["joined"]
    assert sorted(row.signal for row in await rows(backend, feedback)) == ["copy", "regenerate"]
    assert {(row.signal, row.n) for row in await rows(backend, feedback_hours)} == {("copy", 1), ("regenerate", 1)}


@pytest.mark.parametrize(
    ("signal", "value", "kept", "corrected"),
    [
        ("rating", 0.25, 0.25, None),
        ("rating", 1, 1.0, None),
        ("rating", {"value": 4, "min": 1, "max": 5}, 0.75, None),
        ("rating", {"value": 1, "min": 6, "max": 1}, 1.0, None),
        ("edit", 0.4, 0.4, None),
        ("edit", None, None, None),
        ("edit", {"before_length": 100, "after_length": 80, "distance": 30}, 0.3, None),
        ("edit", {"before_length": 0, "after_length": 0, "distance": 0}, 0.0, None),
        ("correction", "Refunds take ten days.", None, "Refunds take ten days."),
        ("abandon", None, None, None),
    ],
)
async def test_values_are_kept_as_their_signal_wants_them(backend, signal, value, kept, corrected):
    answer = await give(backend, {**ABOUT, "signal": signal, "value": value})
    assert answer.status_code == 202, answer.text
    (row,) = await rows(backend, feedback)
    assert row.value == (None if kept is None else pytest.approx(kept))
    assert row.corrected == corrected


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({**ABOUT, "signal": "like"}, "thumbs_up, thumbs_down, rating, copy, edit, regenerate, rephrase, abandon"),
        (ABOUT, "signal is one of"),
        ({"signal": "copy"}, "say what it is about"),
        ({"signal": "copy", "span_id": ABOUT["span_id"]}, "span_id needs its trace_id"),
        ({"signal": "copy", "trace_id": "0" * 32}, "zeros"),
        ({"signal": "copy", "trace_id": "xyz"}, "trace_id"),
        ({**ABOUT, "signal": "copy", "coment": "?"}, "coment is no field"),
        ({**ABOUT, "signal": "rating"}, "value of a rating"),
        ({**ABOUT, "signal": "rating", "value": 5}, "value of a rating"),
        ({**ABOUT, "signal": "rating", "value": True}, "value"),
        ({**ABOUT, "signal": "rating", "value": {"value": 9, "min": 1, "max": 5}}, "outside"),
        ({**ABOUT, "signal": "rating", "value": {"value": 1, "min": 1, "max": 1}}, "the same"),
        ({**ABOUT, "signal": "edit", "value": 1.5}, "value of an edit"),
        ({**ABOUT, "signal": "edit", "value": {"before_length": 9, "after_length": 1, "distance": 2}}, "distance"),
        ({**ABOUT, "signal": "correction"}, "value of a correction"),
        ({**ABOUT, "signal": "correction", "value": " "}, "value of a correction"),
        ({**ABOUT, "signal": "thumbs_up", "value": 1}, "has no value"),
        ({**ABOUT, "signal": "copy", "at": "yesterday"}, "at is written as"),
        ({**ABOUT, "signal": "copy", "at": "2026-09-21T12:00:00"}, "with a zone"),
        ({**ABOUT, "signal": "copy", "at": 12}, "year 2000"),
        ([], "empty"),
        ("copy", "JSON object"),
        ([{**ABOUT, "signal": "copy"}, 3], "signal 1: "),
        ([{**ABOUT, "signal": "copy"}] * 501, "at most 500"),
    ],
)
async def test_what_is_no_signal_is_refused_in_words_and_nothing_is_kept(backend, body, words):
    answer = await give(backend, body)
    assert answer.status_code == 400
    assert words in answer.json()["detail"]
    assert await rows(backend, feedback) == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"signal": NaN}', b"[" * 100_000, b'"\\ud800"'])
async def test_what_is_no_json_is_refused(backend, body):
    answer = await backend.client.post(PATH, content=body)
    assert answer.status_code == 400


async def test_large_bodies_and_other_forms_are_refused(backend):
    assert (await backend.client.post(PATH, content=b" " * ((1 << 20) + 1))).status_code == 413
    assert (await backend.client.post(PATH, data={"signal": "copy"})).status_code == 415


async def test_a_list_is_kept_whole_and_answered_in_its_order(backend):
    await send(backend, traces(CALL))
    signals = ["copy", "abandon", "thumbs_up"]
    body = [{"response_id": f"resp-{number}", "signal": signal} for number, signal in enumerate(signals)]
    taken = (await give(backend, body)).json()["feedback"]
    assert [one["joined"] for one in taken] == [False, True, False]
    assert {bytes(row.id).hex(): row.signal for row in await rows(backend, feedback)} == {
        one["id"]: signal for one, signal in zip(taken, signals, strict=True)
    }


async def test_the_same_again_changes_nothing(backend):
    await send(backend, traces(CALL))
    thumbs = {**ABOUT, "signal": "thumbs_up"}
    named = [
        await give(backend, thumbs, idempotency_key="a"),
        await give(backend, thumbs, idempotency_key="a"),
        await give(backend, {**thumbs, "signal": "copy"}, idempotency_key="a"),
        await give(backend, {**thumbs, "id": "b"}),
        await give(backend, {**thumbs, "id": "b"}),
    ]
    assert [answer.json()["feedback"][0]["duplicate"] for answer in named] == [False, True, True, False, True]
    assert len(await rows(backend, feedback)) == 2
    twice = (await give(backend, [{**thumbs, "id": "c"}, {**thumbs, "id": "c"}])).json()["feedback"]
    assert [one["duplicate"] for one in twice] == [False, True]
    assert sum(row.n for row in await rows(backend, feedback_hours)) == 3


async def test_without_an_id_the_same_words_within_a_minute_are_one(backend):
    thumbs = {**ABOUT, "signal": "thumbs_up"}
    seen = []
    for seconds in (0, 30, 25, 40, 61):
        backend.clock.advance(seconds)
        seen.append((await give(backend, thumbs)).json()["feedback"][0]["duplicate"])
    assert seen == [False, True, True, False, False]
    assert (await give(backend, {**thumbs, "comment": "Thanks"})).json()["feedback"][0]["duplicate"] is False


async def test_times_are_read_in_every_usual_form_and_none_is_in_the_future(backend):
    earlier = NOON // SECOND - 3600
    for at in (earlier, earlier * 1000, "2026-09-21T13:13:20Z", "2026-09-21T15:13:20+02:00"):
        answer = await give(backend, {**ABOUT, "signal": "copy", "at": at, "id": str(at)})
        assert answer.json()["feedback"][0]["notes"] == [], answer.text
    assert {row.at_ns for row in await rows(backend, feedback)} == {earlier * SECOND}
    ahead = await give(backend, {**ABOUT, "signal": "abandon", "at": NOON // SECOND + 5})
    assert "future" in ahead.json()["feedback"][0]["notes"][0]
    assert max(row.at_ns for row in await rows(backend, feedback)) == NOON


@pytest.mark.parametrize(
    ("policy", "comment"),
    [
        (ContentPolicy.FULL, "Write to jo.miller@example.com"),
        (ContentPolicy.REDACTED, "Write to [EMAIL]"),
        (ContentPolicy.NONE, None),
    ],
)
async def test_words_are_kept_as_the_content_policy_lets_them(open_backend, policy, comment):
    async with open_backend(content=ContentKept(policy=policy)) as backend:
        words = "Write to jo.miller@example.com"
        body = [
            {**ABOUT, "signal": "thumbs_down", "comment": words}, {**ABOUT, "signal": "correction", "value": words}
        ]  # fmt: skip
        answer = await give(backend, body)
        assert answer.status_code == 202
        kept = {row.signal: (row.comment, row.corrected) for row in await rows(backend, feedback)}
        if policy is ContentPolicy.REDACTED:
            assert "jo.miller" not in repr(kept)
            assert kept["thumbs_down"][0].startswith("Write to ")
        else:
            assert kept == {"thumbs_down": (comment, None), "correction": (None, comment)}
        assert ("not kept" in answer.text) == (comment is None)


async def test_comments_are_bounded_and_hostile_ones_harmless(open_backend):
    async with open_backend(feedback=FeedbackSettings(max_comment=10)) as backend:
        answer = await give(backend, {**ABOUT, "signal": "thumbs_down", "comment": "a\0b" * 100})
        assert "cut at 10" in answer.json()["feedback"][0]["notes"][0]
        (row,) = await rows(backend, feedback)
        assert row.comment == "a\ufffdba\ufffdba\ufffdba"


# Who may send.


async def test_a_publishable_key_lets_pages_of_its_origins_send_and_no_others(backend):
    mine = await key(backend, PAGE)
    signal = {**ABOUT, "signal": "copy"}
    taken = await give(backend, signal, x_feedback_key=mine, origin=PAGE)
    assert taken.status_code == 202
    assert taken.headers["access-control-allow-origin"] == PAGE
    assert "origin" in taken.headers["vary"].lower()
    assert (await rows(backend, feedback))[0].source == f"key:{mine}"
    other = await give(backend, signal, x_feedback_key=mine, origin="https://evil.example.com")
    assert other.status_code == 403
    assert "access-control-allow-origin" not in other.headers
    assert (await give(backend, signal, x_feedback_key="oepk_guess", origin=PAGE)).status_code == 401
    bare = await give(backend, signal, origin=PAGE)  # this machine's own trust is not for its browser's pages
    assert bare.status_code == 401
    assert bare.headers["access-control-allow-origin"] == PAGE


async def test_a_key_without_origins_is_for_servers(backend):
    mine = await key(backend)
    signal = {**ABOUT, "signal": "copy"}
    assert (await give(backend, signal, x_feedback_key=mine, origin=PAGE)).status_code == 403
    assert (await give(backend, signal, authorization=f"Bearer {mine}")).status_code == 202


async def test_preflights_know_the_origins_of_keys(backend):
    await key(backend, PAGE)
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,x-feedback-key"}
    yes = await backend.client.options(PATH, headers={"origin": PAGE, **asks})
    assert (yes.status_code, yes.headers["access-control-allow-origin"]) == (204, PAGE)
    assert "x-feedback-key" in yes.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in yes.headers
    no = await backend.client.options(PATH, headers={"origin": "https://evil.example.com", **asks})
    assert (no.status_code, "access-control-allow-origin" in no.headers) == (403, False)


async def test_a_beacon_sends_text_with_the_key_inside(backend):
    mine = await key(backend, PAGE)
    body = json.dumps({**ABOUT, "signal": "abandon", "key": mine})
    sent = {"content-type": "text/plain;charset=UTF-8", "origin": PAGE, "sec-fetch-site": "cross-site"}
    assert (await backend.client.post(PATH, content=body, headers=sent)).status_code == 202
    two = [{**ABOUT, "signal": "copy", "key": mine}, {**ABOUT, "signal": "copy", "key": "oepk_other"}]
    assert (await give(backend, two)).status_code == 400


async def test_a_revoked_key_is_nothing(backend):
    mine = await key(backend, PAGE)
    async with backend.context.database.write() as connection:
        await app_keys.revoke(connection, mine, backend.clock.time_ns())
    answer = await give(backend, {**ABOUT, "signal": "copy"}, x_feedback_key=mine, origin=PAGE)
    assert answer.status_code == 401
    assert "access-control-allow-origin" not in answer.headers


async def test_a_key_can_do_nothing_else(backend):
    mine = await key(backend, PAGE)
    shows = {"authorization": f"Bearer {mine}"}
    body = traces(CALL)
    for path in ("/api/v1/feedback", "/api/v1/overview", "/"):
        assert (await backend.client.get(path, headers=shows)).status_code == 401
    answer = await backend.client.post(
        body.path, content=body.data, headers={**shows, "content-type": "application/x-protobuf"}
    )
    assert answer.status_code == 401


async def test_too_many_signals_of_a_key_are_told_when_to_come_again(backend):
    mine = await key(backend, PAGE, per_minute=3)
    answers = [
        await give(backend, {**ABOUT, "signal": "copy", "id": str(number)}, x_feedback_key=mine) for number in range(4)
    ]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert 1 <= int(answers[3].headers["retry-after"]) <= 60
    other = await key(backend, PAGE, per_minute=3)
    assert (await give(backend, {**ABOUT, "signal": "copy"}, x_feedback_key=other)).status_code == 202
    assert (await give(backend, [{**ABOUT, "signal": "copy"}] * 4, x_feedback_key=other)).status_code == 400


async def test_where_people_log_in_nobody_sends_without_a_key_or_token(open_backend):
    async with open_backend(access=AccessSettings(login=True)) as backend:
        signal = {**ABOUT, "signal": "copy"}
        assert (await give(backend, signal)).status_code == 401
        async with backend.context.database.write() as connection:
            made = {
                scope: (await tokens.make(connection, LOCAL, name=scope, scopes=[scope], now_ns=NOON))[1]
                for scope in ("send", "read")
            }
        assert (await give(backend, signal, authorization=f"Bearer {made['send']}")).status_code == 202
        assert (await give(backend, signal, authorization=f"Bearer {made['read']}")).status_code == 403


async def test_where_senders_show_tokens_this_machine_does_too(open_backend):
    async with open_backend(ingest=IngestSettings(bearer_tokens=(Secret("s3cret-sender"),))) as backend:
        signal = {**ABOUT, "signal": "copy"}
        assert (await give(backend, signal)).status_code == 401
        assert (await give(backend, signal, authorization="Bearer s3cret-sender")).status_code == 202


# On to the processor, and back.


async def test_a_signal_goes_on_to_the_processor_and_changes_nothing_when_it_comes_back(open_backend):
    async with open_backend(send_to="http://127.0.0.1:9") as backend:
        await send(backend, traces(CALL))
        body = {"response_id": "resp-1", "signal": "rating", "value": 0.2, "comment": "Meh."}
        taken = (await give(backend, body)).json()["feedback"][0]
        await give(backend, body)
        await give(backend, {"trace_id": "ab" * 16, "signal": "copy"})
        sent = {row.id: row for row in await rows(backend, outbox)}
        assert len(sent) == 2
        row = sent[f"feedback:{taken['id']}"]
        (resource,) = ExportLogsServiceRequest.FromString(bytes(row.body)).resource_logs
        (record,) = resource.scope_logs[0].log_records
        assert (record.trace_id, record.span_id) == (CALL.trace_id, CALL.span_id)
        before = [await rows(backend, table) for table in (feedback, feedback_hours, outbox, spans, review_items)]
        await send(backend, *(Body("/v1/logs", bytes(one.body)) for one in sent.values()))
        after = [await rows(backend, table) for table in (feedback, feedback_hours, outbox, spans, review_items)]
        assert after == before


async def test_what_is_said_before_a_processor_is_named_waits_for_it(backend):
    assert backend.context.settings.send_to is None
    taken = (await give(backend, {**ABOUT, "signal": "copy"})).json()["feedback"][0]
    assert [row.id for row in await rows(backend, outbox)] == [f"feedback:{taken['id']}"]
