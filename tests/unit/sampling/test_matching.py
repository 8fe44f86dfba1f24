"""Which spans a rule is for."""

import itertools

import pytest

from otel_evals.records.decision import RiskBand
from otel_evals.records.feedback import FeedbackSignal
from otel_evals.sampling.facts import SamplingFacts
from otel_evals.sampling.globs import any_glob
from otel_evals.sampling.match import MatchSettings
from otel_evals.sampling.matching import conditions

ATTRIBUTES = {"tenant": "gold-7", "beta": True, "retries": 3, "tags": ["a", "search"], "ratio": 0.5, "empty": ""}
FACTS = SamplingFacts(
    trace_id=bytes(16),
    band=RiskBand.MEDIUM,
    failing=("language", "answered"),
    passing=("pii",),
    reasons=("language",),
    service="shop-search",
    provider="openai",
    model="gpt-4o-mini",
    prompt_name="answer",
    prompt_version="fp:0123456789",
    operation="chat",
    environment="production",
    streaming=False,
    slices={"route": "/ask"},
    attribute=ATTRIBUTES.get,
    feedback=FeedbackSignal.REGENERATE,
)


def fits(facts: SamplingFacts, **match: object) -> bool:
    return all(holds(facts) for holds in conditions(MatchSettings(**match)))


@pytest.mark.parametrize(
    "match",
    [
        {},
        {"band": (RiskBand.HIGH, RiskBand.MEDIUM)},
        {"failing": ("pii", "answered")},
        {"passing": ("pii",)},
        {"clean": False},
        {"reasons": ("language",)},
        {"service": ("shop-*",)},
        {"service": ("billing", "shop-search")},
        {"provider": ("openai",)},
        {"model": ("gpt-*-mini",)},
        {"prompt_name": ("*",)},
        {"prompt_version": ("fp:*",)},
        {"operation": ("chat",)},
        {"environment": ("prod*",)},
        {"streaming": False},
        {"slices": {"route": ("/a*", "/b")}},
        {"attributes": {"tenant": ("gold-*",), "beta": ("true",), "retries": ("3",)}},
        {"attributes": {"tags": ("search",)}},
        {"attributes": {"ratio": ("0.5",), "empty": ("*",)}},
        {"feedback": (FeedbackSignal.THUMBS_DOWN, FeedbackSignal.REGENERATE)},
        {"band": (RiskBand.MEDIUM,), "service": ("shop-*",), "failing": ("language",)},
    ],
)
def test_a_span_fits_when_all_that_is_asked_holds(match: dict[str, object]) -> None:
    assert fits(FACTS, **match)


@pytest.mark.parametrize(
    "match",
    [
        {"band": (RiskBand.HIGH,)},
        {"failing": ("pii",)},
        {"passing": ("language",)},
        {"clean": True},
        {"reasons": ("answered",)},
        {"service": ("Shop-*",)},
        {"service": ("shop",)},
        {"model": ("gpt-*-min",)},
        {"streaming": True},
        {"slices": {"route": ("/b*",)}},
        {"slices": {"tier": ("*",)}},
        {"attributes": {"absent": ("*",)}},
        {"attributes": {"tenant": ("gold-*",), "beta": ("false",)}},
        {"attributes": {"tags": ("sea",)}},
        {"feedback": (FeedbackSignal.THUMBS_DOWN,)},
        {"band": (RiskBand.MEDIUM,), "service": ("billing",)},
    ],
)
def test_a_span_does_not_fit_when_one_thing_does_not_hold(match: dict[str, object]) -> None:
    assert not fits(FACTS, **match)


@pytest.mark.parametrize(
    "match",
    [
        *({name: ("*",)} for name in ("service", "provider", "model", "prompt_name", "prompt_version")),
        {"streaming": False},
        {"streaming": True},
        {"feedback": tuple(FeedbackSignal)},
        {"attributes": {"any": ("*",)}},
    ],
)
def test_what_is_not_known_fits_no_condition(match: dict[str, object]) -> None:
    assert not fits(SamplingFacts(trace_id=bytes(16)), **match)


def test_attributes_are_read_only_when_a_rule_names_them() -> None:
    asked: list[str] = []
    facts = SamplingFacts(trace_id=bytes(16), attribute=asked.append)
    fits(facts, band=(RiskBand.LOW,))
    assert asked == []
    fits(facts, attributes={"tenant": ("*",)})
    assert asked == ["tenant"]


def slow_glob(glob: str, value: str) -> bool:
    """The definition, without any cleverness."""
    if not glob:
        return not value
    if glob[0] == "*":
        return any(slow_glob(glob[1:], value[i:]) for i in range(len(value) + 1))
    return value[:1] == glob[0] and slow_glob(glob[1:], value[1:])


def words(alphabet: str, longest: int) -> list[str]:
    return ["".join(word) for length in range(longest + 1) for word in itertools.product(alphabet, repeat=length)]


def test_globs_mean_what_their_definition_says() -> None:
    values = words("ab", 4)
    for glob in words("ab*", 5):
        matches = any_glob([glob])
        assert [v for v in values if matches(v)] == [v for v in values if slow_glob(glob, v)], glob


def test_one_glob_of_several_is_enough() -> None:
    matches = any_glob(["a*", "b", "*c"])
    assert [value for value in ("ax", "b", "bx", "xc", "x") if matches(value)] == ["ax", "b", "xc"]


def test_every_other_sign_of_a_glob_stands_for_itself() -> None:
    matches = any_glob(["a.c", "[x]*", "q?"])
    assert [value for value in ("a.c", "abc", "[x]y", "xy", "q?", "qq") if matches(value)] == ["a.c", "[x]y", "q?"]


def test_a_glob_of_many_stars_is_linear_in_a_value_made_to_be_slow() -> None:
    matches = any_glob(["*a" * 30 + "*b"])
    assert not matches("a" * 1_000_000)
