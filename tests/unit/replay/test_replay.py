"""What a replay says, from recordings on disk and configurations as they are written."""

import gzip
import json
from itertools import permutations
from pathlib import Path

import pytest

from otel_evals import cli, replay
from otel_evals.builtin import CHECKS
from otel_evals.config.load import load
from otel_evals.records.errors import ConfigurationError
from otel_evals.testing.builders import chat_attributes, logs_body, make_span, traces_body
from tests.golden import write as golden

GOLDEN = Path(golden.__file__).parent


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OTEL_EVALS_CONFIG", raising=False)
    return tmp_path


def config(text: str = "") -> object:
    Path("c.yaml").write_text(text)
    return load(Path("c.yaml"), checks=CHECKS, environ={}).config


def replayed(*files: str, text: str = "", other: str | None = None) -> list[dict]:
    theirs = None if other is None else config(other)
    return [json.loads(line) for line in replay.run([Path(f) for f in files], config(text), other=theirs)]


def labels(line: dict) -> dict[str, str]:
    return {result["name"]: result["label"] for result in line["results"]}


@pytest.mark.parametrize("name", golden.PAIRS)
def test_a_golden_recording_is_decided_as_written_down(name, monkeypatch):
    """When a check was meant to change: `uv run python tests/golden/write.py`, then read the difference."""
    monkeypatch.chdir(GOLDEN)
    lines = golden.output(name, [Path(file) for file in golden.PAIRS[name]], Path("other.yaml"))
    assert "".join(f"{line}\n" for line in lines) == Path(f"out-{name}.jsonl").read_text(encoding="utf-8")


def test_the_golden_inputs_are_what_their_script_makes():
    for name, data in golden.inputs().items():
        written = (GOLDEN / name).read_bytes()
        assert gzip.decompress(written) == gzip.decompress(data) if name.endswith(".gz") else written == data


def test_two_runs_say_the_same_byte_for_byte(capsys, monkeypatch):
    monkeypatch.chdir(GOLDEN)
    runs = []
    for _ in range(2):
        assert cli.main(["replay", *golden.PAIRS["events"], *golden.PAIRS["support"]]) == 0
        runs.append(capsys.readouterr().out)
    assert runs[0] == runs[1]
    assert runs[0].count("\n") == 7


def test_the_same_spans_are_decided_alike_in_every_order_of_files():
    retrieval = {
        "openinference.span.kind": "RETRIEVER",
        "retrieval.documents.0.document.id": "policy-7",
        "retrieval.documents.0.document.content": golden.DOCUMENT,
    }
    parts = {
        "call-traces.binpb": traces_body(make_span(golden.BARE, span=3, parent=1, start=2), scope=golden.SCOPE),
        "documents-traces.binpb": traces_body(make_span(retrieval, span=2, parent=1)),
        "root-traces.binpb": traces_body(make_span({}, span=1)),
        "content-logs.binpb": logs_body(
            ("gen_ai.user.message", {"content": "May I return it?"}, {}),
            ("gen_ai.choice", {"index": 0, "message": {"content": "Never, see [policy-99]."}}, {}),
            span=3,
            scope=golden.SCOPE,
        ),
    }
    for name, data in parts.items():
        Path(name).write_bytes(data)
    told = {json.dumps(replayed(*order)[:-1]) for order in permutations(parts)}
    (lines,) = map(json.loads, told)
    assert [labels(line)["citation_integrity"] for line in lines] == ["fail"]
    assert labels(lines[0])["retrieval_support"] == "fail"


def test_a_folder_stands_for_its_recordings_in_order_and_names_what_holds_no_otlp():
    Path("day/two").mkdir(parents=True)
    Path("day/two/a.binpb").write_bytes(traces_body(make_span(chat_attributes(), trace=2)))
    Path("day/b.binpb").write_bytes(traces_body(make_span(chat_attributes(), trace=1)))
    Path("day/expected.json").write_text('{"answers": []}')
    Path("day/README.md").write_text("# notes")
    *lines, summary = replayed("day")
    assert [line["file"] for line in lines] == ["day/b.binpb", "day/two/a.binpb"]
    assert summary["summary"]["files"] == 2
    assert summary["summary"]["skipped"] == ["day/expected.json"]


def test_a_span_that_was_recorded_twice_is_decided_once():
    Path("a.binpb").write_bytes(traces_body(make_span(chat_attributes())))
    *lines, summary = replayed("a.binpb", "a.binpb")
    assert len(lines) == 1
    assert summary["summary"]["repeated"] == 1


