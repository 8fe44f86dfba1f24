"""Settings of sampling: the salt, and the rules in order. `config` puts them into its tree."""

from typing import Annotated, Final

import msgspec

from otel_evals.records.decision import RiskBand
from otel_evals.records.feedback import FeedbackSignal
from otel_evals.records.units import Duration
from otel_evals.sampling.match import MatchSettings


class NewVersion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rate for what has just been released, which falls in a straight line to what the other rules give."""

    rate: Annotated[
        float,
        msgspec.Meta(gt=0, le=1, description="Rate at the first appearance; 0.3 shows a 5-point change within a day."),
    ] = 0.3
    decay: Annotated[
        Duration, msgspec.Meta(description="Time until the rule has no effect any more; 14d, two weekly cycles.")
    ] = Duration(14 * 86400)

    def __post_init__(self) -> None:
        if self.decay <= 0:
            raise ValueError("decay must be longer than 0s")


class Reservoir(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fixed number of traces in each window of time, however many there are."""

    k: Annotated[int, msgspec.Meta(ge=1, le=100_000, description="Traces in each window. No default: it is the cost.")]
    per: Annotated[Duration, msgspec.Meta(description="Length of a window; 1h.")] = Duration(3600)

    def __post_init__(self) -> None:
        if self.per <= 0:
            raise ValueError("per must be longer than 0s")

    def window(self, at: float) -> int:
        """Number of the window that holds the moment `at`, in seconds since the epoch; windows start at multiples."""
        return int(at // self.per)


class SamplingRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule: which spans, and how many of them."""

    name: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[a-z][a-z0-9_]{0,63}$",
            description="The stratum that results carry when this rule gave the highest rate, such as `high_risk`.",
        ),
    ]
    match: Annotated[MatchSettings, msgspec.Meta(description="Spans that it is for. Default: every span.")] = (
        MatchSettings()
    )
    rate: Annotated[
        Annotated[float, msgspec.Meta(gt=0, le=1)] | None,
        msgspec.Meta(description="Share of the traces, above 0, at most 1."),
    ] = None
    new_version: Annotated[
        NewVersion | None, msgspec.Meta(description="Instead of `rate`: a rate that falls after each release.")
    ] = None
    reservoir: Annotated[
        Reservoir | None,
        msgspec.Meta(description="Instead of `rate`: a fixed number of traces in each window of time."),
    ] = None
    thrift: Annotated[
        Annotated[float, msgspec.Meta(gt=0, le=4)] | None,
        msgspec.Meta(
            description="How strongly the rate is lowered when the budget runs short: it is multiplied by the budget's "
            "factor to this power. Default: 0.5 for `high_risk` and `feedback`, 1.5 for `audit` and `baseline`, "
            "1 for others.",
        ),
    ] = None

    def __post_init__(self) -> None:
        kinds = (self.rate is not None) + (self.new_version is not None) + (self.reservoir is not None)
        if kinds != 1:
            said = "two kinds of rate" if kinds else "no rate"
            raise ValueError(f"rule {self.name!r} has {said}: give one of `rate`, `new_version`, `reservoir`")
        if self.reservoir is not None and self.match.feedback:
            raise ValueError(
                f"rule {self.name!r}: a reservoir cannot wait for feedback, which may come days after; give a `rate`"
            )


DEFAULT_RULES: Final = (
    SamplingRule(name="high_risk", match=MatchSettings(band=(RiskBand.HIGH,)), rate=1.0),
    SamplingRule(name="medium_risk", match=MatchSettings(band=(RiskBand.MEDIUM,)), rate=0.5),
    SamplingRule(name="new_version", new_version=NewVersion()),
    SamplingRule(
        name="feedback",
        match=MatchSettings(
            feedback=(FeedbackSignal.THUMBS_DOWN, FeedbackSignal.REGENERATE, FeedbackSignal.CORRECTION)
        ),
        rate=1.0,
    ),
    SamplingRule(name="audit", match=MatchSettings(band=(RiskBand.LOW,), clean=True), rate=0.05),
    SamplingRule(name="baseline", rate=0.05),
)
"""The rules of a configuration that names none."""


class SamplingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which spans go to judges."""

    salt: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[^\x00]{1,200}$",
            description="Key of the draw. Another one draws another sample; replicas and replays that are to agree "
            "share it. Default: otel-evals.",
        ),
    ] = "otel-evals"
    rules: Annotated[
        tuple[SamplingRule, ...],
        msgspec.Meta(
            description="Rules, of which the one with the highest rate decides. Default: high_risk 1, medium_risk 0.5, "
            "new_version 0.3 falling over 14d, feedback 1, audit 0.05, baseline 0.05; an empty list judges nothing."
        ),
    ] = DEFAULT_RULES

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for rule in self.rules:
            if rule.name in seen:
                raise ValueError(f"two rules are called {rule.name!r}; results say by which one a span was chosen")
            seen.add(rule.name)

    @property
    def evaluations(self) -> frozenset[str]:
        """Names of the evaluations that rules ask about, for whoever knows which there are."""
        return frozenset(
            name for rule in self.rules for name in (*rule.match.failing, *rule.match.passing, *rule.match.reasons)
        )

    @property
    def slice_keys(self) -> frozenset[str]:
        """Names of the extra slice keys that rules ask about."""
        return frozenset(key for rule in self.rules for key in rule.match.slices)


def check_sampling(settings: SamplingSettings) -> list[str]:
    """Warnings for rules that are allowed but seldom meant."""
    if not settings.rules or any(rule.match.takes_all and rule.new_version is None for rule in settings.rules):
        return []
    warning = (
        "no sampling rule takes every span: what matches none is never judged, and no estimate speaks of it; "
        "end with a rule such as {name: baseline, rate: 0.01}"
    )
    return [warning]
