"""The verb `otel-evals backend`, found by the command line through its entry-point group. The only room that prints."""

import argparse
from typing import Any


class BackendVerb:
    """What the command line needs of a verb that another distribution brings."""

    name = "backend"
    summary = "Run the analysis backend alone."

    def add_flags(self, verb: argparse.ArgumentParser) -> None:
        """Declare the verb's flags and sub-commands."""
        verb.add_argument("--listen", metavar="HOST:PORT", help="pages, API and OTLP/HTTP (backend.listen)")
        verb.add_argument("--database", metavar="URL", help="postgresql://… or sqlite:///FILE (backend.database)")

    def run(self, arguments: argparse.Namespace, config: Any) -> int:
        """Run it with the configuration in force; the exit code."""
        raise NotImplementedError


VERB = BackendVerb()
