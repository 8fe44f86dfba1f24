"""What the scripted judge of the demo is told of an answer, against what was done to it when it was made up."""

import random
from collections import Counter

import pytest

from otel_evals.demo.flaws import SPOIL
from otel_evals.demo.request import AppRequest, ModelCall, Retrieval
from otel_evals.demo.requests import Requests
from otel_evals.demo.scenarios import scenarios
from otel_evals.demo.truth import SPOILED_BY, truth
from otel_evals.forward.redaction import redact
from otel_evals.records.exchange import Exchange
from otel_evals.records.judging import JudgeCase
from otel_evals.rubrics.question import ask
from otel_evals.rubrics.rubric import builtin_rubrics
from otel_evals.testing.judge_script import marked_truth


def question(request: AppRequest, rubric: str) -> str:
    """What a judge is asked of the last answer of a request."""
    call = [step for step in request.steps if isinstance(step, ModelCall)][-1]
    documents = [d for step in request.steps if isinstance(step, Retrieval) for d in step.documents]
    exchange = Exchange(
        trace_id=bytes(16), span_id=bytes(8), messages=call.messages, choices=(call.choice,), documents=tuple(documents)
    )
    case = JudgeCase(exchange=exchange)
    return ask(builtin_rubrics()[rubric], case, nonce="feedfacefeedface", max_chars=24_000, redact=redact).user


def answered(request: AppRequest) -> bool:
    call = [step for step in request.steps if isinstance(step, ModelCall)][-1]
    return bool(call.choice.message.text)


@pytest.fixture
def shop() -> Requests:
    return Requests(scenarios(), random.Random(11))  # noqa: S311 - scenes of a demo, no secret


@pytest.mark.parametrize("flaw", sorted({*SPOIL, "tool_calls", "structured_output"} - {"non_empty"}))
@pytest.mark.parametrize("rubric", sorted(SPOILED_BY))
def test_every_flaw_is_read_back_from_what_a_judge_is_shown(shop, flaw, rubric):
    make = {"tool_calls": shop.order, "structured_output": shop.triage}.get(flaw, shop.support)
    requests = [request for request in (make(flaw) for _ in range(20)) if answered(request)]
    assert requests
    for request in requests:
        assert truth(question(request, rubric)) is (flaw not in SPOILED_BY[rubric]), request


def test_good_answers_are_good_by_every_rubric(shop):
    seen = Counter()
    for make in (shop.support, shop.advice, shop.triage, shop.order):
        for request in (make() for _ in range(60)):
            if request.flaw is None:
                seen[request.prompt_name] += 1
                assert all(truth(question(request, rubric)) for rubric in SPOILED_BY), request
    assert set(seen) == {"support-answer", "product-advice", "ticket-triage", "order-desk"}


def test_of_other_texts_nothing_is_known(shop):
    assert truth("Is this good?") is None
    asked = question(shop.support("repetition"), "faithfulness")
    title = builtin_rubrics()["faithfulness"].title.strip()
    assert truth(asked.replace(f'property "{title}"', 'property "Politeness"')) is None


@pytest.mark.parametrize("flaw", [None, *SPOIL])
def test_no_mark_in_the_texts_says_whether_an_answer_is_good(shop, flaw):
    assert marked_truth(question(shop.support(flaw), "faithfulness")) is None
