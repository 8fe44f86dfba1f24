"""The whole configuration as one typed tree, composed of the rooms' own settings classes.

Every key has a default and says its meaning, unit and reason; `config.reference` writes the table of them. Two
sections depend on what is installed: `checks` takes the settings of each check (see `check_settings`).
"""

from typing import Annotated, Any

from msgspec import Meta, Struct

from otel_evals.checks.policy import PolicyRule
from otel_evals.config.judging import JudgeSection
from otel_evals.engine.measure import Price
from otel_evals.engine.settings import EvaluationSettings, JoinSettings, ResultSettings
from otel_evals.forward.content import ContentSettings
from otel_evals.forward.settings import DestinationSettings
from otel_evals.receive.settings import ReceiveSettings
from otel_evals.records.decision import RiskBand
from otel_evals.records.units import Duration
from otel_evals.routing.settings import RiskSettings
from otel_evals.slicing.settings import SliceSettings
from otel_evals.telemetry.settings import LogSettings


class CheckSettings(Struct, frozen=True, kw_only=True):
    """One entry of `checks`. Keys beyond these four are fields of the check itself."""

    enabled: Annotated[bool, Meta(description="Whether the check runs. Default: true.")] = True
    band: Annotated[
        RiskBand | None,
        Meta(description="Band of a failing exchange. Default: the check's own."),
    ] = None
    use: Annotated[
        str | None,
        Meta(description="`package.module:NAME` of a private check, from a package in `plugins.allow_import_from`."),
    ] = None
    settings: Annotated[dict[str, Any], Meta(description="Fields of the check that differ from its defaults.")] = {}


class PluginSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Code from outside."""

    allow_import_from: Annotated[
        tuple[str, ...],
        Meta(
            description="Packages from which `use:` may import. Default: none, so that whoever may write the "
            "configuration cannot run any code that happens to be installed."
        ),
    ] = ()
    dialects: Annotated[
        tuple[str, ...],
        Meta(description="Dialects of installed distributions, asked before the built-in ones. Default: none."),
    ] = ()


class PushSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Own metrics as OTLP, cumulative."""

    destination: Annotated[
        DestinationSettings | None,
        Meta(description="Where they go; its queue and signals play no part. Default: null, no push."),
    ] = None
    interval: Annotated[
        Duration,
        Meta(description="Time between two exports. Default: 60s, OpenTelemetry's own."),
    ] = Duration(60)


class MetricsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Own metrics: the page for scrapers, the push, and their bounds."""

    listen: Annotated[
        str | None,
        Meta(
            description="HOST:PORT of `/metrics`, `/healthz` and `/readyz`; null = off. Default: 127.0.0.1:9464, the "
            "port of OpenTelemetry's Prometheus exporters, not reachable from other machines."
        ),
    ] = "127.0.0.1:9464"
    cache: Annotated[
        Duration,
        Meta(description="How long a rendered page serves further scrapes. Default: 2s, so that many cost as one."),
    ] = Duration(2)
    max_values: Annotated[
        int,
        Meta(
            ge=1,
            description="Values of one label of one instrument; further ones become `__other__`. Default: 100.",
        ),
    ] = 100
    max_slices: Annotated[
        int,
        Meta(
            ge=1,
            description="Combinations of label values from traffic, per instrument; further ones become `__other__`. "
            "Default: 200. With 14 checks each takes up to 180 kB of the page, 36 MB in all: what a scrape can bear.",
        ),
    ] = 200
    resource: Annotated[
        dict[str, str],
        Meta(
            description="Resource attributes of the processor itself on the page and the push, over "
            "`service.name: otel-evals`. Default: none."
        ),
    ] = {}
    push: Annotated[PushSettings, Meta(description="Own metrics as OTLP to a destination.")] = PushSettings()


class ShutdownSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The way out."""

    grace: Annotated[
        Duration,
        Meta(
            description="Longest time from SIGTERM to the end, in which requests in flight are finished and queues "
            "are drained or left on disk. Default: 25s, within the 30 s that Kubernetes gives."
        ),
    ] = Duration(25)


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The root."""

    receive: Annotated[ReceiveSettings, Meta(description="The entrance.")] = ReceiveSettings()
    forward: Annotated[
        tuple[DestinationSettings, ...],
        Meta(description="The destinations. Default: what OpenTelemetry's `OTEL_EXPORTER_OTLP_…` variables say."),
    ] = ()
    content: Annotated[
        ContentSettings,
        Meta(description="What destinations with a content policy do not see, beside what the dialects say."),
    ] = ContentSettings()
    checks: Annotated[
        dict[str, CheckSettings],
        Meta(description="The inline checks, by name. A check that is not named runs with its defaults."),
    ] = {}
    evaluation: Annotated[EvaluationSettings, Meta(description="Bounds of the checks.")] = EvaluationSettings()
    policy: Annotated[
        tuple[PolicyRule, ...],
        Meta(description="Rules of your own, each a check called `policy_<name>`. Default: none."),
    ] = ()
    risk: Annotated[RiskSettings, Meta(description="Risk bands and routes.")] = RiskSettings()
    results: Annotated[ResultSettings, Meta(description="How results travel.")] = ResultSettings()
    judge: Annotated[JudgeSection, Meta(description="Judges of sampled spans.")] = JudgeSection()
    join: Annotated[JoinSettings, Meta(description="Waiting for content that travels apart.")] = JoinSettings()
    slices: Annotated[SliceSettings, Meta(description="What metrics can be cut by.")] = SliceSettings()
    metrics: Annotated[MetricsSettings, Meta(description="Own metrics.")] = MetricsSettings()
    prices: Annotated[
        dict[str, Price],
        Meta(description="Prices by model, for `otel_evals.operation.cost`. Default: none, since prices change."),
    ] = {}
    log: Annotated[LogSettings, Meta(description="Own log lines.")] = LogSettings()
    plugins: Annotated[PluginSettings, Meta(description="Code from outside.")] = PluginSettings()
    shutdown: Annotated[ShutdownSettings, Meta(description="The way out.")] = ShutdownSettings()
    data: Annotated[
        str,
        Meta(
            min_length=1,
            description="Folder for everything that must survive a crash (spool, dead letters). Default: "
            "otel-evals-data in the working directory.",
        ),
    ] = "otel-evals-data"
    workers: Annotated[
        int,
        Meta(ge=1, le=256, description="Processes, one a core. Default: 1: one carries thousands of spans a second."),
    ] = 1
