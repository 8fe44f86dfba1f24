"""Review by pages and by JSON: blind before the label, without scripts, and nothing is changed by looking."""

import json
import re

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sqlalchemy import select

from otel_evals_backend.settings import RevealPolicy, ReviewSettings
from otel_evals_backend.storage.tables import METADATA, drafts, labels, outbox, reservations, review_items, seen_results
from tests.backend.traffic import Call, check, feedback, judge, retriever, send, traces

SECRETS = ("zqjudgeid", "zqversion", "zqmodel", "zqexplained", "zqverdict", "zqstratum", "zqshadow", "0.4871", "0.5129",
           "zqcheckid", "zqwhy", "zqcomment", "0.0317")  # fmt: skip
"""What evaluators and users said of the item, in words that occur nowhere else."""
REASONS = ("random_audit", "failing_high_risk", "judge_checks_disagree", "judges_disagree", "low_confidence",
           "near_the_line", "negative_feedback", "high_risk", "purposive")  # fmt: skip
EVERYBODY = ReviewSettings(audit=1, double=0)


def disputed(number=1):
    return Call(
        number=number, band="high", reasons=("pii",), coverage="judged", stratum="zqstratum", probability=0.0317,
        question=f"What is {chr(96 + number) * 4}?", answer="The policy says **thirty days**.",
        results=(
            check("pii", "fail", explanation="zqwhy", version="zqcheckid"),
            judge("faithfulness", "fail", score=0.4871, id="zqjudgeid", version="zqversion", model="zqmodel",
                  explanation="zqexplained", probability=0.0317, stratum="zqstratum", confidence=0.5129,
                  **{"otel_evals.verdict": "zqverdict"}),
            judge("faithfulness", "pass", id="zqshadow", version="zqversion", shadow=True, stratum="zqstratum"),
        ),
    )  # fmt: skip


async def rows(backend, table):
    async with backend.context.database.read() as connection:
        return (await connection.execute(select(table))).all()


async def fill(backend, count=3):
    for number in range(1, count + 1):
        call = disputed(number)
        await send(backend, retriever(call, ("returns", "Within thirty days.")), traces(call))
        await send(backend, feedback(call, "thumbs_down", comment="zqcomment"))


async def reserve(backend):
    answer = await backend.client.post("/api/v1/review/next", json={})
    assert answer.status_code == 200
    return answer.json()["id"]


def token(html):
    return re.search(r'name="csrf" value="([^"]+)"', html)[1]


