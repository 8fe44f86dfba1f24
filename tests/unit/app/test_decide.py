"""A decision in flight says what the hop would say, and never fails the application."""

import json
from http import HTTPStatus

import msgspec
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from otel_evals import decide
from otel_evals.app.decide import PATH, Decider
from otel_evals.app.evaluator import build_evaluator
from otel_evals.builtin import CHECKS
from otel_evals.config.schema import CheckSettings, Config
from otel_evals.engine.question import Question, answer
from otel_evals.plugins.version import check_version
from otel_evals.receive.http_message import Head, Request
from otel_evals.records.decision import RiskBand
from otel_evals.records.errors import ConfigurationError, DecodeError

ASKED = [{"role": "user", "content": "How long is the warranty?"}]


def test_a_good_answer_passes_and_names_the_versions_that_decided() -> None:
    decided = decide(ASKED, "24 months.", documents=["The warranty lasts 24 months."])
    assert decided.decided
    assert (decided.band, decided.route, decided.reasons) == ("low", "pass", ())
    assert decided.versions.keys() >= {"pii", "citation_integrity"}


@pytest.mark.parametrize(
    ("reason", "call"),
    [
        ("pii", {"output": "Write to jane.roe@corp-mail.com."}),
        (
            "citation_integrity",
            {"output": "24 months [doc-9].", "documents": [{"id": "doc-1", "text": "The warranty lasts 24 months."}]},
        ),
        ("structured_output", {"output": "not json", "schema": {"type": "object"}}),
        ("complete", {"output": "24 mon", "finish_reason": "length"}),
        (
            "tool_calls",
            {
                "tools": [
                    {"type": "function", "function": {"name": "look_up", "parameters": {"required": ["sku"]}}},
                ],
                "tool_calls": [{"function": {"name": "look_up", "arguments": "{}"}}],
            },
        ),
        ("non_empty", {"output": ""}),
    ],
)
def test_each_kind_of_input_reaches_its_check(reason, call) -> None:
    decided = decide(ASKED, **call)
    assert reason in decided.reasons
    assert (decided.band, decided.route) == ("high", "human")


def test_the_decision_is_set_on_the_current_span() -> None:
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("answer") as span:
        decide(ASKED, "Write to jane.roe@corp-mail.com.")
    assert span.attributes["otel_evals.decision"] == "human"
    assert not trace.get_current_span().is_recording()


@pytest.mark.parametrize(
    "odd", [{"messages": 7}, {"messages": [{"no": "role"}]}, {"messages": ASKED, "output": object()}]
)
def test_what_it_cannot_read_fails_open_with_a_flag(odd) -> None:
    decided = decide(**odd)
    assert not decided.decided
    assert decided.error
    assert (decided.band, decided.route, decided.results) == ("low", "pass", ())


def test_a_broken_configuration_fails_open_too(tmp_path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("checks: {piii: false}")
    decided = decide(ASKED, "Fine.", config=broken)
    assert not decided.decided
    assert "pii" in decided.error


def test_content_comes_in_the_shapes_that_chat_apis_use() -> None:
    parts = [{"type": "text", "text": "Write to jane.roe@corp-mail.com."}, {"type": "image_url", "image_url": {}}]
    decided = decide([{"role": "user", "content": parts}], "Yes: jane.roe@corp-mail.com.")
    assert "pii" not in decided.reasons, "the user supplied it"


def test_the_answer_travels_as_json() -> None:
    evaluator = build_evaluator(Config())
    question = msgspec.json.decode(b'{"messages":[{"role":"user","content":"hi"}],"output":"Hello!"}', type=Question)
    sent = msgspec.json.decode(msgspec.json.encode(answer(evaluator, question)))
    assert {"band", "route", "reasons", "results", "versions", "decided"} <= sent.keys()


def test_a_check_is_built_with_its_settings_and_band() -> None:
    config = Config(
        checks={
            "retrieval_support": CheckSettings(settings={"threshold": 0.9}, band=RiskBand.HIGH),
            "pii": CheckSettings(enabled=False),
        }
    )
    evaluator = build_evaluator(config)
    built = {c.check.name: c.check for c in evaluator.checks}
    assert "pii" not in built
    assert built["retrieval_support"].threshold == 0.9


def test_with_every_check_off_there_is_no_evaluator() -> None:
    assert build_evaluator(Config(checks={name: CheckSettings(enabled=False) for name in CHECKS})) is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (CheckSettings(settings={"treshold": 1}), "unknown key 'treshold'"),
        (CheckSettings(settings={"threshold": "high"}), "checks.retrieval_support"),
        (CheckSettings(use="shop_evals.checks:MINE"), "plugins.allow_import_from"),
    ],
)
def test_a_fault_in_a_check_is_named(settings, words) -> None:
    with pytest.raises(ConfigurationError, match=words):
        build_evaluator(Config(checks={"retrieval_support": settings}))


