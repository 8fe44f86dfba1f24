"""A confirmed failure becomes a case, is edited, retired, exported; and never counts in an estimate."""

import base64
import json
import re

import pytest
from sqlalchemy import func, select

from otel_evals.records.units import Secret
from otel_evals_backend.cases.making import hashed
from otel_evals_backend.settings import ContentKept, ContentPolicy, ReviewSettings
from otel_evals_backend.storage.erase import Subject, erase
from otel_evals_backend.storage.tables import cases, labels
from tests.backend.traffic import Call, judge, retriever, send, traces

EVERYBODY = ReviewSettings(audit=1, double=0)
EVIL = "<script>alert(1)</script> {{ 7*7 }} \u202e"


def call(number=1, question="How long is a refund open?", **more):
    return Call(
        number=number, parent=77, band="high", question=question, answer="Sixty days, dear friend.",
        response_id=f"r{number}",
        results=(judge("faithfulness", "fail", id="grader", version="j7", score=0.2),), **more,
    )  # fmt: skip


def failing(**more):
    return {
        "verdict": "fail", "reasons": ["not in the sources"], "corrected": "Thirty days, dear friend.", "note": "why",
        "expected": {"behaviour": ["must answer", "must cite"], "must_contain": ["30 days"],
                     "must_not_contain": ["60 days"], "sources": ["returns"]}, **more,
    }  # fmt: skip


async def reviewed(backend, made=None, **answer):
    """The item of a call that somebody has labelled."""
    made = made or call()
    await send(backend, retriever(made, ("returns", "Within thirty days.")), traces(made))
    item = (await backend.client.post("/api/v1/review/next", json={})).json()["id"]
    said = await backend.client.post(
        f"/api/v1/review/items/{item}/label", json=failing(**answer), headers={"idempotency-key": "k"}
    )
    assert said.status_code == 200, said.text
    return item


async def made_case(backend, made=None, **answer):
    item = await reviewed(backend, made, **answer)
    answer = await backend.client.post("/api/v1/cases", json={"item": item})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


@pytest.fixture
async def house(open_backend):
    async with open_backend(review=EVERYBODY) as backend:
        yield backend


async def test_a_confirmed_failure_becomes_a_case_with_all_that_is_known_of_it(house):
    name = await made_case(house)
    view = (await house.client.get(f"/api/v1/cases/{name}")).json()
    case = view["case"]
    assert (view["version"], view["dataset"], view["retired"]) == (1, "regressions", False)
    assert [turn["role"] for turn in case["input"]] == ["system", "user"]
    assert case["input"][1]["content"] == "How long is a refund open?"
    assert case["answer"] == "Sixty days, dear friend."
    assert case["expected"] == {
        "behaviour": "answer", "text": "Thirty days, dear friend.", "facts": ["30 days"], "forbidden": ["60 days"],
        "citations": ["returns"], "tools": [],
    }  # fmt: skip
    assert case["retrieved"] == [{"id": "returns", "text": "Within thirty days."}]
    assert case["tags"] == ["faithfulness", "not-in-the-sources"]
    assert (case["bucket"], case["risk_tier"], case["metric"], case["label"]) == (
        "not-in-the-sources", "high", "faithfulness", "fail",
    )  # fmt: skip
    origin = case["provenance"]
    assert (origin["trace_id"], origin["span_id"]) == (call().trace_id.hex(), call().span_id.hex())
    assert (origin["response_id"], origin["prompt_version"], origin["model"]) == ("r1", "v1", "gpt-4o-mini")
    assert [(one["by"], one["type"], one["label"]) for one in origin["verdicts"]] == [
        ("grader", "llm_judge", "fail"), (hashed("local"), "human", "fail"),
    ]  # fmt: skip
    assert origin["reviewers"] == [hashed("local")]
    assert origin["decided_at"] == "2026-09-21T14:13:20Z"
    assert origin["purposive"] is True


async def test_the_same_problem_is_one_case_and_another_expectation_is_another(house):
    first = await made_case(house, call(1))
    again = await house.client.post(
        "/api/v1/cases", json={"item": await reviewed(house, call(2, "How  long is a refund\nopen?"))}
    )
    assert (again.status_code, again.json()) == (200, {"id": first, "new": False})
    other = await made_case(house, call(3), corrected="Ask the shop.")
    assert other != first
    assert (await house.client.get("/api/v1/cases")).json()["total"] == 2


