"""A judge over real HTTP when all goes well: forms of asking, memory, models, costs, caches, secrets."""

import logging

import pytest

from otel_evals.judges.cache import VerdictCache
from otel_evals.judges.settings import Api
from otel_evals.plugins.protocols import Judge
from otel_evals.records.evaluation import Label
from otel_evals.records.judging import JudgeFailure
from otel_evals.testing.judge_script import JudgeBehaviour

KEY = "sk-THE-KEY-0123456789"


@pytest.mark.parametrize("api", list(Api))
async def test_a_verdict_says_who_answered_what_it_took_and_why(world, case, api):
    world.server.behaviour = JudgeBehaviour(model="gpt-4.1-mini-2025-04-14", input_tokens=1000, output_tokens=100)
    judge = world.judge(world.client(api=api))
    good, bad = await judge.judge(case()), await judge.judge(case("It is red. [truth:fail]"))
    assert (good.label, good.score, good.grade) == (Label.PASS, 1.0, "grounded")
    assert (bad.label, bad.score, bad.grade) == (Label.FAIL, 0.0, "ungrounded")
    assert good.model == "gpt-4.1-mini-2025-04-14"
    assert not good.mismatched
    assert good.explanation
    assert good.confidence == 0.9
    assert good.cost == pytest.approx((1000 * 0.40 + 100 * 1.60) / 1e6)
    assert good.system_fingerprint == ("fp_scripted" if api is Api.CHAT else None)


async def test_it_is_a_judge_like_any_plug_in(world, case):
    judge = world.judge()
    assert isinstance(judge, Judge)
    estimate = judge.estimate(case())
    verdict = await judge.judge(case())
    taken = (verdict.usage.input_tokens or 0) + (verdict.usage.output_tokens or 0)
    assert taken < estimate.tokens < 10 * taken + 1024
    assert verdict.cost is not None
    assert verdict.cost < estimate.cost


async def test_an_estimate_is_bounded_as_the_question_is(world, case):
    judge = world.judge()
    assert judge.estimate(case("long " * 1_000_000)).tokens < 12_000


async def test_the_version_follows_the_model_and_its_parameters(world):
    versions = {
        world.judge().version,
        world.judge(model="gpt-4.1").version,
        world.judge(temperature=0.5).version,
        world.judge(seed=7).version,
        world.judge(max_output_tokens=2048).version,
        world.judge(parameters={"reasoning_effort": "low"}).version,
    }
    assert len(versions) == 6
    assert world.judge().version == world.judge().version


@pytest.mark.parametrize("api", list(Api))
async def test_an_endpoint_without_structured_output_is_asked_otherwise_and_that_is_remembered(world, case, api):
    client = world.client(api=api)
    world.server.behaviour = JudgeBehaviour(refuses=("response_format",))
    judge = world.judge(client)
    assert (await judge.judge(case())).label is Label.PASS
    asked = world.server.calls
    assert world.server.asked[-1].form == "tool"
    assert (await judge.judge(case("Another. [truth:fail]"))).label is Label.FAIL
    assert world.server.calls == asked + 1


async def test_an_endpoint_with_neither_schema_nor_tools_is_asked_in_words(world, case):
    world.server.behaviour = JudgeBehaviour(refuses=("response_format", "tools"))
    judge = world.judge()
    assert (await judge.judge(case())).label is Label.PASS
    assert [asked.form for asked in world.server.asked] == ["schema", "tool", "text"]
    assert (await judge.judge(case("It is red. [truth:fail]"))).label is Label.FAIL
    assert world.server.calls == 4


async def test_parameters_that_a_model_refuses_are_sent_once_and_never_again(world, case):
    world.server.behaviour = JudgeBehaviour(refuses=("temperature", "seed", "max_tokens"))
    judge = world.judge()
    assert (await judge.judge(case())).label is Label.PASS
    calls = world.server.calls
    assert calls == 4
    assert (await judge.judge(case("Another. [truth:pass]"))).label is Label.PASS
    assert world.server.calls == calls + 1
    sent = world.server.asked[-1].body
    assert not {"temperature", "seed", "max_tokens"} & sent.keys()
    assert sent["max_completion_tokens"] == 1024


async def test_what_one_model_refuses_is_still_sent_to_another(world, case):
    client = world.client()
    world.server.behaviour = JudgeBehaviour(refuses=("seed",))
    await world.judge(client).judge(case())
    world.server.behaviour = JudgeBehaviour()
    await world.judge(client, model="other").judge(case())
    assert "seed" in world.server.asked[-1].body


async def test_an_endpoint_that_ignores_the_schema_costs_two_verdicts_and_is_then_asked_by_tool(world, case):
    judge = world.judge()
    world.server.behaviour = JudgeBehaviour(ignores_form=True)
    for _ in range(2):
        with pytest.raises(JudgeFailure):
            await judge.judge(case())
    world.server.behaviour = JudgeBehaviour()
    await judge.judge(case())
    assert world.server.asked[-1].form == "tool"


