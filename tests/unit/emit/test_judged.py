"""What judges add to a span that has waited for them."""

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otel_evals.emit.judged import JudgedAdditions
from otel_evals.records.decision import CoverageOutcome
from tests.unit.emit.test_evaluation_span import FAILURE, RESULT


def test_coverage_results_and_failures_are_appended():
    more = JudgedAdditions().encode((RESULT,), (FAILURE,), coverage=CoverageOutcome.JUDGED, time_ns=5)
    span = Span.FromString(more)
    values = {a.key: a.value.string_value for a in span.attributes}
    assert values["otel_evals.coverage"] == "judged"
    assert values["otel_evals.tone.label"] == "pass"
    assert [event.name for event in span.events] == ["gen_ai.evaluation.result"] * 2


def test_without_a_word_of_a_judge_only_the_coverage_is():
    span = Span.FromString(JudgedAdditions().encode((), (), coverage=CoverageOutcome.PENDING, time_ns=5))
    assert [a.value.string_value for a in span.attributes] == ["pending"]
    assert not span.events
