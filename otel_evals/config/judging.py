"""The `judge` section: what judges there are, whom they ask, what comes to them, and what they may cost."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from otel_evals.engine.budget import Limits
from otel_evals.engine.settings import JudgingSettings
from otel_evals.engine.sightings import Release
from otel_evals.judges.settings import NAME_PATTERN, CacheSettings, EndpointSettings, JudgeSettings, PriceSettings
from otel_evals.records.units import ByteSize, Duration
from otel_evals.sampling.settings import SamplingSettings


class LocalJudgeSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A judge in this process: code from outside."""

    name: Annotated[str, Meta(pattern=NAME_PATTERN, description="Id of the judge: results and budgets go by it.")]
    plugin: Annotated[
        str | None, Meta(description="Id of a judge that an installed distribution brings; none: the judge's name.")
    ] = None
    use: Annotated[
        str | None,
        Meta(description="`package.module:NAME` of a private judge, from a package in `plugins.allow_import_from`."),
    ] = None
    settings: Annotated[dict[str, Any], Meta(description="What it is built with.")] = {}
    shadow: Annotated[bool, Meta(description="As for other judges; false.")] = False


class JudgeSection(JudgingSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Judges. Without any nothing of this section plays a part, and every span's coverage is `disabled`."""

    endpoints: Annotated[
        tuple[EndpointSettings, ...],
        Meta(description="Whom judges may ask; no other host is ever contacted. No default."),
    ] = ()
    judges: Annotated[tuple[JudgeSettings, ...], Meta(description="Judges that ask models. Default: none.")] = ()
    local: Annotated[tuple[LocalJudgeSettings, ...], Meta(description="Judges in this process. Default: none.")] = ()
    sampling: Annotated[SamplingSettings, Meta(description="Which spans come to judges.")] = SamplingSettings()
    releases: Annotated[
        tuple[Release, ...],
        Meta(
            description="Releases whose time is known, so that replicas on several machines agree what is new. "
            "Default: none; what one machine has seen first is kept in its data folder."
        ),
    ] = ()
    feedback_memory: Annotated[
        ByteSize,
        Meta(
            description="Bytes, by estimate, of recent spans that each worker keeps so that feedback can still "
            "bring them to a judge. Default: 32MiB, some thousand spans."
        ),
    ] = ByteSize(32 << 20)
    feedback_window: Annotated[
        Duration,
        Meta(description="How long after its span feedback is acted on, or before it. Default: 1h."),
    ] = Duration(3600)
    budget: Annotated[Limits, Meta(description="Hard limits of all judges together.")] = Limits()
    budgets: Annotated[
        dict[str, Limits],
        Meta(description="Hard limits of single judges, by name, beside those of all. Default: none."),
    ] = {}  # noqa: RUF012 - a Struct copies it; ruff does not see through the base class
    redact: Annotated[
        bool,
        Meta(
            description="Whether personal data and credentials are taken out of what judges read. Default: true, since "
            "content leaves here; false where the endpoint is your own and a rubric is about such data."
        ),
    ] = True
    redact_patterns: Annotated[
        tuple[str, ...],
        Meta(
            description="RE2 patterns of your own (customer numbers, names of projects); what they match is replaced "
            "by `[REDACTED]` before anything leaves, also with `redact: false`. Default: none."
        ),
    ] = ()
    cache: Annotated[CacheSettings, Meta(description="Verdicts kept for equal questions.")] = CacheSettings()
    prices: Annotated[PriceSettings, Meta(description="Prices of your own.")] = PriceSettings()

    @property
    def is_used(self) -> bool:
        """Whether there is any judge."""
        return bool(self.judges or self.local)
