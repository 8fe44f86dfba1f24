"""The section `checks`: each entry takes `enabled`, `band` and `use` beside the fields of its check's dataclass.

Which checks there are is handed in (`builtin.CHECKS` and what plug-ins bring), so that this room knows none.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from otel_evals.config.convert import Converter, Invalid
from otel_evals.config.environment import variable_name
from otel_evals.config.node import Node
from otel_evals.config.problems import Problems, nearest
from otel_evals.config.schema import CheckSettings
from otel_evals.config.tree import keys
from otel_evals.records.errors import ConfigurationError

SECTION = "checks"
OWN_KEYS = ("enabled", "band", "use")


class CheckSection:
    """Types the section; faults go to `problems`, places to the converter's origins."""

    def __init__(self, checks: Mapping[str, Any], converter: Converter, problems: Problems) -> None:
        self._checks = checks
        self._converter = converter
        self._problems = problems

    def convert(self, section: Node | None) -> dict[str, CheckSettings]:
        """The typed entries. A name that is no known check must say with `use` where it comes from."""
        if section is None or section.is_nothing:
            return {}
        if section.entries is None:
            self._problems.add((SECTION,), section.origin, f"must be a mapping, not {section.word()}")
            return {}
        entries = {name: self._entry(name, _spelled_out(node)) for name, node in section.entries.items()}
        return {name: entry for name, entry in entries.items() if entry is not None}

    def _entry(self, name: str, node: Node) -> CheckSettings | None:
        path = (SECTION, name)
        if node.entries is None:
            self._problems.add(path, node.origin, f"must be a mapping of settings or true/false, not {node.word()}")
            return None
        own = Node(origin=node.origin, entries={k: v for k, v in node.entries.items() if k in OWN_KEYS})
        fields = Node(origin=node.origin, entries={k: v for k, v in node.entries.items() if k not in OWN_KEYS})
        entry = self._converter.struct(own, CheckSettings, path)
        settings = self._converter.plain(fields, path) if "use" in node.entries else self._fields(name, fields)
        if not isinstance(entry, CheckSettings) or settings is None:
            return None
        return msgspec.structs.replace(entry, settings=settings)

    def _fields(self, name: str, node: Node) -> dict[str, Any] | None:
        path = (SECTION, name)
        if name not in self._checks:
            self._problems.add(path, node.origin, f"unknown check{nearest(name, self._checks)}")
            return None
        try:
            check = self._checks[name]  # imports a plug-in
        except ConfigurationError as error:
            self._problems.add(path, node.origin, str(error))
            return None
        if not is_settings_class(check):
            return self._converter.plain(node, path)
        # Building the check tells what its own validation thinks; the values alone are kept.
        if isinstance(self._converter.struct(node, check, path), Invalid):
            return None
        values = Converter(Problems()).given(node, check, path)
        return None if isinstance(values, Invalid) else values


def _spelled_out(node: Node) -> Node:
    """`pii: false` is short for `pii: {enabled: false}`, and `pii:` for all defaults."""
    if node.is_nothing:
        return Node(origin=node.origin, entries={})
    if isinstance(node.scalar, bool):
        return Node(origin=node.origin, entries={"enabled": node})
    return node


def is_settings_class(check: object) -> bool:
    """Whether a check is a dataclass to be built from settings; a plug-in may also hand over a ready one."""
    return isinstance(check, type) and dataclasses.is_dataclass(check)


def variable_paths(checks: Mapping[str, Any], variables: Iterable[str]) -> list[tuple[str, ...]]:
    """Paths of the keys of those checks that `variables` name: reading any other could import a plug-in in vain."""
    named = [name for name in checks if any(v.startswith(f"{variable_name((SECTION, name))}_") for v in variables)]
    return [(SECTION, name, key) for name in named for key in ("enabled", "band", *_field_names(checks[name]))]


def _field_names(check: Any) -> tuple[str, ...]:
    return tuple(key.name for key in keys(check)) if is_settings_class(check) else ()
