"""The plug-in keeps the contracts of checks and dialects, and decides what it is for."""

import pytest
from shop_evals.no_price_promise import NoPricePromise
from shop_evals.shop_dialect import Shop
from shop_evals.tone_judge import ToneJudge

from otel_evals.api import Choice, Exchange, JudgeCase, Message, SpanView
from otel_evals.testing.check_contract import check_check
from otel_evals.testing.contracts import check_dialect
from otel_evals.testing.evaluating import evaluate
from otel_evals.testing.judge_contract import check_judge


def test_the_check_keeps_the_contract():
    check_check(NoPricePromise())


def test_the_dialect_keeps_the_contract():
    check_dialect(Shop(), keys=("shop.llm.model", "shop.llm.question", "shop.llm.answer"))


async def test_the_judge_keeps_the_contract():
    await check_judge(ToneJudge())


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("I will give you 20% if you buy two.", "fail"),
        ("We can offer you a 5 % discount.", "fail"),
        ("The kettle costs 20 euros.", "pass"),
        ("", None),
    ],
)
def test_a_promised_discount_fails(answer, label):
    assert label_of(NoPricePromise(), answer) == label


def test_what_the_shop_allows_may_be_promised():
    assert label_of(NoPricePromise(allowed_percent=5), "We can offer you a 5% discount.") == "pass"


def test_the_dialect_reads_a_call():
    attributes = {"shop.llm.model": "m-1", "shop.llm.question": "How much?", "shop.llm.answer": "Twenty."}
    span = SpanView(trace_id=b"\1" * 16, span_id=b"\1" * 8, attributes=attributes)
    assert Shop().detect(span)
    reading = Shop().read(span)
    assert reading.request_model == "m-1"
    assert reading.choices[0].message.text == "Twenty."


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("It comes on Friday.", "pass"),
        ("Calm down, it comes on Friday.", "fail"),
        ("YOUR KETTLE COMES FRIDAY!!", "fail"),
    ],
)
async def test_the_judge_tells_a_rude_answer_from_a_kind_one(answer, label):
    said = await ToneJudge().judge(case(answer))
    assert said.label.value == label
    assert (said.score == 1.0) is (label == "pass")


def test_another_setting_is_another_version_of_the_judge():
    assert ToneJudge().version != ToneJudge(allowed=1).version


def case(answer: str) -> JudgeCase:
    return JudgeCase(exchange=Exchange(choices=(Choice(message=Message(role="assistant", text=answer)),)))


def label_of(check: NoPricePromise, answer: str) -> str | None:
    """The label that `check` gives to an answer; None when it does not apply."""
    finding = evaluate(check, answer)
    return None if finding is None else finding.label.value
