"""What a replay says of judges: who would see a span, with what probability, the same on every run."""

import json

from otel_evals import replay
from otel_evals.builtin import CHECKS
from otel_evals.config.load import load
from otel_evals.testing.builders import chat_attributes, make_span, traces_body

JUDGE = """
judge:
  endpoints: [{url: "http://127.0.0.1:9/v1", key_env: A_KEY_THAT_IS_NOT_SET}]
  judges: [{name: answer_relevance, model: m-1}]
  sampling: {rules: [{name: baseline, rate: RATE}]}
"""


def configured(tmp_path, rate: float):
    file = tmp_path / f"{rate}.yaml"
    file.write_text(JUDGE.replace("RATE", str(rate)))
    return load(file, checks=CHECKS, environ={}).config


def recorded(tmp_path):
    file = tmp_path / "traces.binpb"
    file.write_bytes(traces_body(*(make_span(chat_attributes(), trace=n, span=n) for n in range(1, 201))))
    return file


def test_a_replay_draws_by_the_trace_alone_and_needs_no_key(tmp_path) -> None:
    file, config = recorded(tmp_path), configured(tmp_path, 0.3)
    lines = [json.loads(line) for line in replay.run([file], config)]
    spans = lines[:-1]
    assert {line["sampling"]["probability"] for line in spans} == {0.3}
    for line in spans:
        [judge] = line["judges"]
        assert (judge["outcome"] == "selected") == (line["sampling"]["uniform"] < 0.3)
    assert 30 < sum(line["judges"][0]["outcome"] == "selected" for line in spans) < 90
    assert lines == [json.loads(line) for line in replay.run([file], config)]


def test_a_comparison_says_which_spans_a_higher_rate_would_add(tmp_path) -> None:
    lines = list(replay.run([recorded(tmp_path)], configured(tmp_path, 0.3), other=configured(tmp_path, 0.6)))
    summary = json.loads(lines[-1])
    assert set(summary["judges"]["answer_relevance"]) == {"sampled_out>selected"}
    added = [line for line in map(json.loads, lines[:-1]) if "answer_relevance" in line["changed"]]
    assert len(added) == summary["judges"]["answer_relevance"]["sampled_out>selected"]
