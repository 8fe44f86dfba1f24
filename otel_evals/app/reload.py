"""What a reload of the configuration may change while traffic flows: what is evaluated and how, not where it goes.

Doors, destinations, spool and workers keep what they started with; the rest of a changed file needs a restart, and the
log says which sections do. Judges, whom they ask and what comes to them change at once; how they are run does not.
"""

from typing import Final

import msgspec

from otel_evals.config.judging import JudgeSection
from otel_evals.config.schema import Config

RELOADED: Final = ("checks", "policy", "risk")
"""Sections of the configuration that take effect at once."""
JUDGES_RELOADED: Final = ("endpoints", "judges", "local", "sampling", "redact", "redact_patterns", "prices")
"""Keys of the section `judge` that do, where there are judges before and after."""


def reloaded(running: Config, wanted: Config) -> tuple[Config, list[str]]:
    """The configuration that runs from now on, and the sections of `wanted` that take effect with a restart only."""
    later = [
        name
        for name in wanted.__struct_fields__
        if name not in RELOADED and getattr(wanted, name) != getattr(running, name)
    ]
    changes = {name: getattr(wanted, name) for name in RELOADED}
    if running.judge != wanted.judge and running.judge.is_used and wanted.judge.is_used:
        changes["judge"], kept = _judges(running.judge, wanted.judge)
        later = [name for name in later if name != "judge"] + kept
    return msgspec.structs.replace(running, **changes), later


def _judges(running: JudgeSection, wanted: JudgeSection) -> tuple[JudgeSection, list[str]]:
    changes = {name: getattr(wanted, name) for name in JUDGES_RELOADED}
    found = msgspec.structs.replace(running, **changes)
    names = [name for name in JudgeSection.__struct_fields__ if getattr(found, name) != getattr(wanted, name)]
    return found, [f"judge.{name}" for name in names]