async def test_another_model_than_the_pinned_one_is_marked_and_said_once(world, case, caplog):
    world.server.behaviour = JudgeBehaviour(model="gpt-3.5-turbo")
    judge = world.judge()
    with caplog.at_level(logging.WARNING):
        verdicts = [await judge.judge(case(f"{n} [truth:pass]")) for n in range(3)]
    assert all(verdict.mismatched for verdict in verdicts)
    assert {verdict.model for verdict in verdicts} == {"gpt-3.5-turbo"}
    assert verdicts[0].cost is None
    assert len([record for record in caplog.records if "gpt-3.5-turbo" in record.getMessage()]) == 1


async def test_an_endpoints_own_name_for_the_pinned_model_is_asked_for_and_is_no_mismatch(world, case):
    client = world.client(models={"gpt-4.1-mini-2025-04-14": "our-deployment"})
    verdict = await world.judge(client, model="gpt-4.1-mini-2025-04-14").judge(case())
    assert world.server.asked[-1].body["model"] == "our-deployment"
    assert (verdict.model, verdict.mismatched) == ("our-deployment", False)
    assert verdict.cost, "it has the price of the pinned model"


async def test_a_model_without_a_price_has_an_unknown_cost(world, case):
    judge = world.judge(model="somebodys-own")
    assert (await judge.judge(case())).cost is None


async def test_an_endpoint_that_does_not_count_tokens_has_an_unknown_cost(world, case):
    world.server.behaviour = JudgeBehaviour(usage=False)
    assert (await world.judge().judge(case())).cost is None


async def test_an_equal_question_is_answered_from_the_cache_for_nothing(world, case):
    judge = world.judge(cache=VerdictCache(1 << 20))
    first, second = await judge.judge(case()), await judge.judge(case())
    assert (first.cached, second.cached) == (False, True)
    assert (second.label, second.cost, second.usage.input_tokens) == (first.label, 0.0, 0)
    assert world.server.calls == 1
    await judge.judge(case("It is red. [truth:fail]"))
    assert world.server.calls == 2


async def test_a_cache_is_shared_by_judges_without_mixing_them(world, case):
    cache = VerdictCache(1 << 20)
    await world.judge(cache=cache).judge(case())
    assert not (await world.judge(cache=cache, temperature=1.0).judge(case())).cached
    assert (await world.judge(cache=cache).judge(case())).cached


async def test_neither_failures_nor_answers_of_a_wrong_model_are_kept(world, case):
    judge = world.judge(cache=VerdictCache(1 << 20))
    world.server.next.extend([JudgeBehaviour(fault="refusal"), JudgeBehaviour(model="other")])
    with pytest.raises(JudgeFailure):
        await judge.judge(case())
    assert (await judge.judge(case())).mismatched
    verdict = await judge.judge(case())
    assert (verdict.cached, verdict.mismatched) == (False, False)


async def test_each_question_has_its_own_nonce_and_what_must_not_leave_does_not(world, case):
    judge = world.judge(redact=lambda text: text.replace("ann@example.org", "[EMAIL]"))
    for _ in range(2):
        await judge.judge(case("Write to ann@example.org. [truth:pass]"))
    first, second = world.server.asked
    assert first.nonce != second.nonce
    assert "ann@example.org" not in first.user
    assert "[EMAIL]" in first.user


async def test_only_our_own_headers_leave_and_none_of_the_environment(monkeypatch, world, case):
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "from-the-environment")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Custom: from-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    await world.judge().judge(case())
    headers = dict(world.server.asked[-1].headers)
    assert headers.pop("authorization") == f"Bearer {KEY}"
    assert "from-the-environment" not in str(headers)
    assert headers.keys() == {"host", "content-type", "content-length", "accept", "accept-encoding", "user-agent"}


async def test_a_key_may_go_by_another_header_and_a_query_may_be_added(world, case):
    client = world.client(key_header="api-key", query={"api-version": "2025-01-01"})
    await world.judge(client).judge(case())
    asked = world.server.asked[-1]
    assert asked.headers["api-key"] == KEY
    assert "authorization" not in asked.headers
    assert asked.path.endswith("/chat/completions?api-version=2025-01-01")


@pytest.mark.parametrize("fault", ["status", "reset", "malformed", "redirect", "not_json"])
async def test_no_key_and_no_content_in_errors_logs_or_representations(world, case, caplog, fault):
    client = world.client(retries=1)
    judge = world.judge(client)
    world.server.behaviour = JudgeBehaviour(
        fault=fault, status=401, error_message=f"Incorrect API key: {KEY}. You said: SECRET-CONTENT", error_code=KEY
    )
    with caplog.at_level(logging.DEBUG), pytest.raises(JudgeFailure) as caught:
        await judge.judge(case("SECRET-CONTENT [truth:pass]"))
    told = [caplog.text, str(caught.value), repr(caught.value), repr(client), repr(judge), repr(client.__dict__)]
    error: BaseException | None = caught.value
    while error is not None:
        told += [str(error), repr(error.__dict__)]
        error = error.__cause__
    assert not any(KEY in text or "SECRET-CONTENT" in text for text in told)


async def test_a_call_leaves_no_log_line(world, case, caplog):
    judge = world.judge()
    with caplog.at_level(logging.INFO):
        await judge.judge(case())
    assert caplog.records == []
