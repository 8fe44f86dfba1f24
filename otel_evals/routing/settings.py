"""Settings of the risk bands and routes."""

from typing import Annotated

import msgspec

from otel_evals.records.decision import RiskBand, Route


class RiskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How failing checks become a band, and where each band goes."""

    bands: Annotated[
        dict[str, RiskBand | None],
        msgspec.Meta(
            description="Band of a failing evaluation by its name, over the check's own; null = no risk by itself. "
            "Default: empty, the bands that the checks come with."
        ),
    ] = {}
    high: Annotated[
        Route,
        msgspec.Meta(description="Route of band high. Default: human. `block` is only ever given when set here."),
    ] = Route.HUMAN
    medium: Annotated[Route, msgspec.Meta(description="Route of band medium. Default: judge.")] = Route.JUDGE
    low: Annotated[Route, msgspec.Meta(description="Route of band low. Default: pass.")] = Route.PASS
    escalate: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            description="This many different medium reasons on one span make it high; 0 = never. "
            "Default: 3, since independent weak signals together are a strong one.",
        ),
    ] = 3
