"""What the command line needs of a verb that another distribution brings, by the entry-point group `otel_evals.verbs`.

The entry point's name is the verb. Its module is imported whenever the command line is read, so it imports what is
heavy only when it runs.
"""

import argparse
from collections.abc import Mapping
from typing import Any, Final, Protocol

VERBS_GROUP: Final = "otel_evals.verbs"


class InstalledVerb(Protocol):
    """A verb. Usage and configuration errors are `ConfigurationError`s."""

    summary: str
    """One sentence for the help."""
    keys: Mapping[str, str]
    """Name of an argument → dotted key of the configuration that it overrides when it is given."""

    def add_flags(self, parser: argparse.ArgumentParser) -> None:
        """Declare flags and sub-commands; `--config` is there already."""
        ...

    def run(self, arguments: argparse.Namespace, config: Any) -> int:
        """Do it with the configuration in force; the exit code."""
        ...
