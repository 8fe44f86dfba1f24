"""The table of every key, in Markdown: made from the settings classes, so that the documentation cannot be wrong."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from otel_evals.config.check_settings import SECTION
from otel_evals.config.sections import FullConfig
from otel_evals.config.spelling import terse
from otel_evals.config.tree import Key, Shape, bare_name, keys, kind_of, type_name

HEAD = ("| key | type | default | meaning |", "|---|---|---|---|")


def reference(checks: Mapping[str, type[Any]]) -> str:
    """Markdown, one row a key in the order of the tree; lists show the keys of their entries as `forward[].url`."""
    rows = [*HEAD, *_rows(FullConfig, "")]
    for name, settings in checks.items():
        rows += [_row(f"{SECTION}.{name}.{key.name}", key) for key in keys(settings)]
    return "\n".join(rows) + "\n"


def _rows(settings: type[msgspec.Struct], prefix: str) -> Iterator[str]:
    for key in keys(settings):
        name = f"{prefix}{key.name}"
        if key.kind.shape is Shape.STRUCT:
            if key.kind.optional:
                yield _row(name, key)
            yield from _rows(key.kind.type, f"{name}.")
            continue
        inner = kind_of(key.kind.type) if key.kind.shape in (Shape.LIST, Shape.MAPPING) else None
        yield _row(name, key)
        if inner is not None and inner.shape is Shape.STRUCT:
            yield from _rows(inner.type, f"{name}[]." if key.kind.shape is Shape.LIST else f"{name}.<name>.")


def _row(name: str, key: Key) -> str:
    default = "required" if key.required else f"`{json.dumps(terse(key.default), ensure_ascii=False)}`"
    cells = (f"`{name}`", bare_name(type_name(key.kind)), default, key.description)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
