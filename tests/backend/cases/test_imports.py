"""Labelled files become calibration sets: whole or not at all, and `judge calibrate` reads them again."""

import json

import msgspec
import pytest

from otel_evals.selftest.labelled import Row, labelled, read_labelled
from otel_evals_backend.cases.exporting import Exported, calibration_line
from otel_evals_backend.cases.reading_files import read_file
from tests.backend.cases.test_cases import house, made_case  # noqa: F401 - the fixture

CSV = (
    "Question,Output,Verdict,contexts,comment\r\n"
    '"How long?","30 days, dear","pass","[""Refunds: 30 days."", {""id"": ""d2"", ""text"": ""More.""}]",x\r\n'
    '"Who\nare you?",A bot.,0,,y\r\n'
)
JSONL = "\n".join(
    map(
        json.dumps,
        [
            {"id": "a", "question": "How long?", "answer": "30 days", "label": "pass", "documents": ["30 days."]},
            {"messages": [{"role": "user", "content": "Hi"}], "output": "Bye", "label": "fail", "rubric": "tone"},
            {"question": "Weather?", "tool_calls": [{"name": "weather", "arguments": {"city": "Bonn"}}],
             "tools": [{"type": "function", "function": {"name": "weather"}}], "label": "pass", "more": 1},
        ],
    )
)  # fmt: skip


def order(text, form="jsonl", dataset="set", **more):
    return {"dataset": dataset, "form": form, "text": text, **more}


async def test_a_look_names_the_columns_and_counts_and_keeps_nothing(backend):
    seen = (await backend.client.post("/api/v1/cases/imports", json=order(CSV, "csv", dry_run=True))).json()
    assert {one["name"]: one["read_as"] for one in seen["columns"]} == {
        "Question": "question", "Output": "answer", "Verdict": "label", "contexts": "documents", "comment": None,
    }  # fmt: skip
    assert (seen["rows"], seen["passes"], seen["fails"], seen["faulty"]) == (2, 1, 1, 0)
    assert [(one["line"], one["label"]) for one in seen["samples"]] == [(2, "pass"), (3, "fail")]
    assert (await backend.client.get("/api/v1/cases")).json()["total"] == 0


@pytest.mark.parametrize(("text", "form"), [(CSV, "csv"), (JSONL, "jsonl")])
async def test_a_set_comes_out_as_judge_calibrate_reads_it(backend, tmp_path, text, form):
    done = (await backend.client.post("/api/v1/cases/imports", json=order(text, form))).json()
    written = (await backend.client.get("/api/v1/cases/export?dataset=set&form=calibration")).content
    file = tmp_path / "set.jsonl"
    file.write_bytes(written)
    before = {row.case.exchange.messages[-1].text: row for row in direct(text, form)}
    after = read_labelled(file, None)
    assert len(after) == done["added"] == len(before)
    for row in after:
        same = before[row.case.exchange.messages[-1].text]
        assert (row.case, row.label, row.rubric) == (same.case, same.label, same.rubric)


def direct(text, form):
    """The same rows without a database between."""
    if form == "jsonl":
        return [labelled(msgspec.json.decode(line, type=Row), 1, None) for line in text.splitlines()]
    lines = [calibration_line(Exported(id="x", version=1, dataset="d", case=row.case, redaction="full"))
             for row in read_file(text, form).rows]  # fmt: skip
    return [labelled(msgspec.json.decode(line, type=Row), 1, None) for line in lines]


@pytest.mark.parametrize(
    ("text", "form", "line", "says"),
    [
        ('{"question": "a", "answer": "b", "label": "pass"}\n{"question": "a"}', "jsonl", 2, "label"),
        ('{"question": "a", "answer": "b", "label": "perhaps"}', "jsonl", 1, "'perhaps'"),
        ('{"answer": "b", "label": "pass"}', "jsonl", 1, "question"),
        ('{"question": "b", "label": "pass"}', "jsonl", 1, "answer"),
        ("\n\n{oops", "jsonl", 3, "no JSON"),
        ("[1]", "jsonl", 1, "no JSON object"),
        ('{"question": "\\ud800", "answer": "b", "label": "pass"}', "jsonl", 1, "JSON"),
        ('{"question": "a\\u0000", "answer": "b", "label": "pass"}', "jsonl", 1, "content"),
        ("question,answer,label\nq,a,pass\nq,a,pass,more\n", "csv", 3, "4 cells"),
        ("question,question\nq,a\n", "csv", 1, "same name"),
        ('question,answer,label\n"q', "csv", 2, "no CSV"),
        ("", "csv", 1, "no rows"),
    ],
)
async def test_one_bad_line_keeps_everything_out_and_is_named(backend, text, form, line, says):
    seen = (await backend.client.post("/api/v1/cases/imports", json=order(text, form, dry_run=True))).json()
    assert seen["faults"][0]["line"] == line
    assert says in seen["faults"][0]["says"]
    answer = await backend.client.post("/api/v1/cases/imports", json=order(text, form))
    assert answer.status_code == 422
    assert f"line {line}" in answer.json()["detail"]
    assert (await backend.client.get("/api/v1/cases")).json()["total"] == 0


