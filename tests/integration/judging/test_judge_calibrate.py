import json

import pytest

from otel_evals.testing.judge_script import JudgeBehaviour


def rows(passes, fails, **more):
    told = [("pass", n) for n in range(passes)] + [("fail", n) for n in range(fails)]
    return "".join(
        json.dumps({"question": f"What is {n}?", "answer": f"It is {n}. [truth:{label}]", "label": label, **more})
        + "\n"
        for label, n in told
    )


def calibrating(server, *more):
    return ["calibrate", "rows.jsonl", "--url", server.url, "--model", "gpt-4.1-mini", *more]


RELEVANCE = ("--rubric", "answer_relevance")


async def test_the_confusion_is_that_of_the_judges_errors_and_every_verdict_is_written(server, run_json, elsewhere):
    (elsewhere / "rows.jsonl").write_text(rows(40, 30))
    server.behaviour = JudgeBehaviour(tpr=0.8, tnr=0.6)
    code, told = await run_json(*calibrating(server, *RELEVANCE, "--out", "out.jsonl"))
    (judge,) = told["judges"]
    confusion = judge["confusion"]
    written = [json.loads(line) for line in (elsewhere / "out.jsonl").read_text().splitlines()]
    counted = {
        f"{said}_{human}": sum((row["label"], row["human"]) == (said, human) for row in written)
        for said in ("pass", "fail")
        for human in ("pass", "fail")
    }
    assert code == 0
    assert confusion == {**counted, "none_pass": 0, "none_fail": 0}
    assert judge["tpr"]["hits"] == counted["pass_pass"] < 40
    assert judge["tnr"]["hits"] == counted["fail_fail"] < 30
    observed = (counted["pass_pass"] + counted["fail_fail"]) / 70
    yes = (counted["pass_pass"] + counted["pass_fail"]) / 70
    expected = yes * 40 / 70 + (1 - yes) * 30 / 70
    assert judge["cohen_kappa"]["value"] == pytest.approx((observed - expected) / (1 - expected))
    assert [row["line"] for row in written] == list(range(1, 71))
    assert all(row["explanation"] and "It is" not in row["explanation"] for row in written)


async def test_below_the_floors_only_counts_are_told(server, run, elsewhere):
    (elsewhere / "rows.jsonl").write_text(rows(25, 8))
    code, out, _ = await run(*calibrating(server, *RELEVANCE))
    assert code == 1
    assert "not enough labels: 12 more fails needed" in out
    assert "kappa" not in out
    assert "TPR" not in out


async def test_a_row_without_a_verdict_is_in_no_share(server, run_json, elsewhere):
    (elsewhere / "rows.jsonl").write_text(rows(30, 30))
    server.behaviour = JudgeBehaviour(fault="not_json", fault_rate=0.1)
    code, told = await run_json(*calibrating(server, *RELEVANCE))
    (judge,) = told["judges"]
    silent = judge["confusion"]["none_pass"] + judge["confusion"]["none_fail"]
    assert code == 0
    assert silent == judge["unparseable"] > 0
    assert (judge["accuracy"]["hits"], judge["accuracy"]["n"]) == (60 - silent, 60 - silent)


async def test_rows_that_lack_what_the_rubric_needs_are_counted_and_not_asked(server, run, elsewhere):
    (elsewhere / "rows.jsonl").write_text(rows(1, 1) + rows(1, 1, documents=["A paper."]))
    code, out, _ = await run(*calibrating(server, "--rubric", "faithfulness"))
    assert (code, server.calls) == (1, 2)
    assert "2 rows more are not judged: they lack documents" in out


async def test_a_row_of_another_rubric_is_left_to_that(server, run_json, elsewhere):
    (elsewhere / "rows.jsonl").write_text(rows(2, 2, rubric="harmful_content") + rows(1, 0))
    _, told = await run_json(*calibrating(server, *RELEVANCE, "--rubric", "harmful_content"))
    assert {judge["id"]: judge["rows"] for judge in told["judges"]} == {"answer_relevance": 1, "harmful_content": 5}


async def test_an_endpoint_that_refuses_ends_with_3_after_one_call(server, run, elsewhere):
    (elsewhere / "rows.jsonl").write_text(rows(30, 30))
    server.behaviour = JudgeBehaviour(fault="status", status=404)
    code, out, _ = await run(*calibrating(server, *RELEVANCE))
    assert (code, server.calls) == (3, 1)
    assert "it knows no such address or model" in out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no labelled case"),
        ('{"question": "q", "answer": "a"}', "rows.jsonl:1: "),
        ('{"question": "q", "answer": "a", "label": "good"}', "Invalid enum value 'good'"),
        ('{"answer": "a", "label": "pass"}', "it lacks the question"),
        ('{"question": "q", "label": "pass"}', "it lacks the answer"),
        ("\n\nnot json\n", "rows.jsonl:3: "),
        ("x\n" * 9, "and 4 lines more"),
    ],
)
async def test_a_file_that_cannot_be_used_is_told_by_line_before_anything_is_asked(text, told, server, run, elsewhere):
    (elsewhere / "rows.jsonl").write_text(text)
    code, _, err = await run(*calibrating(server, *RELEVANCE))
    assert (code, server.calls) == (2, 0)
    assert told in err


async def test_a_place_that_cannot_be_written_is_told_before_anything_is_asked(server, run, elsewhere):
    (elsewhere / "rows.jsonl").write_text(rows(1, 1))
    code, _, err = await run(*calibrating(server, *RELEVANCE, "--out", "no/such/folder.jsonl"))
    assert (code, server.calls) == (2, 0)
    assert "--out:" in err
