"""Builds the judges that a configuration asks for: for the hop, for `judge test` and for `replay` alike."""

import asyncio
import functools
import logging
import random
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from otel_evals.config.credentials import from_file, from_variable
from otel_evals.config.judging import JudgeSection, LocalJudgeSettings
from otel_evals.config.problems import nearest
from otel_evals.config.schema import Config
from otel_evals.engine.plan import JudgeSpec
from otel_evals.forward.redaction import redact
from otel_evals.judges.build import Workshop, build_clients, build_judge
from otel_evals.judges.cache import VerdictCache
from otel_evals.judges.client import ModelClient
from otel_evals.judges.in_thread import InThread, is_blocking
from otel_evals.judges.prices import PriceTable, shipped_prices
from otel_evals.judges.settings import EndpointSettings, JudgeSettings, ModelSettings, check_endpoints
from otel_evals.lifecycle.tasks import CrashReport
from otel_evals.plugins.discovery import load_private
from otel_evals.plugins.protocols import Judge
from otel_evals.plugins.registry import JUDGES_GROUP, Registry
from otel_evals.records.clock import Clock, SystemClock
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.units import Secret
from otel_evals.rubrics.rubric import Rubric, builtin_rubrics, load_rubric
from otel_evals.sampling.sampler import Sampler
from otel_evals.sampling.settings import check_sampling
from otel_evals.semconv.otel_evals import RESERVED_WORDS
from otel_evals.text.patterns import compile_expression

_LOG: Final = logging.getLogger(__name__)
_NONCE_BYTES = 8
_CLOSING: Final = 2.0
"""Seconds for a judge to close."""


class Judges(msgspec.Struct, frozen=True, kw_only=True):
    """The judges of one process, and what has to be closed with them."""

    specs: tuple[JudgeSpec, ...]
    clients: tuple[ModelClient, ...]
    prices: PriceTable
    warnings: tuple[str, ...] = ()

    async def close(self) -> None:
        """Give back every connection. A judge that cannot be closed keeps nobody from ending."""
        for spec in self.specs:
            try:
                async with asyncio.timeout(_CLOSING):
                    await spec.judge.close()
            except Exception as error:  # noqa: BLE001 - stage boundary: foreign code may raise anything
                _LOG.warning("the judge %s could not be closed: %s", spec.id, type(error).__name__)
        for client in self.clients:
            await client.close()


def build_judges(config: Config, *, clock: Clock, on_crash: CrashReport, offline: bool = False) -> Judges | None:
    """The judges; None when there are none.

    Args:
        config: the whole configuration.
        clock: time.
        on_crash: told of a task of a judge that died.
        offline: for who only wants to know who would be asked: no key is read.

    Raises:
        ConfigurationError: a judge cannot be found, imported or built; a key is missing; a budget has no price.
    """
    section = config.judge
    if not section.is_used:
        return None
    return _Builder(config, clock=clock, on_crash=on_crash, offline=offline).build(section)


def judge_warnings(config: Config) -> tuple[str, ...]:
    """What is worth saying of the judges, without any key. Raises ConfigurationError when they cannot be built."""
    judges = build_judges(config, clock=SystemClock(), on_crash=lambda _task, _error: None, offline=True)
    return judges.warnings if judges is not None else ()


def check_judges(config: Config, *, clock: Clock) -> None:
    """Whether every worker could build these judges. Raises ConfigurationError."""
    for endpoint in config.judge.endpoints:
        _key(endpoint)
        for variable in endpoint.headers_env.values():
            from_variable(variable, needed_by=f"judge endpoint {endpoint.label!r}")
    build_judges(config, clock=clock, on_crash=lambda _task, _error: None, offline=True)


