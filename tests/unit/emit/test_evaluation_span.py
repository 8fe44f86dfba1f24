"""A judgement as spans of its own: ids that are the same whenever it is sent, and nothing that was not measured."""

import msgspec
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_evals.emit.evaluation_span import Judgement, LateForm, call_span, derived_ids, evaluation_span
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.evaluation import EvaluationFailure, EvaluationResult, EvaluatorType, Label
from otel_evals.records.exchange import Usage

RESULT = EvaluationResult(
    name="tone", label=Label.PASS, score=1.0, explanation="Kind.", evaluator_id="tone", evaluator_version="v1",
    evaluator_type=EvaluatorType.LLM_JUDGE, sampling_probability=0.25, sampling_stratum="audit",
)  # fmt: skip
FAILURE = EvaluationFailure(
    name="tone", error_type="timeout", message="late", evaluator_id="tone", evaluator_version="v1",
    evaluator_type=EvaluatorType.LLM_JUDGE,
)  # fmt: skip
JUDGEMENT = Judgement(
    outcome=RESULT, coverage=CoverageOutcome.JUDGED, trace_id=b"\x01" * 16, span_id=b"\x02" * 8, response_id="r-1",
    started_ns=10, ended_ns=30, lag=2.0, usage=Usage(input_tokens=7), cost=0.5, request_model="m-1", calls=1,
)  # fmt: skip


def read(body: bytes):
    [resource_spans] = ExportTraceServiceRequest.FromString(body).resource_spans
    [scope_spans] = resource_spans.scope_spans
    [span] = scope_spans.spans
    assert scope_spans.scope.name == "otel_evals"
    values = {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}
    return span, values


def with_(**fields) -> Judgement:
    return msgspec.structs.replace(JUDGEMENT, **fields)


def test_a_late_result_is_a_child_of_the_judged_span():
    span, values = read(evaluation_span(JUDGEMENT, LateForm.CHILD))
    assert (span.trace_id, span.parent_span_id, span.name) == (b"\x01" * 16, b"\x02" * 8, "evaluate tone")
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (10, 30)
    assert values["gen_ai.evaluation.score.label"] == "pass"
    assert values["otel_evals.sampling.probability"] == 0.25
    assert values["otel_evals.coverage"] == "judged"
    assert values["gen_ai.usage.input_tokens"] == 7
    assert "gen_ai.usage.output_tokens" not in values


def test_or_the_root_of_a_trace_that_links_to_it():
    span, _ = read(evaluation_span(JUDGEMENT, LateForm.LINK))
    assert span.trace_id != b"\x01" * 16
    assert not span.parent_span_id
    assert (span.links[0].trace_id, span.links[0].span_id) == (b"\x01" * 16, b"\x02" * 8)


def test_ids_depend_on_the_judged_span_and_the_judges_version_only():
    same = with_(started_ns=99, ended_ns=100, cost=None, outcome=FAILURE, lag=-1.0)
    assert derived_ids(same, "evaluation") == derived_ids(JUDGEMENT, "evaluation")
    others = [
        with_(trace_id=b"\x03" * 16),
        with_(span_id=b"\x03" * 8),
        with_(outcome=msgspec.structs.replace(RESULT, evaluator_version="v2")),
        with_(outcome=msgspec.structs.replace(RESULT, evaluator_id="tone.a")),
    ]
    ids = {derived_ids(one, "evaluation") for one in (JUDGEMENT, *others)} | {derived_ids(JUDGEMENT, "judge call")}
    assert len(ids) == 6


@pytest.mark.parametrize(
    "make", [lambda j: evaluation_span(j, LateForm.CHILD), lambda j: call_span(j, b"")], ids=["result", "call"]
)
def test_a_failure_has_an_error_and_no_score(make):
    span, values = read(make(with_(outcome=FAILURE, coverage=CoverageOutcome.TIMEOUT)))
    assert span.status.code == 2
    assert values["error.type"] == "timeout"
    assert not {key for key in values if "score" in key}


def test_what_is_unknown_is_not_said():
    _, values = read(evaluation_span(with_(cost=None, lag=-1.0, usage=Usage(), response_id=None), LateForm.CHILD))
    assert not {"otel_evals.judge.cost", "otel_evals.judge.lag", "gen_ai.response.id"} & values.keys()
    _, known = read(evaluation_span(JUDGEMENT, LateForm.CHILD))
    assert (known["otel_evals.judge.cost"], known["otel_evals.judge.lag"]) == (0.5, 2.0)


def test_the_judges_call_is_a_trace_of_our_own_without_content():
    span, values = read(call_span(JUDGEMENT, b""))
    assert span.name == "chat m-1"
    assert span.links[0].span_id == b"\x02" * 8
    assert "gen_ai.evaluation.explanation" not in values
    assert "openai.response.system_fingerprint" not in values


@pytest.mark.parametrize(
    "make", [lambda j: evaluation_span(j, LateForm.CHILD), lambda j: call_span(j, b"")], ids=["result", "call"]
)
def test_the_fingerprint_of_what_answered_is_told(make):
    _, values = read(make(with_(system_fingerprint="fp_44709d6fcb")))
    assert values["openai.response.system_fingerprint"] == "fp_44709d6fcb"
