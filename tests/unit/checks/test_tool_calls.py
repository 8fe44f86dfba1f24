"""Which tool calls could be carried out."""

import pytest

from otel_evals.checks.tool_calls import ToolCalls
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Choice, Exchange, Message, ToolCall, ToolDefinition
from otel_evals.text.patterns import PatternPass
from otel_evals.text.scan import Scan

WEATHER = ToolDefinition(
    name="get_weather",
    parameters={
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"],
        "additionalProperties": False,
    },
)
PING = ToolDefinition(name="ping", parameters={"type": "object", "properties": {}})


def evaluate(*calls, tools=(WEATHER, PING), **fields):
    message = Message(role="assistant", tool_calls=calls)
    exchange = Exchange(choices=(Choice(message=message, finish_reason="tool_call"),), tools=tools, **fields)
    return ToolCalls().evaluate(Scan(exchange, PatternPass(())))


def call(arguments, name="get_weather"):
    return ToolCall(name=name, arguments=arguments)


@pytest.mark.parametrize(
    "made",
    [
        call({"city": "Oslo"}),
        call('{"city": "Oslo", "days": 2}'),
        call("", "ping"),
        call({}, "ping"),
        call(None, "ping"),
    ],
)
def test_a_call_that_fits_passes_as_object_or_as_text(made):
    assert evaluate(made).label is Label.PASS


@pytest.mark.parametrize(
    "made",
    [
        call({"city": 7}),
        call({}),
        call(""),
        call({"city": "Oslo", "unit": "C"}),
        call('{"city": "Oslo"'),
        call("[1]"),
        call({}, "get_wether"),
    ],
)
def test_an_unknown_tool_and_arguments_that_do_not_parse_or_fit_fail(made):
    assert evaluate(made).label is Label.FAIL


def test_the_score_is_the_share_of_good_calls_and_nothing_is_quoted():
    finding = evaluate(
        call({"city": "Oslo"}), call({"city": "Lima", "hunter2": 1}), call({}, "hunter3"), call({}, "ping")
    )
    assert finding.score == 0.5
    assert "2 of 4" in finding.explanation
    assert "hunter" not in finding.explanation


@pytest.mark.parametrize("tools", [None, ()])
def test_a_name_is_not_judged_when_the_offered_tools_are_not_known(tools):
    assert evaluate(call({"x": 1}, "anything"), tools=tools).label is Label.PASS
    assert evaluate(call('{"x": ', "anything"), tools=tools).label is Label.FAIL


@pytest.mark.parametrize(
    ("offered", "called"),
    [("mcp", "mcp__srv__do"), ("mcp_toolset", "search_tickets"), ("web_search", "web_search_call"),
     ("web_search_preview", "web_search_call"), ("computer_use_preview", "computer_call")],
)  # fmt: skip
def test_a_tool_of_a_server_that_was_offered_passes_under_its_own_name(offered, called):
    assert evaluate(call({}, called), tools=(WEATHER, ToolDefinition(name=offered))).label is Label.PASS


@pytest.mark.parametrize("called", ["get_wether", "file_search_call", "mcp__srv__do"])
def test_a_web_search_that_runs_on_the_server_excuses_no_other_name(called):
    assert evaluate(call({}, called), tools=(WEATHER, ToolDefinition(name="web_search"))).label is Label.FAIL


def test_the_calls_of_the_history_do_not_count():
    old = Message(role="assistant", tool_calls=(call({}, "gone"),))
    answer = Choice(message=Message(role="assistant", text="Done."))
    exchange = Exchange(messages=(old,), choices=(answer,), tools=(WEATHER,))
    assert ToolCalls().evaluate(Scan(exchange, PatternPass(()))) is None


def test_arguments_that_a_producer_cut_are_not_judged():
    assert evaluate(call('{"city": "Os'), truncated=True) is None


@pytest.mark.parametrize(
    "parameters",
    [
        {
            "type": "OBJECT",
            "properties": {"n": {"type": "INTEGER", "nullable": True}},
            "required": ["n"],
            "any_of": None,
        },
        {"type": "dict", "properties": {"n": {"type": ["int", "null"], "required": True}}, "required": ["n"]},
    ],
)
def test_the_schema_dialects_of_providers_are_understood(parameters):
    tool = ToolDefinition(name="f", parameters=parameters)
    assert evaluate(call({"n": None}, "f"), tools=(tool,)).label is Label.PASS
    assert evaluate(call({"n": "1"}, "f"), tools=(tool,)).label is Label.FAIL
    assert evaluate(call({}, "f"), tools=(tool,)).label is Label.FAIL
