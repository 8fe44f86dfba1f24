import pytest

from otel_evals.judges.prices import Price, shipped_prices
from otel_evals.judges.snapshots import is_snapshot_of
from otel_evals.records.exchange import Usage

USAGE = Usage(input_tokens=1_000_000, output_tokens=100_000)


@pytest.mark.parametrize(
    ("answered", "pinned", "same"),
    [
        ("gpt-4.1-mini-2025-04-14", "gpt-4.1-mini-2025-04-14", True),
        ("gpt-4.1-mini-2025-04-14", "gpt-4.1-mini", True),
        ("openai/gpt-4.1-mini", "gpt-4.1-mini", True),
        ("gpt-4.1-mini", "openai/gpt-4.1-mini", True),
        ("GPT-4.1-mini", "gpt-4.1-mini", True),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5", True),
        ("claude-haiku-4-5@20251001", "claude-haiku-4-5", True),
        ("gemini-2.5-flash-001", "gemini-2.5-flash", True),
        ("gpt-4.1-mini-2025-04-14", "gpt-4.1", False),
        ("gpt-4.1-mini-2025-09-01", "gpt-4.1-mini-2025-04-14", False),
        ("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", False),
        ("gpt-4.1-minister", "gpt-4.1-mini", False),
        ("gpt-4o", "gpt-4.1", False),
        ("llama3.1:70b", "llama3.1:8b", False),
        ("", "gpt-4.1", False),
    ],
)
def test_a_snapshot_is_told_from_another_model(answered, pinned, same):
    assert is_snapshot_of(answered, pinned) is same


def test_a_snapshot_costs_what_its_alias_costs():
    prices = shipped_prices()
    assert prices.cost("gpt-4.1-mini-2025-04-14", USAGE) == prices.cost("openai/gpt-4.1-mini", USAGE)
    assert prices.cost("gpt-4.1-mini", USAGE) == pytest.approx(0.40 + 0.16)


def test_a_snapshot_with_its_own_price_has_that():
    prices = shipped_prices()
    assert prices.price("gpt-4o-2024-05-13") != prices.price("gpt-4o-2024-08-06")


def test_an_unknown_model_costs_an_unknown_amount_and_never_nothing():
    assert shipped_prices().cost("somebodys-own-model", USAGE) is None


def test_an_unknown_usage_costs_an_unknown_amount():
    assert shipped_prices().cost("gpt-4.1-mini", Usage(input_tokens=5)) is None


def test_cached_input_has_its_own_price_and_is_no_second_time_in_the_input():
    price = Price(input=2.0, output=8.0, cached=0.5)
    assert price.of(Usage(input_tokens=1_000_000, output_tokens=0, cache_read_tokens=400_000)) == pytest.approx(1.4)


def test_more_cached_tokens_than_input_never_make_a_negative_cost():
    price = Price(input=2.0, output=8.0, cached=0.5)
    assert price.of(Usage(input_tokens=10, output_tokens=0, cache_read_tokens=1_000)) == pytest.approx(5e-6)


def test_prices_of_the_configuration_go_over_those_in_the_box():
    prices = shipped_prices().overridden(
        {"openai/gpt-4.1-mini": Price(input=0, output=0), "mine": Price(input=1, output=1)}
    )
    assert prices.cost("gpt-4.1-mini-2025-04-14", USAGE) == 0
    assert prices.cost("mine", USAGE) == pytest.approx(1.1)
    assert prices.cost("gpt-4o", USAGE) == shipped_prices().cost("gpt-4o", USAGE)


def test_every_price_in_the_box_charges_cached_input_no_more_than_fresh_input():
    table = shipped_prices()
    assert table.date
    for model, price in table.models.items():
        assert 0 < price.input <= price.output, model
        assert price.cached is None or price.cached <= price.input, model
