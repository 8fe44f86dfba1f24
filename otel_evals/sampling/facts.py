"""What sampling rules look at: one judged-or-not span, as plain values. The engine makes it, the sampler reads it."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from otel_evals.records.decision import RiskBand
from otel_evals.records.feedback import FeedbackSignal


def _no_attribute(_key: str) -> Any:
    return None


class SamplingFacts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One span. None or empty = not known, which no condition on that field matches."""

    trace_id: bytes
    band: RiskBand = RiskBand.LOW
    failing: tuple[str, ...] = ()
    """Names of the evaluations that fail, with a band or without one."""
    passing: tuple[str, ...] = ()
    """Names of the evaluations that pass. One that did not apply, or could not run, is in neither."""
    reasons: tuple[str, ...] = ()
    """The failing ones that led to the band."""
    service: str | None = None
    provider: str | None = None
    model: str | None = None
    """Provider and model as metrics name them (normalised)."""
    prompt_name: str | None = None
    prompt_version: str | None = None
    """As metrics name it: the named version, `fp:<hash>` or `unversioned`."""
    operation: str | None = None
    environment: str | None = None
    streaming: bool | None = None
    slices: Mapping[str, str] = {}
    """Values of the configured extra slice keys, by key."""
    attribute: Callable[[str], Any] = _no_attribute
    """Value of an attribute of the span, else of its resource, else None. Asked only for keys that rules name."""
    feedback: FeedbackSignal | None = None
    """What the user did with the answer, as far as it is known by now."""
    version_age: float | None = None
    """Seconds since the first appearance of this (service, prompt version, model); None = not known, never new."""