def test_with_every_check_off_nothing_is_evaluated():
    Path("a.binpb").write_bytes(traces_body(make_span(chat_attributes())))
    off = "checks: {" + ", ".join(f"{name}: false" for name in CHECKS) + "}"
    (summary,) = replayed("a.binpb", text=off)
    assert (summary["summary"]["spans"], summary["summary"]["evaluated"]) == (1, 0)


def test_half_a_character_in_a_name_harms_no_line():
    attributes = chat_attributes(answer=None) | {
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"\\ud83d"}]}]',
        "langfuse.observation.prompt.name": "\\ud83d",
    }
    Path("a.binpb").write_bytes(traces_body(make_span(attributes)))
    assert len(replayed("a.binpb")) == 2


class TestDifference:
    def test_a_new_rule_shows_the_spans_that_it_fails_and_counts_the_rest(self):
        answers = ("Yes.", "No, that is not possible at all.")
        for number, answer in enumerate(answers, 1):
            Path(f"{number}.binpb").write_bytes(traces_body(make_span(chat_attributes(answer=answer), trace=number)))
        rule = "policy: [{name: brief, max_words: 3, band: medium}]"
        line, summary = replayed("1.binpb", "2.binpb", other=rule)
        assert line["file"] == "2.binpb"
        assert line["changed"] == ["band", "reasons", "route", "policy_brief"]
        assert (line["before"]["route"], line["after"]["route"]) == ("pass", "judge")
        assert summary["changed"] == 1
        assert summary["bands"] == {"low>medium": 1}
        assert summary["routes"] == {"pass>judge": 1}
        assert summary["checks"] == {"policy_brief": {"none>pass": 1, "none>fail": 1}}

    def test_a_result_that_turns_is_counted_by_check_in_both_directions(self):
        text = "Write to jane.roe@corp-mail.com."
        Path("a.binpb").write_bytes(traces_body(make_span(chat_attributes(answer=text))))
        allowed = "checks: {pii: {ignore: [e-mail]}}"
        line, summary = replayed("a.binpb", other=allowed)
        assert line["changed"][-1] == "pii"
        assert summary["checks"] == {"pii": {"fail>pass": 1}}
        _, summary = replayed("a.binpb", text=allowed, other="")
        assert summary["checks"] == {"pii": {"pass>fail": 1}}

    def test_configurations_that_decide_alike_differ_in_nothing(self):
        Path("a.binpb").write_bytes(traces_body(make_span(chat_attributes())))
        (summary,) = replayed("a.binpb", other="checks: {pii: {ignore: [e-mail]}}")
        assert (summary["changed"], summary["checks"]) == (0, {})

    def test_a_side_that_evaluates_nothing_is_null(self):
        Path("a.binpb").write_bytes(traces_body(make_span(chat_attributes(finish="length"))))
        off = "checks: {" + ", ".join(f"{name}: false" for name in CHECKS) + "}"
        line, summary = replayed("a.binpb", other=off)
        assert line["after"] is None
        assert summary["bands"] == {"high>none": 1}


class TestFaults:
    def test_a_broken_file_is_told_before_any_line_is_written(self, capsys):
        Path("good.binpb").write_bytes(traces_body(make_span(chat_attributes())))
        Path("bad.jsonl").write_text('{"resourceSpans": []}\n{"resourceSpans": [')
        assert cli.main(["replay", "good.binpb", "bad.jsonl"]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("otel-evals: bad.jsonl: at byte 22: no OTLP/JSON document")

    def test_an_output_file_is_left_alone_when_a_recording_is_broken(self):
        Path("bad.binpb").write_bytes(traces_body(make_span(chat_attributes()))[:-1])
        Path("out.jsonl").write_text("yesterday's\n")
        assert cli.main(["replay", "bad.binpb", "--output", "out.jsonl"]) == 2
        assert Path("out.jsonl").read_text() == "yesterday's\n"

    def test_a_file_that_is_not_there_is_named(self):
        with pytest.raises(ConfigurationError, match=r"no\.binpb: there is no such file or folder"):
            replayed("no.binpb")

    def test_a_named_file_without_otlp_is_refused(self):
        Path("notes.json").write_text('{"a": 1}')
        with pytest.raises(ConfigurationError, match=r"notes\.json: at byte 0: a JSON document without resourceSpans"):
            replayed("notes.json")
