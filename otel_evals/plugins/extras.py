"""What further distributions of this project bring, and how to install them: said where they are missing."""

from collections.abc import Mapping
from typing import Final

INSTALL: Final[Mapping[str, str]] = {"backend": 'pip install "otel-evals[backend]"'}
"""Name of a verb or a section of the configuration → the command that installs it."""
