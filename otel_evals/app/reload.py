"""What a reload of the configuration may change while traffic flows: what is evaluated and how, not where it goes.

Doors, destinations, spool and workers keep what they started with; the rest of a changed file needs a restart, and the
log says which sections do.
"""

from typing import Final

import msgspec

from otel_evals.config.schema import Config

RELOADED: Final = ("checks", "policy", "risk")
"""Sections of the configuration that take effect at once."""


def reloaded(running: Config, wanted: Config) -> tuple[Config, list[str]]:
    """The configuration that runs from now on, and the sections of `wanted` that take effect with a restart only."""
    later = [
        name
        for name in Config.__struct_fields__
        if name not in RELOADED and getattr(wanted, name) != getattr(running, name)
    ]
    changes = {name: getattr(wanted, name) for name in RELOADED}
    return msgspec.structs.replace(running, **changes), later