@pytest.mark.parametrize("verdict", ["pass", "unsure"])
async def test_only_a_confirmed_failure_becomes_a_case(house, verdict):
    item = await reviewed(house, verdict=verdict)
    for order in ({"item": item}, {"trace_id": call().trace_id.hex(), "span_id": call().span_id.hex()}):
        assert (await house.client.post("/api/v1/cases", json=order)).status_code == 409
    assert (await house.client.post("/api/v1/cases", json={"item": "none"})).status_code == 404
    assert (await house.client.post("/api/v1/cases", json={})).status_code == 422


async def test_without_kept_content_there_is_nothing_to_make_a_case_of(open_backend):
    async with open_backend(review=EVERYBODY, content=ContentKept(policy=ContentPolicy.NONE)) as backend:
        await send(backend, traces(call()))
        pick = {"trace_id": call().trace_id.hex(), "span_id": call().span_id.hex(), "metric": "faithfulness"}
        item = (await backend.client.post("/api/v1/review/pick", json=pick)).json()["id"]
        await backend.client.post(
            f"/api/v1/review/items/{item}/label", json=failing(), headers={"idempotency-key": "k"}
        )  # fmt: skip
        answer = await backend.client.post("/api/v1/cases", json={"item": item})
        assert answer.status_code == 409
        assert "not kept" in answer.json()["detail"]


async def test_the_reveal_and_the_page_of_the_call_offer_it_with_one_key_and_the_form_makes_it(house):
    item = await reviewed(house)
    reveal = (await house.client.get(f"/review/{item}")).text
    assert 'action="/cases"' in reveal
    assert "data-case" in reveal
    await house.client.post(f"/spans/{call().trace_id.hex()}/{call().span_id.hex()}/show")
    span = (await house.client.get(f"/spans/{call().trace_id.hex()}/{call().span_id.hex()}")).text
    assert 'action="/cases"' in span
    assert "data-case" in span
    made = await house.client.post("/cases", data={"item": item})
    assert made.status_code == 303
    by_span = {"trace_id": call().trace_id.hex(), "span_id": call().span_id.hex()}
    again = await house.client.post("/cases", data=by_span)
    assert again.headers["location"] == made.headers["location"].replace("made=new", "made=known")
    page = (await house.client.get(made.headers["location"])).text
    assert "<del>Sixty</del><ins>Thirty</ins> days, dear friend." in page
    assert "How long is a refund open?" in (await house.client.get("/cases")).text


async def test_an_edit_is_a_new_version_and_the_old_one_stays(house):
    name = await made_case(house)
    order = {
        "version": 1, "dataset": "refunds", "behaviour": "refuse", "text": "No.", "tags": ["a", "b"],
        "risk_tier": "critical", "bucket": "wrong-answer",
    }  # fmt: skip
    house.clock.advance(60)
    edited = (await house.client.put(f"/api/v1/cases/{name}", json=order)).json()
    assert (edited["version"], edited["dataset"], edited["case"]["expected"]["facts"]) == (2, "refunds", [])
    assert (await house.client.put(f"/api/v1/cases/{name}", json=order)).status_code == 409
    same = await house.client.put(f"/api/v1/cases/{name}", json=order | {"version": 2})
    assert same.json()["version"] == 2
    first = (await house.client.get(f"/api/v1/cases/{name}?version=1")).json()
    assert (first["newest"], first["case"]["expected"]["text"]) == (2, "Thirty days, dear friend.")
    history = (await house.client.get(f"/api/v1/cases/{name}/versions")).json()
    assert [(one["version"], "tags" in one["changed"]) for one in history] == [(2, True), (1, False)]
    assert (await house.client.get("/api/v1/cases?dataset=refunds&tag=b")).json()["total"] == 1
    assert (await house.client.get("/api/v1/cases?dataset=regressions")).json()["total"] == 0
    assert "older version" in (await house.client.get(f"/cases/{name}?version=1")).text


async def test_the_form_of_a_case_edits_it(house):
    name = await made_case(house)
    form = {
        "version": "1", "dataset": "regressions", "behaviour": "clarify", "text": "Which order?\r\nSay more.",
        "facts": "a\r\n\r\nb", "tags": "x, y ,", "risk_tier": "", "bucket": "",
    }  # fmt: skip
    assert (await house.client.post(f"/cases/{name}", data=form)).status_code == 303
    case = (await house.client.get(f"/api/v1/cases/{name}")).json()["case"]
    assert (case["expected"]["facts"], case["tags"]) == (["a", "b"], ["x", "y"])
    assert case["expected"]["text"] == "Which order?\nSay more."
    assert (await house.client.post(f"/cases/{name}", data=form | {"behaviour": "dance"})).status_code == 422
    assert (await house.client.post(f"/cases/{name}", data=form)).status_code == 409


