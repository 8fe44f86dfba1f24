"""Which spans a sampling rule is for: the settings of its condition."""

from typing import Annotated

import msgspec

from otel_evals.records.decision import RiskBand
from otel_evals.records.feedback import FeedbackSignal

Globs = tuple[str, ...]
"""Words of which one must be equal; `*` in them stands for any characters."""
_SomeGlobs = Annotated[Globs, msgspec.Meta(min_length=1)]


class MatchSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The condition of a rule: all that is given must hold; what is left empty asks nothing."""

    band: Annotated[
        tuple[RiskBand, ...], msgspec.Meta(description="Risk bands, one of which the span has. Default: any.")
    ] = ()
    failing: Annotated[
        tuple[str, ...], msgspec.Meta(description="Evaluations, one of which fails. Default: asks nothing.")
    ] = ()
    passing: Annotated[
        tuple[str, ...], msgspec.Meta(description="Evaluations, one of which passes. Default: asks nothing.")
    ] = ()
    clean: Annotated[
        bool | None,
        msgspec.Meta(description="true: no evaluation fails; false: at least one does. Default: asks nothing."),
    ] = None
    reasons: Annotated[
        tuple[str, ...], msgspec.Meta(description="Evaluations, one of which led to the risk band. Default: any.")
    ] = ()
    service: Annotated[Globs, msgspec.Meta(description="Names of services, `*` for any characters. Default: any.")] = ()
    provider: Annotated[
        Globs, msgspec.Meta(description="Providers as metrics name them, `*` for any characters. Default: any.")
    ] = ()
    model: Annotated[
        Globs, msgspec.Meta(description="Models as metrics name them, `*` for any characters. Default: any.")
    ] = ()
    prompt_name: Annotated[
        Globs, msgspec.Meta(description="Names of prompts, `*` for any characters. Default: any.")
    ] = ()
    prompt_version: Annotated[
        Globs,
        msgspec.Meta(
            description="Prompt versions as metrics name them (`fp:…` for derived ones), `*` for any characters. "
            "Default: any."
        ),
    ] = ()
    operation: Annotated[
        Globs, msgspec.Meta(description="Operations, such as `chat` or `invoke_agent`. Default: any.")
    ] = ()
    environment: Annotated[
        Globs, msgspec.Meta(description="Deployment environments, `*` for any characters. Default: any.")
    ] = ()
    streaming: Annotated[bool | None, msgspec.Meta(description="Whether the call streamed. Default: any.")] = None
    slices: Annotated[
        dict[str, _SomeGlobs],
        msgspec.Meta(description="Values of extra slice keys, by key, `*` for any characters. Default: any."),
    ] = {}
    attributes: Annotated[
        dict[str, _SomeGlobs],
        msgspec.Meta(
            description="Values of attributes of the span or else its resource, by key; `*` for any characters, so "
            "that `*` alone asks that it is there. Of a list one item must fit. Default: any."
        ),
    ] = {}
    feedback: Annotated[
        tuple[FeedbackSignal, ...],
        msgspec.Meta(
            description="Signals of the user, one of which was reported; a rule with it is asked again when a signal "
            "arrives after the span. Default: asks nothing."
        ),
    ] = ()

    @property
    def takes_all(self) -> bool:
        """Whether every span fits."""
        return self == _ALL


_ALL = MatchSettings()
