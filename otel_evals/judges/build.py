"""Makes endpoints' clients and judges from their settings. Called by the composition root and `judge test`."""

import random
from collections.abc import Callable, Mapping

import msgspec

from otel_evals.judges.cache import VerdictCache
from otel_evals.judges.client import ModelClient
from otel_evals.judges.llm import LlmJudge
from otel_evals.judges.panel import Panel
from otel_evals.judges.prices import PriceTable
from otel_evals.judges.settings import EndpointSettings, JudgeSettings, ModelSettings, check_endpoints, choose_endpoints
from otel_evals.lifecycle.tasks import CrashReport
from otel_evals.plugins.protocols import Judge
from otel_evals.records.clock import Clock
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.units import Secret
from otel_evals.rubrics.rubric import Rubric

ReadKey = Callable[[EndpointSettings], Secret | None]
"""The key that `key_env` or `key_file` names; None when the endpoint names neither."""
ReadVariable = Callable[[str], Secret | None]
"""The value of an environment variable; None when it is not set."""


class Workshop(msgspec.Struct, frozen=True, kw_only=True):
    """What all judges of a process share."""

    clients: Mapping[str, ModelClient]
    """By the label of their endpoint, in the order of the configuration."""
    prices: PriceTable
    clock: Clock
    nonce: Callable[[], str]
    """A new unguessable word each call: 8 to 64 letters and digits."""
    redact: Callable[[str], str]
    on_crash: CrashReport
    redaction: str = ""
    """What `redact` takes out, in words: part of every judge's version."""
    cache: VerdictCache | None = None


def build_clients(
    endpoints: tuple[EndpointSettings, ...], *, key: ReadKey, variable: ReadVariable, clock: Clock, rng: random.Random
) -> dict[str, ModelClient]:
    """A client for each endpoint, by label. Close them when the judges have stopped.

    Raises:
        ConfigurationError: two endpoints of one name, a key or header that is named and not there, or a bad `ca_file`.
    """
    check_endpoints(endpoints)
    clients: dict[str, ModelClient] = {}
    for endpoint in endpoints:
        secret = key(endpoint)
        if secret is None and (named := endpoint.key_env or endpoint.key_file):
            raise ConfigurationError(f"judge endpoint {endpoint.label!r}: no key in {named}")
        headers: dict[str, Secret] = {}
        for header, name in endpoint.headers_env.items():
            value = variable(name)
            if value is None:
                raise ConfigurationError(
                    f"judge endpoint {endpoint.label!r}: {name} for its header {header} is not set"
                )
            headers[header] = value
        clients[endpoint.label] = ModelClient(endpoint, clock=clock, rng=rng, key=secret, headers=headers)
    return clients


def build_judge(settings: JudgeSettings, rubric: Rubric, workshop: Workshop) -> Judge:
    """The judge of `settings`, which decides `rubric`: one model, or a panel.

    Raises:
        ConfigurationError: it names an endpoint that does not exist, or there is none.
    """

    def one(model: ModelSettings, endpoints: tuple[str, ...]) -> LlmJudge:
        known = tuple(client.settings for client in workshop.clients.values())
        chosen = choose_endpoints(endpoints or settings.endpoints, known)
        return LlmJudge(
            rubric,
            model,
            [workshop.clients[endpoint.label] for endpoint in chosen],
            prices=workshop.prices,
            clock=workshop.clock,
            nonce=workshop.nonce,
            redact=workshop.redact,
            max_chars=settings.max_chars,
            cache=workshop.cache,
            redaction=workshop.redaction,
        )

    if settings.model is not None:
        return one(settings.model, ())
    assert settings.panel is not None  # noqa: S101 - the settings hold one of the two
    members = {member.name: one(member.model, member.endpoints) for member in settings.panel.members}
    return Panel(members, settings.panel.vote, on_crash=workshop.on_crash, threshold=settings.panel.threshold)