async def test_a_retired_case_leaves_lists_and_files_and_comes_back(house):
    name = await made_case(house)
    assert (await house.client.post(f"/cases/{name}/retire")).status_code == 303
    assert (await house.client.get("/api/v1/cases")).json()["total"] == 0
    assert (await house.client.get("/api/v1/cases?standing=retired")).json()["total"] == 1
    assert (await house.client.get("/api/v1/cases/export")).text == ""
    assert (await house.client.post(f"/api/v1/cases/{name}/restore")).json()["version"] == 3
    assert (await house.client.get("/api/v1/cases")).json()["total"] == 1


@pytest.mark.parametrize("form", ["jsonl", "json", "csv", "calibration"])
async def test_a_file_has_the_same_bytes_twice_and_sorted_keys(house, form):
    for number in (1, 2, 3):
        await made_case(house, call(number, f"Question {number}?"))
    one, two = [(await house.client.get(f"/api/v1/cases/export?form={form}")) for _ in range(2)]
    assert one.status_code == 200
    assert one.content == two.content
    assert one.content.count(b"Question") >= 3
    if form != "csv":
        rows = json.loads(one.text) if form == "json" else [json.loads(line) for line in one.text.splitlines()]
        assert len(rows) == 3
        assert all(list(row) == sorted(row) for row in rows)
        assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)


async def test_texts_are_masked_on_their_way_out_when_asked_for_and_the_file_says_so(house):
    await made_case(house, call(1, "Write to jane.roe@example.com please?"))
    kept = json.loads((await house.client.get("/api/v1/cases/export")).text)
    masked = json.loads((await house.client.get("/api/v1/cases/export?redaction=redacted")).text)
    assert "jane.roe@example.com" in kept["input"][1]["content"]
    assert "jane.roe" not in json.dumps(masked)
    assert masked["provenance"]["trace_id"] == kept["provenance"]["trace_id"]
    assert (kept["provenance"]["redaction_policy"], masked["provenance"]["redaction_policy"]) == ("full", "redacted")


async def test_what_is_in_a_case_stays_text(house):
    name = await made_case(house, call(1, EVIL), corrected=EVIL, note=EVIL, reasons=[EVIL[:25]])
    for path in (f"/cases/{name}", "/cases"):
        page = re.sub("(?s)<textarea.*?</textarea>", "", (await house.client.get(path)).text)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
        assert "\u202e" not in page


async def test_with_a_key_no_word_of_a_case_stands_in_the_database_and_erasing_finds_it(open_backend):
    key = Secret(base64.b64encode(b"k" * 32).decode())
    async with open_backend(review=EVERYBODY, content=ContentKept(key=key)) as backend:
        name = await made_case(backend)
        async with backend.context.database.read() as connection:
            row = (await connection.execute(select(cases))).one()
        assert not re.search("refund|Sixty|Thirty", f"{row.body}{row.question}")
        view = (await backend.client.get(f"/api/v1/cases/{name}")).json()
        assert view["case"]["answer"] == "Sixty days, dear friend."
        async with backend.context.database.write() as connection:
            subject = Subject(traces=(call().trace_id,))
            counts = await erase(backend.context.database, connection, subject, who="x", now_ns=1)
        assert counts["cases"] == 1


async def test_pages_of_a_long_list_go_on_where_the_last_ended(house):
    text = "\n".join(json.dumps({"question": f"q{n}", "answer": "a", "label": "pass"}) for n in range(7))
    order = {"dataset": "long", "form": "jsonl", "text": text}
    assert (await house.client.post("/api/v1/cases/imports", json=order)).status_code == 200
    seen, cursor = [], ""
    while True:
        part = (await house.client.get("/api/v1/cases", params={"limit": 3, "cursor": cursor})).json()
        seen += [one["id"] for one in part["items"]]
        cursor = part["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 7
    assert (await house.client.get("/api/v1/cases?cursor=nonsense")).status_code == 422


async def test_a_case_counts_in_no_estimate(house):
    before = (await house.client.get("/api/v1/slices")).json()
    rows = [{"question": f"q{n}", "answer": "a", "label": "fail", "rubric": "faithfulness"} for n in range(30)]
    order = {"dataset": "set", "form": "jsonl", "text": "\n".join(map(json.dumps, rows))}
    assert (await house.client.post("/api/v1/cases/imports", json=order)).json()["added"] == 30
    assert (await house.client.get("/api/v1/slices")).json() == before
    async with house.context.database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(labels))).scalar_one() == 0
