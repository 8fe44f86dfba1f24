"""The settings of judges: endpoints, models, judges and panels. `config` puts them into its tree; no I/O here.

A key never stands in YAML: an endpoint names the environment variable or the file that holds it, and whoever builds the
judges reads it there.
"""

from enum import StrEnum
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from otel_evals.judges.prices import Price
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.units import ByteSize, Duration

NAME_PATTERN = r"^[a-z][a-z0-9_]{0,63}$"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Api(StrEnum):
    """Which of OpenAI's two interfaces an endpoint speaks."""

    CHAT = "chat"
    """Chat completions: every compatible server."""
    RESPONSES = "responses"


class Vote(StrEnum):
    """How a panel's verdict follows from its members'."""

    MAJORITY = "majority"
    MEAN = "mean"
    ALL = "all"


class BreakerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When an endpoint that only fails is left alone."""

    failures: Annotated[
        int,
        Meta(
            ge=1, description="Faults in a row after which no call is tried; 5: one bad second does not switch it off."
        ),
    ] = 5
    pause: Annotated[Duration, Meta(description="Time until one call probes it again; 30s.")] = Duration(30)


class EndpointSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One OpenAI-compatible endpoint: OpenAI, Azure, vLLM, Ollama, LiteLLM, a gateway. A bare address is its `url`."""

    shorthand: ClassVar[str] = "url"

    url: Annotated[
        str,
        Meta(description="Base address, with `/v1` where the server has it. No default: it says where content goes."),
    ]
    name: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$|^$",
            description="Name in logs and metrics; empty: made from the address.",
        ),
    ] = ""
    api: Annotated[Api, Meta(description="`chat` (chat completions) or `responses`; chat, which all speak.")] = Api.CHAT
    key_env: Annotated[
        str | None, Meta(description="Environment variable that holds the key; none: the endpoint wants no key.")
    ] = None
    key_file: Annotated[
        str | None, Meta(description="File that holds the key, such as a mounted secret; instead of `key_env`.")
    ] = None
    key_header: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9-]{1,64}$",
            description="Header that carries the key; `Authorization` (as Bearer). Azure takes `api-key` too.",
        ),
    ] = "Authorization"
    headers_env: Annotated[
        dict[str, str],
        Meta(description="Further headers: header → environment variable with its value, such as OpenAI-Organization."),
    ] = {}
    query: Annotated[dict[str, str], Meta(description="Query of each request, such as Azure's `api-version`.")] = {}
    models: Annotated[
        dict[str, str],
        Meta(
            description="Name that this endpoint has for a model, such as an Azure deployment or a gateway's alias: "
            "model → name. An answer under that name is no mismatch. None: it is asked by the judge's own name."
        ),
    ] = {}
    timeout: Annotated[
        Duration,
        Meta(description="Total time of a call with waiting, connecting, retries and reading the body; 60s."),
    ] = Duration(60)
    connect_timeout: Annotated[Duration, Meta(description="Time to connect, TLS included; 5s.")] = Duration(5)
    retries: Annotated[int, Meta(ge=0, le=20, description="Further tries after a fault that may pass; 3.")] = 3
    concurrency: Annotated[
        int,
        Meta(ge=1, le=1024, description="Calls under way at one time; 16. Fewer for a while when it says 429."),
    ] = 16
    requests_per_minute: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="Requests that may begin in any minute; none: no bound of our own."),
    ] = None
    max_response: Annotated[
        ByteSize,
        Meta(description="Bytes of an answer before and after decompression; 1MB, more is not an answer of a judge."),
    ] = ByteSize(1_000_000)
    ca_file: Annotated[
        str | None, Meta(description="PEM file of the authorities that are trusted; none: those of the system.")
    ] = None
    breaker: Annotated[BreakerSettings, Meta(description="When it is left alone.")] = BreakerSettings()

    def __post_init__(self) -> None:
        """Refuse an address that cannot be called, or one that holds a credential."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("url: write http://HOST[:PORT][/v1] or https://…")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("url: no user, password, query or fragment; a key comes by key_env or key_file")
        if self.key_env and self.key_file:
            raise ValueError("key_env and key_file: name one of them")

    @property
    def label(self) -> str:
        """The name, made from the address when none is set."""
        parts = urlsplit(self.url)
        host = (parts.hostname or "").replace(":", "-")
        return self.name or (f"{host}_{parts.port}" if parts.port else host)

    @property
    def in_the_clear(self) -> bool:
        """Whether content and key travel unencrypted to another machine."""
        parts = urlsplit(self.url)
        return parts.scheme == "http" and parts.hostname not in _LOOPBACK


class ModelSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model that a judge asks, pinned, and its parameters. A bare name stands for `{model: NAME}`."""

    shorthand: ClassVar[str] = "model"

    model: Annotated[
        str,
        Meta(
            min_length=1, max_length=200, description="Pinned snapshot, such as `gpt-4.1-mini-2025-04-14`. No default."
        ),
    ]
    temperature: Annotated[
        Annotated[float, Meta(ge=0, le=2)] | None,
        Meta(description="0, so that verdicts repeat; none: not sent. Dropped when refused."),
    ] = 0.0
    seed: Annotated[int | None, Meta(description="Fixed seed; 20, any. None: not sent. Dropped when refused.")] = 20
    max_output_tokens: Annotated[
        int,
        Meta(
            ge=16, description="Tokens of an answer, reasoning included; 1024. Reasoning models need several thousand."
        ),
    ] = 1024
    parameters: Annotated[
        dict[str, str | int | float | bool],
        Meta(description="Further parameters of the request, such as reasoning_effort; part of the judge's version."),
    ] = {}
    send_parameters: Annotated[
        bool,
        Meta(description="Whether temperature and seed are sent at all; true. They are left out where refused."),
    ] = True

    def deciding(self) -> dict[str, str | int | float | bool | None]:
        """What of this can change a verdict, beside the model: part of the judge's version."""
        fixed = {"temperature": self.temperature, "seed": self.seed} if self.send_parameters else {}
        return {**self.parameters, **fixed, "max_output_tokens": self.max_output_tokens}


class MemberSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One member of a panel."""

    name: Annotated[str, Meta(pattern=NAME_PATTERN, description="Name of the member on its verdicts.")]
    model: Annotated[ModelSettings, Meta(description="The model that it asks.")]
    endpoints: Annotated[
        tuple[str, ...], Meta(description="Names of endpoints in fallback order; none: those of the judge.")
    ] = ()


class PanelSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Several models that vote on one rubric."""

    members: Annotated[
        tuple[MemberSettings, ...], Meta(min_length=2, description="Who votes; an odd number has no ties.")
    ]
    vote: Annotated[
        Vote,
        Meta(description="`majority` (a tie fails), `mean` of the scores, or `all` must pass; majority."),
    ] = Vote.MAJORITY
    threshold: Annotated[float, Meta(gt=0, le=1, description="Mean score from which `mean` passes; 0.5.")] = 0.5

    def __post_init__(self) -> None:
        """Refuse two members of one name."""
        names = [member.name for member in self.members]
        if len(set(names)) != len(names):
            raise ValueError("members: each needs its own name")


class JudgeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One judge: a rubric, and who answers it."""

    name: Annotated[
        str, Meta(pattern=NAME_PATTERN, description="Id of the judge. No default: results and budgets go by it.")
    ]
    rubric: Annotated[str | None, Meta(description="Name of a built-in rubric; none: the judge's own name.")] = None
    rubric_file: Annotated[str | None, Meta(description="YAML file of a rubric of your own; instead of `rubric`.")] = (
        None
    )
    model: Annotated[ModelSettings | None, Meta(description="The model; none when a panel answers.")] = None
    panel: Annotated[PanelSettings | None, Meta(description="Several models that vote; none: one model.")] = None
    endpoints: Annotated[
        tuple[str, ...], Meta(description="Names of endpoints in fallback order; none: all, in their order.")
    ] = ()
    shadow: Annotated[
        bool, Meta(description="Judges the same sample without any effect on SLIs and routing; false.")
    ] = False
    max_chars: Annotated[
        int,
        Meta(
            ge=2000, description="Characters of content in a question; 24000, about 8000 tokens. More is cut, and said."
        ),
    ] = 24_000

    def __post_init__(self) -> None:
        """Refuse a judge that nobody answers, or two."""
        if (self.model is None) == (self.panel is None):
            raise ValueError("name either a model or a panel")
        if self.rubric and self.rubric_file:
            raise ValueError("rubric and rubric_file: name one of them")


class CacheSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Verdicts kept for equal questions."""

    max_bytes: Annotated[
        ByteSize, Meta(description="Memory for verdicts; 16MiB, about 20000 of them. 0 switches the cache off.")
    ] = ByteSize(16 << 20)


class PriceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prices of your own, over the table in the box."""

    models: Annotated[
        dict[str, Price], Meta(description="Model → prices in USD for a million tokens; over those in the box.")
    ] = {}


def check_endpoints(endpoints: tuple[EndpointSettings, ...]) -> list[str]:
    """Warnings for a set of endpoints. Raises ConfigurationError when two have one name."""
    warnings: list[str] = []
    labels: set[str] = set()
    for endpoint in endpoints:
        if endpoint.label in labels:
            raise ConfigurationError(f"two judge endpoints are called {endpoint.label!r}; give them a `name` each")
        labels.add(endpoint.label)
        if endpoint.in_the_clear:
            warnings.append(f"judge endpoint {endpoint.label!r} gets content in the clear: use an https address")
    return warnings


def choose_endpoints(wanted: tuple[str, ...], known: tuple[EndpointSettings, ...]) -> tuple[EndpointSettings, ...]:
    """The endpoints of a judge in fallback order. Raises ConfigurationError for a name that nobody has."""
    by_label = {endpoint.label: endpoint for endpoint in known}
    for name in wanted:
        if name not in by_label:
            raise ConfigurationError(f"no judge endpoint is called {name!r}; there are {', '.join(by_label) or 'none'}")
    return tuple(by_label[name] for name in wanted) if wanted else known
