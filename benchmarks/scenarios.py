"""What is measured: the loads, and the variants that each of them is sent to.

The goals are spans per CPU second relative to the Collector with an event, in the same repeat.
"""

from typing import Final

import msgspec
from bodies import Shape
from servers import Kind, Variant

BARE: Final = Variant("bare acknowledgement", Kind.BARE)
OFF: Final = Variant("ours, checks off", Kind.OURS, checks=False)
ALL: Final = Variant("ours, all checks", Kind.OURS)
ALL_TWO: Final = Variant("ours, all checks, 2 workers", Kind.OURS, workers=2)
COLLECTOR: Final = Variant("Collector with event", Kind.COLLECTOR)
_EACH: Final = (COLLECTOR, BARE, OFF, ALL)


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One load."""

    name: str
    protocol: str = "grpc"
    """How it comes in; it always leaves over gRPC."""
    shape: Shape
    in_flight: int = 4
    connections: int = 1
    """Over gRPC; over HTTP each request in flight has its own."""
    gzip: bool = False
    rate: float = 0.0
    """Requests a second, open loop; 0: closed loop."""
    variants: tuple[Variant, ...] = _EACH
    goals: dict[str, float] = {}
    """By variant: at least so many times the Collector's spans per CPU second."""
    goal_beside: str = ""
    """The scenario whose Collector the goals are measured against, when it is not this one's."""


SCENARIOS: Final = (
    Scenario(name="gRPC, plain, 512", shape=Shape(512, 0.0), goals={OFF.name: 2.5}),
    Scenario(name="gRPC, 1/4 GenAI, 512", shape=Shape(512, 0.25), goals={OFF.name: 1.6, ALL.name: 0.4}),
    Scenario(name="gRPC, all GenAI, 512", shape=Shape(512, 1.0), goals={OFF.name: 1.3}),
    Scenario(name="gRPC, 1/4 GenAI, 64", shape=Shape(64, 0.25), in_flight=8),
    Scenario(name="gRPC, 1/4 GenAI, 8", shape=Shape(8, 0.25), in_flight=32),
    Scenario(name="gRPC, 1/4 GenAI, 1", shape=Shape(1, 0.25), in_flight=32, goals={OFF.name: 1.0}),
    Scenario(name="HTTP, 1/4 GenAI, 512", protocol="http", shape=Shape(512, 0.25)),
    Scenario(
        name="HTTP, 1/4 GenAI, 1",
        protocol="http",
        shape=Shape(1, 0.25),
        in_flight=32,
        goals={OFF.name: 5.0},
        goal_beside="gRPC, 1/4 GenAI, 1",
    ),
    Scenario(name="gRPC, 1/4 GenAI, 512, gzip", shape=Shape(512, 0.25), gzip=True),
    Scenario(
        name="gRPC, 1/4 GenAI, 64, 16 connections",
        shape=Shape(64, 0.25),
        in_flight=32,
        connections=16,
        variants=(COLLECTOR, BARE, ALL, ALL_TWO),
    ),
    Scenario(name="gRPC, plain, 8, 60 requests/s", shape=Shape(8, 0.0), in_flight=16, rate=60.0),
)
QUICK: Final = tuple(SCENARIOS[i] for i in (0, 1, 2, 5, 7))
"""The loads with goals."""
