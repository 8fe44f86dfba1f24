import random
from typing import get_type_hints

import msgspec
import pytest

from otel_evals.judges.build import Workshop, build_clients, build_judge
from otel_evals.judges.llm import LlmJudge
from otel_evals.judges.panel import Panel
from otel_evals.judges.prices import shipped_prices
from otel_evals.judges.settings import (
    CacheSettings,
    EndpointSettings,
    JudgeSettings,
    MemberSettings,
    ModelSettings,
    PanelSettings,
    check_endpoints,
)
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.units import Secret, decode_unit
from otel_evals.rubrics.rubric import builtin_rubrics
from otel_evals.testing.clock import ManualClock


def read(kind, text: str):
    return msgspec.yaml.decode(text, type=kind, dec_hook=decode_unit)


def test_a_judge_is_read_from_yaml():
    judge = read(
        JudgeSettings,
        "{name: strict, rubric: faithfulness, model: {model: gpt-4.1-mini-2025-04-14}, endpoints: [front], "
        "shadow: true}",
    )
    assert judge.model == ModelSettings(model="gpt-4.1-mini-2025-04-14")
    assert (judge.endpoints, judge.shadow) == (("front",), True)


@pytest.mark.parametrize(
    "text",
    [
        "{url: 'ftp://host/v1'}",
        "{url: 'host:8000'}",
        "{url: 'https://user:key@host/v1'}",
        "{url: 'https://host/v1?api_key=x'}",
        "{url: 'https://host/v1', key_env: A, key_file: b}",
        "{url: 'https://host/v1', key: sk-123}",
        "{url: 'https://host/v1', concurrency: 0}",
    ],
)
def test_an_endpoint_that_cannot_be_called_or_holds_a_key_is_refused(text):
    with pytest.raises(msgspec.ValidationError):
        read(EndpointSettings, text)


@pytest.mark.parametrize(
    "text",
    [
        "{name: a}",
        "{name: a, model: {model: m}, panel: {members: [{name: x, model: {model: m}}, {name: y, model: {model: m}}]}}",
        "{name: a, model: {model: m}, rubric: r, rubric_file: f}",
        "{name: a, panel: {members: [{name: x, model: {model: m}}, {name: x, model: {model: m}}]}}",
        "{name: a, panel: {members: [{name: x, model: {model: m}}]}}",
        "{name: 'A b', model: {model: m}}",
        "{name: a, model: {model: ''}}",
    ],
)
def test_a_judge_that_nobody_or_two_answer_is_refused(text):
    with pytest.raises(msgspec.ValidationError):
        read(JudgeSettings, text)


def test_content_in_the_clear_is_warned_about_but_for_this_machine():
    assert check_endpoints((EndpointSettings(url="http://127.0.0.1:9/v1"), EndpointSettings(url="https://a/v1"))) == []
    assert "in the clear" in check_endpoints((EndpointSettings(url="http://gateway/v1"),))[0]


def test_two_endpoints_of_one_name_are_refused():
    with pytest.raises(ConfigurationError, match="name"):
        check_endpoints((EndpointSettings(url="https://a/v1"), EndpointSettings(url="https://a/v2")))


def test_every_setting_says_what_it_means():
    for kind in (EndpointSettings, ModelSettings, JudgeSettings, PanelSettings, MemberSettings, CacheSettings):
        hints = get_type_hints(kind, include_extras=True)
        for name in kind.__struct_fields__:
            assert any(getattr(m, "description", None) for m in hints[name].__metadata__), f"{kind.__name__}.{name}"


def clients(*endpoints: EndpointSettings, key=lambda _: None, variable=lambda _: None):
    return build_clients(endpoints, key=key, variable=variable, clock=ManualClock(), rng=random.Random(1))  # noqa: S311 - spreads retries


async def test_a_key_that_is_named_and_not_there_stops_the_start():
    with pytest.raises(ConfigurationError, match="JUDGE_KEY"):
        clients(EndpointSettings(url="https://a/v1", key_env="JUDGE_KEY"))
    with pytest.raises(ConfigurationError, match="ORG"):
        clients(EndpointSettings(url="https://a/v1", headers_env={"OpenAI-Organization": "ORG"}))


async def test_a_key_that_cannot_be_a_header_is_refused_without_being_told():
    with pytest.raises(ConfigurationError) as caught:
        clients(EndpointSettings(url="https://a/v1", key_env="K"), key=lambda _: Secret("sk-with\nbreak"))
    assert "sk-with" not in str(caught.value)


async def test_a_ca_file_that_is_not_there_stops_the_start():
    with pytest.raises(ConfigurationError, match="ca_file"):
        clients(EndpointSettings(url="https://a/v1", ca_file="/nowhere/ca.pem"))


async def test_judges_and_panels_are_built_over_the_endpoints_they_name():
    known = clients(EndpointSettings(url="https://a/v1", name="a"), EndpointSettings(url="https://b/v1", name="b"))
    workshop = Workshop(
        clients=known,
        prices=shipped_prices(),
        clock=ManualClock(),
        nonce=lambda: "0123456789abcdef",
        redact=str,
        on_crash=lambda *_: None,
    )
    rubric = builtin_rubrics()["faithfulness"]
    alone = build_judge(JudgeSettings(name="x", model=ModelSettings(model="m"), endpoints=("b", "a")), rubric, workshop)
    assert isinstance(alone, LlmJudge)
    assert [client.label for client in alone._clients] == ["b", "a"]
    panel = build_judge(
        read(
            JudgeSettings, "{name: x, panel: {members: [{name: p, model: {model: m}}, {name: q, model: {model: n}}]}}"
        ),
        rubric,
        workshop,
    )
    assert isinstance(panel, Panel)
    assert panel.name == "faithfulness"
    with pytest.raises(ConfigurationError, match="nobody"):
        build_judge(JudgeSettings(name="x", model=ModelSettings(model="m"), endpoints=("nobody",)), rubric, workshop)
    for client in known.values():
        await client.close()
