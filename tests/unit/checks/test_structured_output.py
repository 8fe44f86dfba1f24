"""What counts as the JSON that was asked for."""

import pytest

from otel_evals.checks.structured_output import StructuredOutput
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Choice, Exchange, Message, ToolCall
from otel_evals.text.json_schema import Formats, SchemaError
from otel_evals.text.patterns import PatternPass
from otel_evals.text.scan import Scan

ORDER = {"type": "object", "properties": {"qty": {"type": "integer"}}, "required": ["qty"]}


def evaluate(answer, *, check=None, finish_reason="stop", calls=(), **fields):
    fields = {"output_type": "json"} | fields
    message = Message(role="assistant", text=answer, tool_calls=calls)
    exchange = Exchange(choices=(Choice(message=message, finish_reason=finish_reason),), **fields)
    return (check or StructuredOutput()).evaluate(Scan(exchange, PatternPass(())))


@pytest.mark.parametrize(
    "answer", ['{"a": 1}', "[]", '"a"', "-0", "1e400", ' {"a": 1, "a": 2} ', '"\\ud800"', "1" * 5000]
)
def test_every_json_document_parses(answer):
    assert evaluate(answer).label is Label.PASS


@pytest.mark.parametrize(
    "answer", ["", "NaN", "[1,]", "{'a': 1}", "{a: 1}", "01", '{"a": 1} Done.', "\ufeff{}", "[" * 100_000, "Sure: {}"]
)
def test_what_is_no_json_document_fails(answer):
    assert evaluate(answer).label is Label.FAIL


def test_it_does_not_apply_where_no_json_was_asked_for():
    assert evaluate("Hello.", output_type=None) is None


def test_it_does_not_apply_to_an_answer_that_only_calls_tools():
    assert evaluate("", calls=(ToolCall(name="f"),)) is None


def test_it_does_not_apply_when_a_producer_cut_the_text():
    assert evaluate('{"a": ', truncated=True) is None


def test_an_answer_that_hit_the_token_limit_says_so():
    assert "cut off" in evaluate('{"a": ', finish_reason="length").explanation


def test_a_fence_is_accepted_only_when_the_setting_says_so():
    fenced = '```json\n{"qty": 2}\n```'
    assert evaluate(fenced).label is Label.FAIL
    assert evaluate(fenced, check=StructuredOutput(allow_fences=True)).label is Label.PASS


def test_the_explanation_names_the_keyword_and_no_value():
    finding = evaluate('{"qty": "hunter2"}', output_schema=ORDER)
    assert finding.label is Label.FAIL
    assert "type at #/properties/qty/type" in finding.explanation
    assert "hunter2" not in finding.explanation


@pytest.mark.parametrize(
    "wrapped",
    [
        {"type": "json_schema", "json_schema": {"name": "order", "schema": ORDER, "strict": True}},
        {"name": "order", "schema": ORDER},
        {"format": {"type": "json_schema", "name": "order", "schema": ORDER}},
    ],
)
def test_a_schema_is_taken_out_of_its_response_format(wrapped):
    assert evaluate('{"qty": 2}', output_schema=wrapped).label is Label.PASS
    assert evaluate('{"qty": "2"}', output_schema=wrapped).label is Label.FAIL


def test_the_json_object_format_wants_an_object():
    assert evaluate("[]", output_schema={"type": "json_object"}).label is Label.FAIL
    assert evaluate("{}", output_schema={"type": "json_object"}).label is Label.PASS


def test_a_configured_schema_applies_by_prompt_name():
    check = StructuredOutput(schemas={"order": ORDER})
    assert evaluate("{}", check=check, output_type=None, prompt_name="order").label is Label.FAIL
    assert evaluate("{}", check=check, output_type=None, prompt_name="other") is None


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 3, "exclusiveMinimum": True}, "4", "3"),
        ({"minimum": 3, "exclusiveMinimum": True}, "4", "3"),
        ({"items": [{"type": "integer"}, {"type": "string"}]}, '[1, "a"]', '["a", 1]'),
        ({"$schema": "https://example.com/dialect", "type": "integer"}, "1", '"1"'),
        ({"prefixItems": [{"type": "integer"}]}, "[1]", '["a"]'),
        ({"pattern": "^(?!x)"}, '"ay"', '"xy"'),
        ({"type": "OBJECT", "properties": {"n": {"type": "STRING", "nullable": True}}}, '{"n": null}', '{"n": 1}'),
    ],
)
def test_schemas_of_every_draft_and_provider_are_understood(schema, good, bad):
    assert evaluate(good, output_schema=schema).label is Label.PASS
    assert evaluate(bad, output_schema=schema).label is Label.FAIL


def test_formats_are_asserted_as_the_draft_says_unless_configured():
    old = {"$schema": "http://json-schema.org/draft-07/schema#", "format": "date"}
    assert evaluate('"soon"', output_schema=old).label is Label.FAIL
    assert evaluate('"soon"', output_schema={"format": "date"}).label is Label.PASS
    always = StructuredOutput(formats=Formats.ALWAYS)
    assert evaluate('"soon"', check=always, output_schema={"format": "date"}).label is Label.FAIL


@pytest.mark.parametrize("schema", [{"$ref": "http://127.0.0.1:9/x.json"}, {"$ref": "#/nowhere"}, {"type": 7}])
def test_a_broken_schema_fails_the_evaluation_and_not_the_answer(schema):
    with pytest.raises(SchemaError):
        evaluate("{}", output_schema=schema)
