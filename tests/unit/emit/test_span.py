"""What is appended to a span is, read back by protobuf, exactly what the wire contract says, names spelled out."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otel_evals.emit.span import SpanAdditions
from otel_evals.records.decision import CoverageOutcome, Decision, RiskBand, Route
from otel_evals.records.evaluation import EvaluationFailure, EvaluationResult, EvaluatorType, Label, Source
from otel_evals.records.exchange import Exchange
from otel_evals.testing.builders import chat_attributes, make_span

NOW = 1_800_000_000_123_456_789
LOW = Decision(band=RiskBand.LOW, route=Route.PASS)
PASSED = EvaluationResult(
    name="non_empty", label=Label.PASS, score=1.0, explanation="", evaluator_id="non_empty", evaluator_version="v1"
)
FAILED = EvaluationResult(
    name="citation_integrity",
    label=Label.FAIL,
    score=0.25,
    explanation="1 of 4 cited sources was given",
    evaluator_id="citation_integrity",
    evaluator_version="v2",
)
BROKEN = EvaluationFailure(
    name="pii", error_type="ValueError", message="the check raised", evaluator_id="pii", evaluator_version="v3"
)
JUDGED = EvaluationResult(
    name="faithfulness",
    label=Label.FAIL,
    score=0.4,
    explanation="two claims have no source",
    evaluator_id="faith",
    evaluator_version="v4",
    evaluator_type=EvaluatorType.LLM_JUDGE,
    evaluator_model="judge-1-2026",
    verdict="partly",
    sampling_probability=0.125,
    sampling_stratum="baseline",
    shadow=True,
    source=Source.OFFLINE,
)


def _plain(value: AnyValue) -> Any:
    if value.HasField("array_value"):
        return [_plain(item) for item in value.array_value.values]
    kind = value.WhichOneof("value")
    assert kind is not None
    return getattr(value, kind)


def _table(pairs: Any) -> dict[str, Any]:
    listed: list[KeyValue] = list(pairs)
    table = {pair.key: _plain(pair.value) for pair in listed}
    assert len(table) == len(listed), "a key stands twice"
    return table


def _added(
    exchange: Exchange | None = None,
    present: Mapping[str, Any] | None = None,
    additions: SpanAdditions | None = None,
    **more: Any,
) -> tuple[dict[str, Any], list[Span.Event]]:
    """The attributes and events that the additions, appended to a span, put there."""
    settings: dict[str, Any] = {
        "results": (),
        "failures": (),
        "decision": LOW,
        "coverage": CoverageOutcome.DISABLED,
        "time_ns": NOW,
    }
    encoded = (additions or SpanAdditions()).encode(exchange or Exchange(), present or {}, **{**settings, **more})
    span = Span.FromString(encoded)
    return _table(span.attributes), list(span.events)


def test_a_result_is_an_event_with_the_names_of_the_contract():
    _, [event] = _added(results=(FAILED,))
    assert (event.name, event.time_unix_nano) == ("gen_ai.evaluation.result", NOW)
    assert _table(event.attributes) == {
        "gen_ai.evaluation.name": "citation_integrity",
        "gen_ai.evaluation.score.value": 0.25,
        "gen_ai.evaluation.score.label": "fail",
        "gen_ai.evaluation.explanation": "1 of 4 cited sources was given",
        "otel_evals.evaluator.type": "code",
        "otel_evals.evaluator.id": "citation_integrity",
        "otel_evals.evaluator.version": "v2",
        "otel_evals.sampling.probability": 1.0,
        "otel_evals.source": "online",
    }


def test_a_judges_result_carries_its_model_verdict_and_sampling():
    _, [event] = _added(results=(JUDGED,))
    said = _table(event.attributes)
    assert said["otel_evals.evaluator.type"] == "llm_judge"
    assert said["otel_evals.evaluator.model"] == "judge-1-2026"
    assert said["otel_evals.verdict"] == "partly"
    assert said["otel_evals.sampling.probability"] == 0.125
    assert said["otel_evals.sampling.stratum"] == "baseline"
    assert said["otel_evals.shadow"] is True
    assert said["otel_evals.source"] == "offline"


def test_scores_are_doubles_also_when_a_check_gave_a_whole_number():
    attributes, [event] = _added(results=(msgspec.structs.replace(PASSED, score=1),))
    [score] = [pair.value for pair in event.attributes if pair.key == "gen_ai.evaluation.score.value"]
    assert score.WhichOneof("value") == "double_value"
    assert isinstance(attributes["otel_evals.non_empty.score"], float)


def test_an_evaluator_that_failed_has_an_error_type_and_neither_score_nor_label():
    attributes, [event] = _added(failures=(BROKEN,))
    assert _table(event.attributes) == {
        "gen_ai.evaluation.name": "pii",
        "error.type": "ValueError",
        "gen_ai.evaluation.explanation": "the check raised",
        "otel_evals.evaluator.type": "code",
        "otel_evals.evaluator.id": "pii",
        "otel_evals.evaluator.version": "v3",
        "otel_evals.source": "online",
    }
    assert not [key for key in attributes if key.startswith("otel_evals.pii.")]


def test_every_result_is_repeated_as_two_span_attributes_since_searches_see_one_event_only():
    attributes, events = _added(results=(PASSED, FAILED), failures=(BROKEN,))
    assert [_table(e.attributes)["gen_ai.evaluation.name"] for e in events] == [
        "non_empty",
        "citation_integrity",
        "pii",
    ]
    assert (attributes["otel_evals.non_empty.label"], attributes["otel_evals.non_empty.score"]) == ("pass", 1.0)
    assert attributes["otel_evals.citation_integrity.label"] == "fail"
    assert attributes["otel_evals.citation_integrity.score"] == 0.25


def test_the_response_id_stands_on_every_event_when_it_is_known():
    _, events = _added(Exchange(response_id="chatcmpl-1"), results=(PASSED, FAILED), failures=(BROKEN,))
    assert [_table(e.attributes)["gen_ai.response.id"] for e in events] == ["chatcmpl-1"] * 3
    _, events = _added(Exchange(), results=(PASSED,), failures=(BROKEN,))
    assert not [e for e in events if "gen_ai.response.id" in _table(e.attributes)]


def test_what_one_span_said_never_leaks_into_the_next():
    additions = SpanAdditions()
    _added(Exchange(response_id="one"), additions=additions, results=(PASSED,), time_ns=1)
    _, [event] = _added(Exchange(response_id="two"), additions=additions, results=(PASSED,), time_ns=2)
    assert (_table(event.attributes)["gen_ai.response.id"], event.time_unix_nano) == ("two", 2)
    attributes, [event] = _added(additions=additions, results=(msgspec.structs.replace(PASSED, score=0.5),))
    assert _table(event.attributes)["gen_ai.evaluation.score.value"] == 0.5
    assert attributes["otel_evals.non_empty.score"] == 0.5


def test_the_decision_is_written_as_attributes():
    decision = Decision(band=RiskBand.HIGH, route=Route.HUMAN, reasons=("pii", "secrets"))
    attributes, _ = _added(decision=decision, coverage=CoverageOutcome.NO_CONTENT)
    assert attributes["otel_evals.risk.band"] == "high"
    assert attributes["otel_evals.risk.reasons"] == ["pii", "secrets"]
    assert attributes["otel_evals.route"] == "human"
    assert attributes["otel_evals.coverage"] == "no_content"


def test_a_decision_without_reasons_writes_no_empty_list():
    assert "otel_evals.risk.reasons" not in _added()[0]


STANDARD = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
    "gen_ai.prompt.name": "refunds",
    "gen_ai.prompt.version": "7",
}
CALL = Exchange(
    operation="chat",
    provider="openai",
    request_model="gpt-4o-mini",
    response_model="gpt-4o-mini-2024-07-18",
    prompt_name="refunds",
    prompt_version="7",
)


def test_standard_keys_that_the_span_lacks_are_added():
    attributes, _ = _added(CALL)
    assert {key: attributes.get(key) for key in STANDARD} == STANDARD


@pytest.mark.parametrize("key", sorted(STANDARD))
def test_a_standard_key_that_the_span_has_is_never_written_again(key: str):
    attributes, _ = _added(CALL, {key: "what the application wrote"})
    assert {k for k in STANDARD if k in attributes} == STANDARD.keys() - {key}


def test_standard_keys_of_which_nothing_is_known_are_not_invented():
    attributes, _ = _added(Exchange(operation="chat"))
    assert {key for key in attributes if key.startswith("gen_ai.")} == {"gen_ai.operation.name"}


def test_the_fingerprint_is_a_key_of_its_own_and_no_prompt_version():
    attributes, _ = _added(fingerprint="ab12cd34")
    assert attributes["otel_evals.prompt.fingerprint"] == "ab12cd34"
    assert "gen_ai.prompt.version" not in attributes
    assert "otel_evals.prompt.fingerprint" not in _added()[0]


def test_the_applications_own_decision_is_repeated_only_where_the_span_lacks_it():
    assert _added(in_flight="block")[0]["otel_evals.decision"] == "block"
    assert "otel_evals.decision" not in _added(present={"otel_evals.decision": "pass"}, in_flight="block")[0]
    assert "otel_evals.decision" not in _added()[0]


def test_a_span_whose_texts_were_read_in_part_says_so():
    assert _added(capped=True)[0]["otel_evals.content.capped"] is True
    assert "otel_evals.content.capped" not in _added(capped=False)[0]


def test_long_explanations_are_cut_before_they_go_on_the_wire():
    _, [event] = _added(results=(msgspec.structs.replace(FAILED, explanation="x" * 100_000),))
    assert _table(event.attributes)["gen_ai.evaluation.explanation"] == "x" * 1000


def test_explanations_beyond_ascii_and_lone_surrogates_stay_readable():
    _, [event] = _added(results=(msgspec.structs.replace(FAILED, explanation="zitiert „§ 4“ \ud83d nicht"),))
    assert _table(event.attributes)["gen_ai.evaluation.explanation"].startswith("zitiert „§ 4“ ")


def test_the_additions_append_to_a_span_and_leave_what_it_had():
    span = make_span(chat_attributes(), events=[("exception", {"exception.type": "E"})])
    additions = SpanAdditions().encode(
        CALL,
        chat_attributes(),
        results=(PASSED,),
        failures=(),
        decision=LOW,
        coverage=CoverageOutcome.DISABLED,
        time_ns=NOW,
    )
    changed = Span.FromString(span.SerializeToString() + additions)
    table = _table(changed.attributes)
    assert {key: table[key] for key in chat_attributes()} == chat_attributes()
    assert [e.name for e in changed.events] == ["exception", "gen_ai.evaluation.result"]
    del changed.attributes[len(span.attributes) :], changed.events[len(span.events) :]
    assert changed == span
