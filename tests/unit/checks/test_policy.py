"""How configured rules are made, applied and bounded."""

import pytest

from otel_evals.checks.policy import PolicyRule, PolicyScope, PolicyTarget, policies
from otel_evals.records.decision import RiskBand
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Choice, Document, Exchange, Message, ToolCall, Usage
from otel_evals.text.expressions import ExpressionError
from otel_evals.text.patterns import PatternPass
from otel_evals.text.scan import Scan


def evaluate(rule, answer="We offer a 10 % discount.", *, calls=(), **fields):
    (check,) = policies([rule])
    fields = {"messages": (Message(role="user", text="How much?"),), "request_model": "gpt-4o"} | fields
    message = Message(role="assistant", text=answer, tool_calls=calls)
    exchange = Exchange(choices=(Choice(message=message, finish_reason="stop"),), **fields)
    return check.evaluate(Scan(exchange, PatternPass(check.patterns())))


FAILING = {
    "forbidden": PolicyRule(name="r", forbidden=r"(?i)discount"),
    "required": PolicyRule(name="r", required="(?i)not legal advice"),
    "forbidden in the question": PolicyRule(name="r", forbidden="How much", target=PolicyTarget.QUESTION),
    "too long": PolicyRule(name="r", max_characters=10),
    "too short": PolicyRule(name="r", min_words=50),
    "schema": PolicyRule(name="r", json_schema={"type": "object"}),
    "expression": PolicyRule(name="r", expression="!answer.contains('discount')"),
}
PASSING = {
    "forbidden": PolicyRule(name="r", forbidden="(?i)refund"),
    "required": PolicyRule(name="r", required=r"\d+ %"),
    "length": PolicyRule(name="r", min_characters=1, max_characters=100, min_words=1, max_words=10),
    "expression": PolicyRule(name="r", expression="size(answer) < 100 && model == 'gpt-4o' && input_tokens == -1"),
    "documents": PolicyRule(name="r", expression="documents.all(d, d.text != '' && d.id != '')"),
}


@pytest.mark.parametrize("rule", FAILING.values(), ids=FAILING)
def test_a_broken_rule_fails_and_quotes_nothing(rule):
    finding = evaluate(rule)
    assert finding.label is Label.FAIL
    assert "discount" not in finding.explanation


@pytest.mark.parametrize("rule", PASSING.values(), ids=PASSING)
def test_a_rule_that_holds_passes(rule):
    assert evaluate(rule, documents=(Document(text="t", id="d"),)).label is Label.PASS


def test_a_check_carries_the_name_and_band_of_its_rule():
    (check,) = policies([PolicyRule(name="no_discounts", forbidden="x", band=RiskBand.HIGH)])
    assert (check.name, check.band, check.needs_content) == ("policy_no_discounts", RiskBand.HIGH, True)


def test_a_rule_on_facts_alone_needs_no_content():
    (check,) = policies([PolicyRule(name="r", expression="output_tokens < 1000")])
    assert not check.needs_content


def test_the_operators_sentence_is_the_explanation():
    assert evaluate(PolicyRule(name="r", forbidden="discount", message="No discounts.")).explanation == "No discounts."


@pytest.mark.parametrize(
    "scope",
    [
        PolicyScope(models=("claude",)),
        PolicyScope(prompt_names=("refund",)),
        PolicyScope(operations=("invoke_agent",)),
        PolicyScope(when="output_tokens > 100"),
    ],
)
def test_a_rule_leaves_other_calls_alone(scope):
    assert evaluate(PolicyRule(name="r", forbidden="discount", applies_to=scope)) is None


def test_a_rule_applies_where_every_filter_matches():
    scope = PolicyScope(models=("gpt-4o",), operations=("chat",), when="output_tokens > 100")
    rule = PolicyRule(name="r", forbidden="discount", applies_to=scope)
    assert evaluate(rule, usage=Usage(output_tokens=101)).label is Label.FAIL


def test_an_answer_that_only_calls_tools_has_no_length_and_lacks_no_phrase():
    rule = PolicyRule(name="r", required="hello", min_characters=5)
    assert evaluate(rule, "", calls=(ToolCall(name="f"),)).label is Label.PASS


def test_an_expression_sees_tool_calls():
    rule = PolicyRule(name="r", expression="!tool_calls.exists(t, t.name == 'refund' && t.arguments.amount > 100)")
    assert evaluate(rule, calls=(ToolCall(name="refund", arguments={"amount": 500}),)).label is Label.FAIL
    assert evaluate(rule, calls=(ToolCall(name="refund", arguments={"amount": 5}),)).label is Label.PASS


BROKEN = {
    "look-around": (PolicyRule(name="bad", forbidden="(?!x)"), "RE2"),
    "CEL syntax": (PolicyRule(name="bad", expression="answer ="), "parse"),
    "unknown variable": (PolicyRule(name="bad", expression="anwser == ''"), "'answer'"),
    "schema": (PolicyRule(name="bad", json_schema={"type": 7}), "schema"),
    "no condition": (PolicyRule(name="bad"), "no condition"),
    "filter": (PolicyRule(name="bad", forbidden="x", applies_to=PolicyScope(when="modle == ''")), "'model'"),
    "three nested comprehensions": (
        PolicyRule(
            name="bad", expression="documents.all(a, documents.all(b, documents.all(c, a.id + b.id + c.id != '')))"
        ),
        "nests",
    ),
    "length": (PolicyRule(name="bad", expression="answer == '" + "x" * 2000 + "'"), "longer"),
}


@pytest.mark.parametrize(("rule", "hint"), BROKEN.values(), ids=BROKEN)
def test_a_rule_that_cannot_work_stops_the_start_by_name(rule, hint):
    with pytest.raises(ConfigurationError, match=r"^policy\.bad: ") as caught:
        policies([rule])
    assert hint in str(caught.value)


def test_names_are_snake_case_and_unique():
    with pytest.raises(ConfigurationError, match="snake_case"):
        policies([PolicyRule(name="No-Discounts", forbidden="x")])
    with pytest.raises(ConfigurationError, match="two rules"):
        policies([PolicyRule(name="r", forbidden="x"), PolicyRule(name="r", forbidden="y")])


def test_an_expression_without_a_truth_value_fails_the_evaluation():
    with pytest.raises(ExpressionError, match="not bool"):
        evaluate(PolicyRule(name="r", expression="size(answer)"))
    with pytest.raises(ExpressionError):
        evaluate(PolicyRule(name="r", expression="tool_calls[0].name == 'f'"))


def test_parentheses_in_texts_do_not_count_as_nesting():
    rule = PolicyRule(name="r", expression="documents.all(d, d.text != '.all(x, .all(y, .all(z,')")
    assert evaluate(rule).label is Label.PASS
