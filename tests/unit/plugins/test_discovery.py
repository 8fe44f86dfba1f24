"""Plug-ins are imported only when named, and what cannot be imported is said."""

from importlib import metadata

import pytest

from otel_evals.plugins import registry as registries
from otel_evals.plugins.discovery import load_private
from otel_evals.plugins.registry import Registry
from otel_evals.records.errors import ConfigurationError


class Distribution:
    def __init__(self, name: str) -> None:
        self.name = name


def point(name: str, value: str, owner: str) -> metadata.EntryPoint:
    made = metadata.EntryPoint(name=name, value=value, group="otel_evals.checks")
    return made._for(Distribution(owner))


@pytest.fixture
def installed(monkeypatch):
    points: list[metadata.EntryPoint] = []
    monkeypatch.setattr(registries.metadata, "entry_points", lambda group: points)
    return points


def test_an_id_is_imported_when_it_is_asked_for_and_not_before(installed) -> None:
    installed.append(point("broken", "no_such_package.checks:Broken", "shop-evals"))
    installed.append(point("fine", "decimal:Decimal", "shop-evals"))
    registry = Registry("otel_evals.checks", {"pii": int})
    assert list(registry) == ["pii", "broken", "fine"]
    assert registry["fine"].__name__ == "Decimal"
    with pytest.raises(ConfigurationError, match=r"broken.*cannot be imported"):
        registry["broken"]


def test_two_distributions_with_one_id_are_both_named(installed) -> None:
    installed += [point("mine", "a:B", "shop-evals"), point("mine", "c:D", "other-evals")]
    with pytest.raises(ConfigurationError, match="other-evals and shop-evals"):
        Registry("otel_evals.checks", {})


def test_a_distribution_cannot_take_the_id_of_a_builtin(installed) -> None:
    installed.append(point("pii", "a:B", "shop-evals"))
    with pytest.raises(ConfigurationError, match=r"shop-evals"):
        Registry("otel_evals.checks", {"pii": int})


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("decimal.Decimal", "package.module:NAME"),
        ("decimal:not a name", "package.module:NAME"),
        ("decimal:Decimal", "plugins.allow_import_from"),
        ("mathematics:X", "plugins.allow_import_from"),
        ("math.missing:X", "cannot be imported"),
        ("math:missing", "has no 'missing'"),
    ],
)
def test_a_private_reference_that_cannot_be_used_says_why(reference, words) -> None:
    with pytest.raises(ConfigurationError, match=words):
        load_private(reference, ["math"])


def test_a_private_reference_from_an_allowed_package_is_loaded() -> None:
    assert load_private("math:pi", ["math"]) > 3
