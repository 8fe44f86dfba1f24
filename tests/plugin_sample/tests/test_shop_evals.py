"""The plug-in keeps the contracts of checks and dialects, and decides what it is for."""

import pytest
from shop_evals.no_price_promise import NoPricePromise
from shop_evals.shop_dialect import Shop

from otel_evals.api import SpanView
from otel_evals.testing.check_contract import check_check
from otel_evals.testing.contracts import check_dialect
from otel_evals.testing.evaluating import evaluate


def test_the_check_keeps_the_contract():
    check_check(NoPricePromise())


def test_the_dialect_keeps_the_contract():
    check_dialect(Shop(), keys=("shop.llm.model", "shop.llm.question", "shop.llm.answer"))


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


def label_of(check: NoPricePromise, answer: str) -> str | None:
    """The label that `check` gives to an answer; None when it does not apply."""
    finding = evaluate(check, answer)
    return None if finding is None else finding.label.value
