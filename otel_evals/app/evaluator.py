"""Builds the evaluator that a configuration asks for: for the hop, for `decide`, and for `replay` alike."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import msgspec

from otel_evals.builtin import CHECKS, DIALECTS
from otel_evals.checks.policy import policies
from otel_evals.config.problems import nearest
from otel_evals.config.schema import CheckSettings, Config
from otel_evals.engine.evaluation import Evaluator, VersionedCheck
from otel_evals.plugins.discovery import load_private
from otel_evals.plugins.protocols import Check, Dialect
from otel_evals.plugins.registry import CHECKS_GROUP, DIALECTS_GROUP, Registry
from otel_evals.plugins.version import check_version
from otel_evals.records.clock import Clock
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.units import decode_unit
from otel_evals.routing.router import Router
from otel_evals.semconv.otel_evals import RESERVED_WORDS

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def build_evaluator(config: Config, clock: Clock | None = None) -> Evaluator | None:
    """The evaluator; None when every check is off, so that spans pass unread.

    With a `clock` the time for one span and for one request is bounded by `evaluation`; without one results depend on
    nothing but the exchange and the configuration.

    Raises:
        ConfigurationError: a check cannot be found, imported or built.
    """
    checks = list(_checks(config))
    if not checks:
        return None
    bands = {check.name: check.band for check, _ in checks}
    bands |= {check.name: settings.band for check, settings in checks if settings.band is not None}
    versioned = [VersionedCheck(check, check_version(check)) for check, _ in checks]
    return Evaluator(
        versioned,
        Router(config.risk, bands),
        clock=clock,
        budget=config.evaluation.budget,
        request_budget=config.evaluation.request_budget,
    )


def build_dialects(config: Config) -> list[Dialect]:
    """The built-in dialects, and before them those plug-ins that the configuration names."""
    registry = Registry(DIALECTS_GROUP, {})
    guests: list[Dialect] = []
    for name in config.plugins.dialects:
        if name not in registry:
            raise ConfigurationError(
                f"plugins.dialects: no installed distribution brings {name!r}{nearest(name, registry)}"
            )
        found = registry[name]
        guests.append(cast("Dialect", found() if isinstance(found, type) else found))
    return [*guests, *DIALECTS]


def _checks(config: Config) -> Iterator[tuple[Check, CheckSettings]]:
    registry = Registry(CHECKS_GROUP, CHECKS)
    named = config.checks
    for name, cls in CHECKS.items():
        settings = named.get(name, CheckSettings())
        if settings.enabled and settings.use is None:
            yield _build(name, cls, settings), settings
    for name, settings in named.items():
        if not settings.enabled or (name in CHECKS and settings.use is None):
            continue
        if settings.use is not None:
            found = load_private(settings.use, config.plugins.allow_import_from)
        else:
            found = registry[name]
        yield _build(name, found, settings), settings
    for policy in policies(config.policy):
        yield policy, CheckSettings()


def _build(name: str, found: Any, settings: CheckSettings) -> Check:
    """A check from its class and settings, or a ready one that a plug-in hands over."""
    check = _made(name, found, settings)
    if not isinstance(check, Check):
        raise ConfigurationError(f"checks.{name}: {found!r} is no check: see otel_evals.api.Check for what one has")
    if not _NAME.fullmatch(check.name) or check.name in RESERVED_WORDS:
        raise ConfigurationError(f"checks.{name}: {check.name!r} cannot name an evaluation (snake_case, not reserved)")
    if check.name != name:
        raise ConfigurationError(f"checks.{name}: the check calls itself {check.name!r}; use that name as the key")
    return check


def _made(name: str, found: Any, settings: CheckSettings) -> object:
    if not isinstance(found, type):
        if settings.settings:
            keys = ", ".join(settings.settings)
            raise ConfigurationError(f"checks.{name}: {found!r} is a ready check and takes no settings ({keys})")
        return found
    cls = cast("type[Any]", found)
    try:
        return msgspec.convert(_known(name, cls, settings.settings), cls, dec_hook=decode_unit)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise ConfigurationError(f"checks.{name}: {error}") from error


def _known(name: str, cls: type[Any], settings: Mapping[str, Any]) -> Mapping[str, Any]:
    fields = getattr(cls, "__dataclass_fields__", {})
    unknown = [key for key in settings if key not in fields]
    if unknown:
        raise ConfigurationError(f"checks.{name}: unknown key {unknown[0]!r}; it takes {', '.join(fields) or 'none'}")
    return settings