class _Builder:
    def __init__(self, config: Config, *, clock: Clock, on_crash: CrashReport, offline: bool) -> None:
        section = config.judge
        self._config = config
        self._section = section
        self._sampler = Sampler(section.sampling)
        self._prices = shipped_prices().overridden(section.prices.models)
        endpoints = section.endpoints
        if offline:
            endpoints = tuple(
                msgspec.structs.replace(e, key_env=None, key_file=None, headers_env={}) for e in endpoints
            )
        self._clients = build_clients(
            endpoints,
            key=_key,
            variable=functools.partial(from_variable, needed_by="judge.endpoints"),
            clock=clock,
            rng=random.Random(),  # noqa: S311 - jitter of retries, no secret
        )
        self._workshop = Workshop(
            clients=self._clients,
            prices=self._prices,
            clock=clock,
            nonce=functools.partial(secrets.token_hex, _NONCE_BYTES),
            redact=_redaction(section),
            redaction="\n".join([str(section.redact), *section.redact_patterns]),
            on_crash=on_crash,
            cache=VerdictCache(section.cache.max_bytes) if section.cache.max_bytes else None,
        )

    def build(self, section: JudgeSection) -> Judges:
        warnings = [*check_endpoints(section.endpoints), *check_sampling(section.sampling)]
        specs = [*self._asking(), *self._local()]
        _check_names(specs, section)
        warnings += self._check_prices()
        return Judges(
            specs=tuple(specs), clients=tuple(self._clients.values()), prices=self._prices, warnings=tuple(warnings)
        )

    def _asking(self) -> Iterator[JudgeSpec]:
        for settings in self._section.judges:
            yield JudgeSpec(
                id=settings.name,
                judge=build_judge(settings, rubric_of(settings), self._workshop),
                sampler=self._sampler,
                shadow=settings.shadow,
                model=settings.model.model if settings.model else None,
            )

    def _local(self) -> Iterator[JudgeSpec]:
        registry = Registry(JUDGES_GROUP, {})
        for settings in self._section.local:
            judge = _build_local(settings, registry, self._config.plugins.allow_import_from)
            yield JudgeSpec(id=settings.name, judge=judge, sampler=self._sampler, shadow=settings.shadow)

    def _check_prices(self) -> list[str]:
        """A limit of money cannot be kept where the price is unknown: that is refused, and else only said."""
        warnings: list[str] = []
        for settings in self._section.judges:
            for model in _models(settings):
                if self._prices.price(model.model) is not None:
                    continue
                own = self._section.budgets.get(settings.name)
                if self._section.budget.limits_money or (own is not None and own.limits_money):
                    raise ConfigurationError(
                        f"judge.budget: the price of {model.model} (judge {settings.name!r}) is unknown, so a limit in "
                        f"USD cannot be kept; write judge.prices.models.{model.model}, or limit tokens instead"
                    )
                warnings.append(
                    f"the price of {model.model} (judge {settings.name!r}) is unknown: its cost is not counted"
                )
        return warnings


def _models(settings: JudgeSettings) -> list[ModelSettings]:
    if settings.model is not None:
        return [settings.model]
    return [member.model for member in settings.panel.members] if settings.panel else []


def rubric_of(settings: JudgeSettings) -> Rubric:
    """The rubric that a judge decides. Raises ConfigurationError when there is none of that name or in that file."""
    if settings.rubric_file is not None:
        try:
            text = Path(settings.rubric_file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"judge.judges: the rubric {settings.rubric_file} cannot be read: {error}"
            ) from error
        return load_rubric(text, settings.rubric_file)
    known = builtin_rubrics()
    name = settings.rubric or settings.name
    if name not in known:
        raise ConfigurationError(
            f"judge.judges: no rubric is called {name!r}{nearest(name, known)}; there are {', '.join(sorted(known))}, "
            "and any other from a `rubric_file`"
        )
    return known[name]


def _build_local(settings: LocalJudgeSettings, registry: Mapping[str, Any], allowed: Sequence[str]) -> Judge:
    plugin = settings.plugin or settings.name
    if settings.use is not None:
        factory = load_private(settings.use, allowed)
    elif plugin in registry:
        factory = registry[plugin]
    else:
        raise ConfigurationError(
            f"judge.local: no installed distribution brings the judge {plugin!r}{nearest(plugin, registry)}"
        )
    try:
        judge = factory(**settings.settings)
    except Exception as error:  # stage boundary: foreign code may raise anything while it is built
        raise ConfigurationError(f"judge.local: {settings.name!r} cannot be built: {error}") from error
    if not isinstance(judge, Judge):
        raise ConfigurationError(f"judge.local: {settings.name!r} is no judge: it lacks a part of the protocol")
    return InThread(judge) if is_blocking(judge) else judge


def _check_names(specs: Sequence[JudgeSpec], section: JudgeSection) -> None:
    ids = [spec.id for spec in specs]
    for one in ids:
        if ids.count(one) > 1:
            raise ConfigurationError(f"judge: two judges are called {one!r}; results and budgets go by the name")
    active = [spec.judge.name for spec in specs if not spec.shadow]
    for name in active:
        if active.count(name) > 1:
            raise ConfigurationError(
                f"judge: two judges decide {name!r} and neither is a shadow: let them vote in a `panel`, or make one "
                "`shadow: true`"
            )
    for spec in specs:
        if spec.judge.name in RESERVED_WORDS:
            raise ConfigurationError(f"judge: an evaluation cannot be called {spec.judge.name!r}, a word of our own")
    for name in section.budgets:
        if name not in ids:
            raise ConfigurationError(f"judge.budgets: no judge is called {name!r}{nearest(name, ids)}")


def _key(endpoint: EndpointSettings) -> Secret | None:
    needed_by = f"judge endpoint {endpoint.label!r}"
    if endpoint.key_env is not None:
        return from_variable(endpoint.key_env, needed_by)
    return None if endpoint.key_file is None else from_file(endpoint.key_file, needed_by)


def _redaction(section: JudgeSection) -> Callable[[str], str]:
    """What is taken out of every text before it leaves. Raises ConfigurationError for a pattern that is not RE2."""
    own = [_own_pattern(expression) for expression in section.redact_patterns]

    def clean(text: str) -> str:
        for pattern in own:
            text = pattern.sub("[REDACTED]", text)
        return redact(text) if section.redact else text

    return clean


def _own_pattern(expression: str) -> Any:
    try:
        return compile_expression(expression)
    except ConfigurationError as error:
        raise ConfigurationError(f"judge.redact_patterns: {error}") from error
