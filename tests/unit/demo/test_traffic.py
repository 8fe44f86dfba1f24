from collections import Counter

from otel_evals.builtin import CHECKS
from otel_evals.demo.flaws import SPOIL, is_possible
from otel_evals.demo.scenarios import scenarios
from tests.unit.demo.conftest import NOW

REQUESTS = 900
SECOND = 1_000_000_000


def failing(evaluated) -> set[str]:
    return {r.name for span in evaluated for r in span.evaluation.results if r.label.value == "fail"}


async def test_every_flaw_is_seen_by_the_check_it_is_named_after_and_a_good_answer_by_none(make_street):
    street = await make_street()
    seen, good = Counter(), 0
    for _ in range(REQUESTS):
        request, evaluated = await street.evaluate()
        assert len(evaluated) == request.calls
        assert not [f for span in evaluated for f in span.evaluation.failures]
        if request.flaw is None:
            assert failing(evaluated) == set(), request
            good += 1
        else:
            assert request.flaw in failing(evaluated), request
            seen[request.flaw] += 1
    assert set(seen) == set(CHECKS)
    assert good > REQUESTS * 0.7


async def test_the_newer_prompt_version_is_worse_in_one_respect(make_street):
    street = await make_street()
    results = Counter()
    for _ in range(REQUESTS):
        _, evaluated = await street.evaluate()
        for span in evaluated:
            if span.exchange.prompt_name == "support-answer":
                for r in span.evaluation.results:
                    results[r.name, span.prompt_version, r.label.value] += 1

    def rate(check: str, version: str) -> float:
        failed, passed = results[check, version, "fail"], results[check, version, "pass"]
        return failed / (failed + passed)

    assert rate("citation_integrity", "4") > rate("citation_integrity", "3") + 0.08
    others = [c for c in SPOIL if c not in {"citation_integrity", "user_pushback"}]
    assert all(abs(rate(c, "4") - rate(c, "3")) < 0.05 for c in others)


async def test_models_services_and_dialects_are_several(make_street):
    street = await make_street()
    exchanges = [span.exchange for _ in range(150) for span in (await street.evaluate())[1]]
    assert {e.service_name for e in exchanges} == {"support-assistant", "product-adviser", "order-desk"}
    assert {e.provider for e in exchanges} == {"openai", "anthropic", "gcp.gemini", "mistral_ai"}
    assert {e.dialect for e in exchanges} >= {"genai", "openinference"}
    assert all(e.prompt_name and e.prompt_version and e.usage.input_tokens for e in exchanges)


async def test_the_same_seed_says_the_same_with_other_ids(make_street):
    one, other = await make_street(7), await make_street(7)
    ids = []
    for street in (one, other):
        requests = [street.write() for _ in range(30)]
        ids.append((requests, {s.context.trace_id for s in street.spans.get_finished_spans()}))
    assert ids[0][0] == ids[1][0]
    assert not ids[0][1] & ids[1][1]
    assert (await make_street(8)).write() != ids[0][0][0]


async def test_a_trace_has_one_root_and_ends_when_the_request_ends(make_street):
    street = await make_street()
    for _ in range(40):
        street.write()
        spans = street.spans.get_finished_spans()
        roots = [s for s in spans if s.parent is None]
        assert [s.attributes["http.request.method"] for s in roots] == ["POST"]
        assert all(roots[0].start_time <= s.start_time < s.end_time <= roots[0].end_time for s in spans)
        assert len({s.context.trace_id for s in spans}) == 1


async def test_the_order_desk_leaves_its_content_to_log_records(make_street):
    street = await make_street()
    while street.write().prompt_name != "order-desk":
        pass
    spans = street.spans.get_finished_spans()
    assert not any("gen_ai.input.messages" in s.attributes for s in spans)
    assert len(street.logs.get_finished_logs()) == 2


def test_every_flaw_is_possible_for_several_topics_and_languages():
    topics = scenarios().topics
    assert all(sum(is_possible(flaw, t) for t in topics) >= 5 for flaw in SPOIL)
    assert len({t.language for t in topics}) >= 5


async def test_customers_complain_of_bad_answers_and_the_spans_that_answered_are_named(make_street):
    street = await make_street()
    answers, flawed = {}, set()
    for number in range(REQUESTS):
        street.spans.clear()
        request = street.shop.serve(NOW + number * SECOND)
        calls = [s for s in street.spans.get_finished_spans() if s.name.startswith("chat") or s.name == "ChatModel"]
        answers[calls[-1].context.span_id] = request.conversation
        if request.flaw is not None:
            flawed.add(calls[-1].context.span_id)
    records = [e.log_record for e in street.logs.get_finished_logs()]
    events = [r for r in records if r.event_name == "gen_ai.evaluation.result"]
    signals = Counter((r.attributes["otel_evals.feedback.signal"], r.span_id in flawed) for r in events)
    assert {s for s, _ in signals} >= {"thumbs_up", "thumbs_down", "copy", "regenerate", "rephrase", "edit"}
    assert all(answers[r.span_id] == r.attributes["gen_ai.conversation.id"] for r in events)
    assert signals["thumbs_down", True] > signals["thumbs_down", False]
    assert len(set(answers.values())) < len(answers)  # another try stays in its conversation


async def test_a_signal_comes_after_its_answer_and_never_from_the_future(make_street):
    street = await make_street()
    for _ in range(40):
        street.shop.serve(NOW)
    assert "gen_ai.evaluation.result" not in {e.log_record.event_name for e in street.logs.get_finished_logs()}
    street.shop.serve(NOW + 30 * SECOND)
    events = [e.log_record for e in street.logs.get_finished_logs()]
    times = [r.timestamp for r in events if r.event_name == "gen_ai.evaluation.result"]
    assert times
    assert all(NOW < at <= NOW + 30 * SECOND for at in times)