async def test_no_answer_holds_what_anybody_said_before_the_label_and_the_labels_answer_does(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        await fill(backend)
        client = backend.client
        heard = []

        async def ask(method, path, **more):
            answer = await client.request(method, path, **more)
            heard.append((path, f"{answer.headers} {answer.text}"))
            return answer

        item = (await ask("POST", "/api/v1/review/next", json={})).json()["id"]
        other = (await ask("POST", "/api/v1/review/next", json={"beside": item})).json()["id"]
        for path in ("/review", f"/review/{item}", f"/review/{other}", f"/review/{item}?second=1", "/review/me",
                     f"/api/v1/review/items/{item}", "/api/v1/review/queue", "/api/v1/review/me"):  # fmt: skip
            assert (await ask("GET", path)).status_code == 200
            await ask("GET", path, headers={"x-fragment": "1"})
        await ask("PUT", f"/api/v1/review/items/{item}/draft", json={"note": "I think"})
        for path in ("/api/v1/spans", "/api/v1/results", "/evaluations", "/evaluations.csv"):
            for query in ({}, {"label": "fail"}, {"metric": "faithfulness", "label": "fail"}, {"band": "high"},
                          {"coverage": "judged"}, {"feedback": "negative"}, {"reviewed": "no"}):  # fmt: skip
                answer = await client.get(path, params={"range": "7d"} | query)
                assert answer.status_code == 200
                text = answer.text
                assert not [word for word in SECRETS if word in text], (path, query)
                if query and path == "/api/v1/spans":
                    assert (answer.json()["items"], answer.json()["total"]) == ([], None), query
        for path in (f"/spans/{disputed().trace_id.hex()}/{disputed().span_id.hex()}",):
            for place in (path, f"/api/v1{path}"):
                text = (await ask("GET", place)).text
                assert "thumbs" not in text
        assert await rows(backend, seen_results) == []
        for action in ("take", "flag"):
            await ask("POST", f"/api/v1/review/items/{item}/{action}")
        await ask("POST", f"/api/v1/review/items/{other}/skip")
        for path, text in heard:
            assert not [word for word in (*SECRETS, *REASONS) if word in text], path
        body = {"verdict": "pass", "seconds": 3.5}
        said = await ask("POST", f"/api/v1/review/items/{item}/label", json=body, headers={"idempotency-key": "k"})
        assert said.status_code == 200, said.text
        metric = {row.id: row.metric for row in await rows(backend, review_items)}[item]
        wanted = {"faithfulness": {"zqjudgeid", "zqshadow"}, "pii": {"pii"}}[metric]
        assert {one["evaluator"] for one in said.json()["evaluators"]} == wanted
        assert {one["agrees"] for one in said.json()["evaluators"] if not one["shadow"]} == {False}


async def test_an_item_is_labelled_by_forms_alone(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        await fill(backend, 1)
        client = backend.client
        start = await client.get("/review")
        browser = {"user-agent": "Mozilla/5.0", "origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}
        moved = await client.post("/review/next", data={"csrf": token(start.text)}, headers=browser)
        assert moved.status_code == 303
        page = await client.get(moved.headers["location"])
        key = re.search(r'name="key" value="([^"]+)"', page.text)[1]
        form = {
            "csrf": token(page.text), "key": key, "seconds": "", "verdict": "fail", "note": " why ",
            "reason": ["not in the sources", "other"], "corrected": "Thirty days.",
            "behaviour": ["must cite", "must answer"], "must_contain": "thirty\r\ndays\r\n",
        }  # fmt: skip
        saved = await client.post(f"{moved.headers['location']}/label", data=form, headers=browser)
        assert saved.status_code == 303, saved.text
        again = await client.post(f"{moved.headers['location']}/label", data=form, headers=browser)
        assert again.status_code == 303
        revealed = await client.get(saved.headers["location"])
        assert "Saved" in revealed.text
        kept = await rows(backend, labels)
        assert [(row.verdict, row.note, row.corrected, json.loads(row.reasons)) for row in kept] == [
            ("fail", "why", "Thirty days.", ["not in the sources", "other"])
        ]
        assert json.loads(kept[0].expected) == {
            "behaviour": ["must cite", "must answer"],
            "must_contain": ["thirty", "days"],
        }


async def test_looking_changes_nothing(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        await fill(backend, 2)
        item = await reserve(backend)

        async def everything():
            return {name: sorted(map(repr, await rows(backend, table))) for name, table in METADATA.tables.items()}

        before = await everything()
        for path in ("/review", f"/review/{item}", "/review/me", "/api/v1/review/queue", "/api/v1/review/plan",
                     f"/api/v1/review/items/{item}", "/api/v1/review/me"):  # fmt: skip
            assert (await backend.client.get(path)).status_code == 200
        assert await everything() == before


async def test_an_item_that_is_not_reserved_is_not_shown_and_not_labelled(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        await fill(backend, 1)
        item = (await rows(backend, review_items))[0].id
        assert (await backend.client.get(f"/review/{item}")).status_code == 404
        assert (await backend.client.get(f"/api/v1/review/items/{item}")).status_code == 404
        answer = await backend.client.post(
            f"/api/v1/review/items/{item}/label", json={"verdict": "pass"}, headers={"idempotency-key": "k"}
        )
        assert answer.status_code == 409
        assert (await backend.client.post(f"/api/v1/review/items/{item}/take")).json() == {"held": False}


@pytest.mark.parametrize(
    "body",
    [
        {"verdict": "maybe"}, {}, {"verdict": "pass", "seconds": -1}, {"verdict": "pass", "note": "\x00"},
        {"verdict": "pass", "note": "x" * 20_001}, {"verdict": "pass", "evaluator": "me"},
        {"verdict": "fail", "expected": {"behaviour": ["must lie"]}},
    ],
)  # fmt: skip
async def test_a_label_that_cannot_be_read_is_refused(open_backend, body):
    async with open_backend(review=EVERYBODY) as backend:
        await fill(backend, 1)
        item = await reserve(backend)
        answer = await backend.client.post(
            f"/api/v1/review/items/{item}/label", json=body, headers={"idempotency-key": "k"}
        )
        assert answer.status_code == 422
        assert await rows(backend, labels) == []


async def test_a_draft_comes_back_and_goes_with_the_label(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        await fill(backend, 1)
        item = await reserve(backend)
        path = f"/api/v1/review/items/{item}"
        await backend.client.put(
            f"{path}/draft", json={"note": "half a tho", "expected": {"behaviour": ["must refuse"]}}
        )
        assert "half a tho" in (await backend.client.get(f"/review/{item}")).text
        assert (await backend.client.get(path)).json()["draft"]["expected"]["behaviour"] == ["must refuse"]
        await backend.client.post(f"{path}/label", json={"verdict": "pass"}, headers={"idempotency-key": "k"})
        assert await rows(backend, drafts) == []


async def test_what_was_skipped_comes_back_when_asked_for(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        await send(backend, traces(Call(band="medium", results=(judge("faithfulness", score=0.9),))))
        item = await reserve(backend)
        await backend.client.post(f"/api/v1/review/items/{item}/skip")
        assert await reserve(backend) is None
        await backend.client.post("/review/unskip")
        assert await reserve(backend) == item


async def test_a_label_leaves_as_a_late_result_of_its_span(open_backend):
    async with open_backend(review=EVERYBODY, send_to="http://127.0.0.1:4318") as backend:
        call = Call(
            band="medium", coverage="judged", results=(judge("faithfulness", "pass", score=0.9, probability=0.25),)
        )
        await send(backend, traces(call))
        item = await reserve(backend)
        await backend.client.post(
            f"/api/v1/review/items/{item}/label", json={"verdict": "fail", "reasons": ["other"], "seconds": 4},
            headers={"idempotency-key": "k"},
        )  # fmt: skip
        waiting = await rows(backend, outbox)
        request = ExportTraceServiceRequest.FromString(waiting[0].body)
        span = request.resource_spans[0].scope_spans[0].spans[0]
        said = {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}
        assert (span.trace_id, span.parent_span_id, span.name) == (call.trace_id, call.span_id, "evaluate faithfulness")
        assert span.end_time_unix_nano - span.start_time_unix_nano == 4_000_000_000
        version = (await rows(backend, labels))[0].rubric_version
        assert said == {
            "gen_ai.operation.name": "evaluation", "gen_ai.evaluation.name": "faithfulness",
            "gen_ai.evaluation.score.value": 0.0, "gen_ai.evaluation.score.label": "fail",
            "gen_ai.evaluation.explanation": "other", "otel_evals.evaluator.type": "human",
            "otel_evals.evaluator.id": "local", "otel_evals.evaluator.version": version,
            "otel_evals.sampling.probability": 0.25, "otel_evals.sampling.stratum": "baseline",
            "otel_evals.label.probability": 1.0, "otel_evals.source": "online",
        }  # fmt: skip


async def test_a_span_picked_by_hand_is_neither_random_nor_blind(open_backend):
    async with open_backend(review=ReviewSettings(audit=0, double=0)) as backend:
        call = Call(band="low", results=(judge("faithfulness", score=0.9),))
        await send(backend, traces(call))
        body = {"trace_id": call.trace_id.hex(), "span_id": call.span_id.hex(), "metric": "faithfulness"}
        item = (await backend.client.post("/api/v1/review/pick", json=body)).json()["id"]
        await backend.client.post(f"/api/v1/review/items/{item}/release")
        assert [row.picked for row in await rows(backend, reservations)] == [True]
        await backend.client.post(
            f"/api/v1/review/items/{item}/label", json={"verdict": "pass"}, headers={"idempotency-key": "k"}
        )
        assert [(row.blind, row.purposive) for row in await rows(backend, labels)] == [(False, True)]


@pytest.mark.parametrize("metric", ["", "a b\0<x>", "Tone", "risk", "verdict", "nobody_asks", "x" * 101, "tone\n"])
async def test_nobody_is_asked_about_what_is_no_metric(open_backend, metric):
    async with open_backend(review=EVERYBODY) as backend:
        call = disputed()
        await send(backend, traces(call))
        before = await rows(backend, review_items)
        body = {"trace_id": call.trace_id.hex(), "span_id": call.span_id.hex(), "metric": metric}
        for path, sent in (("/api/v1/review/pick", {"json": body}), ("/review/pick", {"data": body})):
            answer = await backend.client.post(path, **sent)
            assert answer.status_code == 422, answer.text
            assert "metric" in answer.text
        assert await rows(backend, review_items) == before


@pytest.mark.parametrize("metric", ["faithfulness", "pii", "tone"])
async def test_people_are_asked_about_what_has_an_evaluator_or_a_question(open_backend, metric):
    async with open_backend(review=ReviewSettings(audit=0, double=0)) as backend:
        call = Call(band="low", results=(judge("tone"),))
        await send(backend, traces(call))
        body = {"trace_id": call.trace_id.hex(), "span_id": call.span_id.hex(), "metric": metric}
        assert (await backend.client.post("/api/v1/review/pick", json=body)).status_code == 200
        unknown = await backend.client.post("/api/v1/review/pick", json=body | {"span_id": "ab" * 8})
        assert unknown.status_code == 404


async def test_the_reveal_can_be_kept_back(open_backend):
    async with open_backend(review=ReviewSettings(audit=1, double=0, reveal=RevealPolicy.NEVER)) as backend:
        await fill(backend, 1)
        item = await reserve(backend)
        said = await backend.client.post(
            f"/api/v1/review/items/{item}/label", json={"verdict": "pass"}, headers={"idempotency-key": "k"}
        )
        shown = (await backend.client.get(f"/review/{item}")).text
        assert not [word for word in SECRETS if word in said.text + shown]
        assert said.json()["evaluators"] == []


async def test_own_figures_are_counts_where_there_is_little(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        await fill(backend, 2)
        item = await reserve(backend)
        await backend.client.post(
            f"/api/v1/review/items/{item}/label",
            json={"verdict": "pass", "seconds": 30},
            headers={"idempotency-key": "k"},
        )
        mine = (await backend.client.get("/api/v1/review/me")).json()
        assert (mine["done"], mine["minutes"], mine["seconds_median"]) == (1, 0.5, None)
        assert mine["agreement"] == {"agreed": 0, "n": 0, "low": None, "high": None}
