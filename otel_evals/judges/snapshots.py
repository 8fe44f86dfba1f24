"""Names of models and their snapshots: whether the model that answered is the one that was asked for."""

import re
from typing import Final

_SNAPSHOT: Final = re.compile(r"(?:[-@:](?:\d{4}-\d{2}-\d{2}|\d{8}|\d{6}|\d{4}|\d{3}|latest))+")
"""How vendors mark a snapshot of an alias: `-2025-04-14`, `-20250929`, `@20250929`, `-0613`, `-001`, `-latest`."""


def bare(model: str) -> str:
    """The name without the provider that gateways put before it: `openai/gpt-4o` → `gpt-4o`."""
    return model.strip().rpartition("/")[2].lower()


def is_snapshot_of(model: str, alias: str) -> bool:
    """Whether `model` is `alias` itself or a dated snapshot of it. `gpt-4.1-mini` is none of `gpt-4.1`."""
    model, alias = bare(model), bare(alias)
    return model.startswith(alias) and (len(model) == len(alias) or bool(_SNAPSHOT.fullmatch(model, len(alias))))
