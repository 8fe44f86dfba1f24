"""What the environment says about how a program may write to its terminal. Beside `load`, since it reads variables."""

import os
from collections.abc import Mapping


def wants_plain_lines(environ: Mapping[str, str] | None = None) -> bool:
    """Whether pictures and colours are unwelcome: `NO_COLOR` or `CI` is set to anything, or `TERM` is `dumb`."""
    variables = os.environ if environ is None else environ
    return bool(variables.get("NO_COLOR") or variables.get("CI")) or variables.get("TERM") == "dumb"