def test_a_version_follows_the_settings_and_nothing_else() -> None:
    first, again = (build_evaluator(Config()).checks for _ in range(2))
    assert [c.version for c in first] == [c.version for c in again]
    changed = build_evaluator(Config(checks={"retrieval_support": CheckSettings(settings={"threshold": 0.9})})).checks
    differing = {a.check.name for a, b in zip(first, changed, strict=True) if a.version != b.version}
    assert differing == {"retrieval_support"}
    assert all(check_version(c.check) == c.version for c in first)


@pytest.mark.parametrize(
    "word", ["length", "MAX_TOKENS", "max_tokens", "SAFETY", "content-filter", "FinishReason.STOP"]
)
def test_finish_reasons_are_taken_in_any_provider_s_word(word) -> None:
    decided = decide(ASKED, "24 months.", finish_reason=word)
    assert decided.decided
    assert ("complete" in decided.reasons) == ("STOP" not in word)


SCHEMA = {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}}}
TOOLS = {
    "openai": [{"type": "function", "function": {"name": "look_up", "parameters": SCHEMA}}],
    "anthropic": [{"name": "look_up", "input_schema": SCHEMA}],
    "mcp": [{"name": "look_up", "inputSchema": SCHEMA}],
    "ai sdk": [{"type": "function", "name": "look_up", "inputSchema": SCHEMA}],
    "bedrock": [{"toolSpec": {"name": "look_up", "inputSchema": {"json": SCHEMA}}}],
    "gemini": [{"functionDeclarations": [{"name": "look_up", "parameters": SCHEMA}]}],
}
CALLS = {
    "openai": lambda a: {"id": "1", "type": "function", "function": {"name": "look_up", "arguments": json.dumps(a)}},
    "anthropic": lambda a: {"type": "tool_use", "id": "1", "name": "look_up", "input": a},
    "flat": lambda a: {"name": "look_up", "arguments": a},
    "ai sdk": lambda a: {"toolCallId": "1", "toolName": "look_up", "input": a},
    "bedrock": lambda a: {"toolUse": {"toolUseId": "1", "name": "look_up", "input": a}},
    "gemini": lambda a: {"functionCall": {"name": "look_up", "args": a}},
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("tools", TOOLS.values(), ids=TOOLS)
def test_tools_and_calls_are_read_in_every_usual_shape(tools, call) -> None:
    assert "tool_calls" in decide(ASKED, tools=tools, tool_calls=[call({"sku": 7})]).reasons
    good = decide(ASKED, tools=tools, tool_calls=[call({"sku": "A-7"})])
    assert good.decided
    assert "tool_calls" not in good.reasons
    assert any(r["name"] == "tool_calls" and r["label"] == "pass" for r in good.results)


def test_half_a_surrogate_pair_is_no_reason_to_give_up() -> None:
    cut = "24 months \ud83d"
    decided = decide([{"role": "user", "content": cut}], cut, documents=[cut])
    assert decided.decided
    assert not any("error" in r for r in decided.results)


class Door:
    """`POST /v1/decide` without a network, and what it remembered."""

    def __init__(self) -> None:
        self.remembered: dict[bytes, str] = {}
        decider = Decider(build_evaluator(Config()), self.remembered.__setitem__)
        self._handler = decider.routes()["POST", PATH].handler

    async def ask(self, body: bytes) -> dict:
        head = Head(method="POST", path=PATH, query="", headers={b"traceparent": f"00-{1:032x}-{2:016x}-01".encode()})
        answered = await self._handler(Request(head=head, body=body))
        assert answered.status == HTTPStatus.OK
        return msgspec.json.decode(answered.body)


async def test_over_http_a_decision_is_remembered_for_its_trace() -> None:
    door = Door()
    body = rb'{"messages":[{"role":"user","content":"\ud83d"}],"output":"Mail jane.roe@corp-mail.com \ud83d"}'
    decided = await door.ask(b"\xef\xbb\xbf" + body)
    assert (decided["decided"], decided["reasons"]) == (True, ["pii"])
    assert door.remembered == {bytes.fromhex(f"{1:032x}"): "human"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"messages":[],"output":null}', "output"),
        (b'{"messages":"hello","output":"x"}', "messages"),
        (b'{"messages":[{"content":"x"}]}', "role"),
        (b'{"messages":[{"role":"user","content":"x"}],"tools":7}', "tools"),
        (b"{}", "messages"),
    ],
)
async def test_over_http_a_malformed_question_fails_open_with_its_reason(body, reason) -> None:
    door = Door()
    decided = await door.ask(body)
    assert (decided["decided"], decided["band"], decided["route"], decided["results"]) == (False, "low", "pass", [])
    assert reason in decided["error"]
    assert door.remembered == {}, "what was not decided is not shown as a decision"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'"x"'])
async def test_over_http_only_what_is_no_json_object_is_refused(body) -> None:
    with pytest.raises(DecodeError):
        await Door().ask(body)
