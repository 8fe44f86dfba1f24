"""Settings of the slice keys."""

from enum import StrEnum
from typing import Annotated

import msgspec


class SliceOrigin(StrEnum):
    """Where the value of an extra slice key is read."""

    SPAN = "span"
    RESOURCE = "resource"
    ROOT = "root"


class SliceKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One extra slice key."""

    attribute: Annotated[str, msgspec.Meta(min_length=1, description="Attribute to read, such as `http.route`.")]
    origin: Annotated[
        SliceOrigin,
        msgspec.Meta(
            description="`span` (the evaluated one), `resource`, or `root` (the trace's root span, when it is known by "
            "then). Default: span."
        ),
    ] = SliceOrigin.SPAN
    name: Annotated[
        str | None,
        msgspec.Meta(description="Key on the metric points. Default: the attribute's own name."),
    ] = None

    @property
    def key(self) -> str:
        """Key on the metric points."""
        return self.name or self.attribute


class SliceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What metrics can be cut by, beyond the standard keys."""

    extra: Annotated[
        list[SliceKey],
        msgspec.Meta(
            max_length=3,
            description="Up to three further keys (route, feature, tenant tier). Each multiplies the series, hence the "
            "limit. Default: none.",
        ),
    ] = []
    fingerprints_per_hour: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            description="Different derived prompt versions that a service may show within an hour; beyond, its prompts "
            "do not repeat and its metrics say `unversioned`. Default: 50.",
        ),
    ] = 50
