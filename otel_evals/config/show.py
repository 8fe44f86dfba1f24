"""The effective configuration as YAML: every key, its value, and where the value came from. Secrets show as `***`.

Printed by `otel-evals config show`. Without secrets the text is itself a configuration that means the same.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

import yaml

from otel_evals.config.check_settings import SECTION
from otel_evals.config.load import Loaded
from otel_evals.config.node import Layer, Origin, Path
from otel_evals.config.spelling import plain

_DEFAULT = Origin(Layer.DEFAULT)


def show(loaded: Loaded) -> str:
    """YAML text, one key a line, its origin as a comment."""
    tree: dict[str, Any] = plain(loaded.config)
    tree[SECTION] = {name: _flat(entry) for name, entry in tree[SECTION].items()}
    return "\n".join(_lines(tree, (), loaded.origins, "")) + "\n"


def _flat(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of `checks` as it is written: the check's own fields beside ours, what is not set left out."""
    own = {key: value for key, value in entry.items() if key != "settings" and value is not None}
    return {**own, **entry["settings"]}


def _lines(tree: Mapping[str, Any], path: Path, origins: Mapping[Path, Origin], indent: str) -> Iterator[str]:
    for key, value in tree.items():
        here = (*path, key)
        name = f"{indent}{_scalar(key)}:"
        if isinstance(value, dict) and value:
            yield name
            yield from _lines(cast("dict[str, Any]", value), here, origins, f"{indent}  ")
        elif isinstance(value, list) and value:
            yield name
            yield from _items(cast("list[Any]", value), here, origins, indent)
        else:
            yield f"{name} {_scalar(value)}  # {origins.get(here, _DEFAULT)}"


def _items(items: list[Any], path: Path, origins: Mapping[Path, Origin], indent: str) -> Iterator[str]:
    for i, item in enumerate(items):
        here = (*path, i)
        if isinstance(item, dict) and item:
            inner = _lines(cast("dict[str, Any]", item), here, origins, f"{indent}    ")
            first = next(inner)
            yield f"{indent}  - {first.strip()}"
            yield from inner
        else:
            yield f"{indent}  - {_scalar(item)}  # {origins.get(here, origins.get(path, _DEFAULT))}"


def _scalar(value: Any) -> str:
    """One YAML token; text that could be read as something else gets quotes."""
    if not isinstance(value, str):
        return json.dumps(value)
    try:
        is_plain = value.isprintable() and value == yaml.safe_load(value) == yaml.safe_load(f"[{value}]")[0]
    except (yaml.YAMLError, ValueError, IndexError, TypeError):
        is_plain = False
    quoted = json.dumps(value)
    return value if is_plain and " #" not in value and ": " not in value else quoted.replace("${", "$${")