async def test_the_same_file_twice_adds_nothing(backend):
    first = (await backend.client.post("/api/v1/cases/imports", json=order(JSONL))).json()
    again = (await backend.client.post("/api/v1/cases/imports", json=order(f"{JSONL}\n{JSONL}"))).json()
    assert (first["added"], again["added"], again["known"]) == (3, 0, 6)
    other = (await backend.client.post("/api/v1/cases/imports", json=order(JSONL, dataset="other"))).json()
    assert other["added"] == 3


async def test_a_set_of_reviewers_takes_no_file(house):  # noqa: F811 - the fixture
    await made_case(house)
    answer = await house.client.post("/api/v1/cases/imports", json=order(JSONL, dataset="regressions"))
    assert answer.status_code == 409


async def test_by_the_page_a_file_is_looked_at_and_then_imported(backend):
    files = {"file": ("labels.csv", CSV.encode(), "text/csv")}
    page = await backend.client.post("/cases/import", data={"dataset": "set"}, files=files)
    assert page.status_code == 200
    assert "not read" in page.text
    upload = page.text.split('action="/cases/import/')[1].split('"')[0]
    assert (await backend.client.post(f"/cases/import/{upload}")).headers["location"] == "/cases?dataset=set"
    assert (await backend.client.get("/api/v1/cases?dataset=set")).json()["total"] == 2
    assert (await backend.client.post(f"/cases/import/{upload}")).status_code == 404


async def test_a_file_that_waits_goes_after_an_hour(backend):
    files = {"file": ("labels.csv", CSV.encode(), "text/csv")}
    page = await backend.client.post("/cases/import", data={"dataset": "set"}, files=files)
    upload = page.text.split('action="/cases/import/')[1].split('"')[0]
    backend.clock.advance(3601)
    assert (await backend.client.post(f"/cases/import/{upload}")).status_code == 404


@pytest.mark.parametrize(
    ("name", "body", "dataset"),
    [("a.exe", b"x", "set"), ("a.csv", b"\xff\xfe", "set"), ("a.csv", CSV.encode(), "a b/../c"),
     ("a.jsonl", b"x" * ((8 << 20) + 1), "set")],
)  # fmt: skip
async def test_a_file_that_is_none_is_refused_with_the_reason(backend, name, body, dataset):
    answer = await backend.client.post("/cases/import", data={"dataset": dataset}, files={"file": (name, body)})
    assert answer.status_code == 422
    assert "notice bad" in answer.text


async def test_our_own_files_come_back_as_sets(house):  # noqa: F811 - the fixture
    await made_case(house)
    for form in ("jsonl", "csv"):
        text = (await house.client.get(f"/api/v1/cases/export?form={form}&dataset=regressions")).text
        done = (await house.client.post("/api/v1/cases/imports", json=order(text, form, dataset=f"from-{form}"))).json()
        assert done["added"] == 1
        name = (await house.client.get(f"/api/v1/cases?dataset=from-{form}")).json()["items"][0]["id"]
        case = (await house.client.get(f"/api/v1/cases/{name}")).json()["case"]
        assert case["input"][1]["content"] == "How long is a refund open?"
        assert (case["answer"], case["label"], case["metric"]) == ("Sixty days, dear friend.", "fail", "faithfulness")
        assert case["expected"]["text"] == "Thirty days, dear friend."
        assert case["retrieved"] == [{"id": "returns", "text": "Within thirty days."}]


def test_a_cell_that_was_made_harmless_for_spreadsheets_is_read_as_it_was():
    [row] = read_file("question,answer,label\n'=1+1,'-,pass\n", "csv").rows
    assert (row.case.question, row.case.answer) == ("=1+1", "-")
