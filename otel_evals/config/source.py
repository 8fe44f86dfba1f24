"""Reads a YAML file into nodes: safe, with line numbers, no key twice, `${…}` substituted in scalars.

Substitutions: `${NAME}`, `${NAME:-default}`, `${env:NAME}` (the Collector's spelling), `${file:/path}` (the file's
text without its last newline, for secrets); `$${` stands for `${` itself. They never make structure: what comes in
stays one scalar, so that no secret can break a file. Called by `load`.
"""

import re
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.scanner import ScannerError

from otel_evals.config.node import Layer, Node, Origin, Path
from otel_evals.config.problems import Problems

_SUBSTITUTION = re.compile(r"\$\$\{|\$\{([^}]*)\}")
_NAME = re.compile(r"(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_MAX_DEPTH = 64
_MAX_VALUES = 100_000
"""Values of one file, those that aliases repeat included: far beyond any configuration, read in about a second."""
_MAX_REPEATED = 10_000
"""Values that aliases may repeat: a few lines of aliases of aliases would stand for billions."""


class _Loader(yaml.SafeLoader):
    """Reads `1e-6` as the number that it is in YAML 1.2; PyYAML wants `1.0e-6`."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)


class _NotYaml(yaml.YAMLError):
    """A construct that we refuse; carries a line (1-based) and a message that shows no content."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def read_file(file: FilePath, environ: Mapping[str, str], problems: Problems) -> Node:
    """The file as nodes; an empty mapping when it cannot be read, with the reason in `problems`."""
    empty = Node(entries={}, origin=Origin(Layer.FILE, str(file)))
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        problems.add((), empty.origin, f"cannot be read: {reason}")
        return empty
    return read_text(text, str(file), environ, problems)


def read_text(text: str, name: str, environ: Mapping[str, str], problems: Problems) -> Node:
    """YAML text as nodes; `name` is how its places are called."""
    empty = Node(entries={}, origin=Origin(Layer.FILE, name))
    line, fault = 0, ""
    node = empty
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=_Loader)
        node = empty if root is None else _Builder(name, environ, problems).build(root, ())
    except _NotYaml as error:
        line, fault = error.line, error.message
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        fault = f"not YAML: {_reason(error)}"
    except yaml.YAMLError:
        fault = "not YAML: it holds a character that YAML does not allow"
    except RecursionError:  # in PyYAML's own walk, before we see a node
        fault = f"nested deeper than {_MAX_DEPTH} levels"
    if fault:
        problems.add((), Origin(Layer.FILE, name, line), fault)
        return empty
    if node.is_nothing:
        return empty
    if node.entries is None:
        problems.add((), node.origin, "the file must hold a mapping of sections")
        return empty
    return node


def _reason(error: yaml.MarkedYAMLError) -> str:
    """What is wrong, in words that cannot quote the file: an unquoted secret may stand at the very place."""
    if isinstance(error, ComposerError):
        return "an alias (*name) has no anchor (&name); put quotes around a text that begins with *"
    if isinstance(error, ScannerError):
        return "a character or an indentation that cannot stand here (quotes may be missing)"
    return "a key, a dash or a bracket stands where it cannot (check the indentation)"


class _Builder:
    """Turns one composed document into nodes."""

    def __init__(self, name: str, environ: Mapping[str, str], problems: Problems) -> None:
        self._name = name
        self._environ = environ
        self._problems = problems
        self._scalars = yaml.SafeLoader("")
        self._seen: set[int] = set()
        """Identities of the composed nodes that were built; the document keeps them alive."""
        self._values = 0

    def build(self, node: yaml.Node, path: Path) -> Node:
        self._enter(node, path)
        origin = Origin(Layer.FILE, self._name, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return Node(entries=self._mapping(node, path), origin=origin)
        if isinstance(node, yaml.SequenceNode):
            items = [self.build(item, (*path, i)) for i, item in enumerate(node.value)]
            return Node(items=items, origin=origin)
        return self._scalar(node, path, origin)

    def _enter(self, node: yaml.Node, path: Path) -> None:
        """Count a value. What aliases stand for is built anew each time, so that it is they that need the bounds."""
        line: int = node.start_mark.line + 1
        if len(path) > _MAX_DEPTH:
            raise _NotYaml(line, f"nested deeper than {_MAX_DEPTH} levels (an anchor that holds itself?)")
        self._values += 1
        self._seen.add(id(node))
        if self._values > _MAX_VALUES:
            raise _NotYaml(line, f"more than {_MAX_VALUES} values in one file")
        if self._values - len(self._seen) > _MAX_REPEATED:
            raise _NotYaml(line, f"aliases repeat more than {_MAX_REPEATED} values, this one among them")

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Node]:
        built: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for key_node, value_node in node.value:
            line: int = key_node.start_mark.line + 1
            if key_node.tag == "tag:yaml.org,2002:merge":
                for source in value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]:
                    if not isinstance(source, yaml.MappingNode):
                        raise _NotYaml(line, "<< takes a mapping or a list of mappings")
                    self._enter(source, (*path, "<<"))
                    for key, value in self._mapping(source, (*path, "<<")).items():
                        merged.setdefault(key, value)
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise _NotYaml(line, "a key must be a plain word")
            key = str(key_node.value)
            if key in built:
                self._problems.add((*path, key), Origin(Layer.FILE, self._name, line), "the key stands here twice")
            built[key] = self.build(value_node, (*path, key))
            built[key].origin = Origin(Layer.FILE, self._name, line)
        return {**merged, **built}

    def _scalar(self, node: yaml.Node, path: Path, origin: Origin) -> Node:
        raw: str = node.value
        if "${" in raw:
            return self._substitute(raw, path, origin)
        try:
            value: Any = self._scalars.construct_object(node)  # pyright: ignore[reportUnknownMemberType] - PyYAML's stub
        except (yaml.YAMLError, ValueError, OverflowError):
            raise _NotYaml(node.start_mark.line + 1, "a tag or value that is not plain YAML; use quotes") from None
        return Node(scalar=value if isinstance(value, bool | int | float | str | None) else raw, origin=origin)

    def _substitute(self, raw: str, path: Path, origin: Origin) -> Node:
        """The text with all substitutions made; broken when one failed, with the fault noted."""
        pieces: list[str] = []
        failures: list[str] = []

        def one(match: "re.Match[str]") -> str:
            if match[1] is None:
                return "${"
            try:
                pieces.append(self._resolve(match[1]))
            except _Unresolved as error:
                failures.append(str(error))
                return ""
            return pieces[-1]

        text = _SUBSTITUTION.sub(one, raw)
        for failure in failures:
            self._problems.add(path, origin, failure)
        return Node(
            origin=origin, scalar=text, is_text=True, written=raw, pieces=tuple(pieces), is_broken=bool(failures)
        )

    def _resolve(self, inner: str) -> str:
        if inner.startswith("file:"):
            return _read_value(inner.removeprefix("file:"))
        match = _NAME.fullmatch(inner)
        if match is None:
            raise _Unresolved(f"${{{inner}}} is not ${{NAME}}, ${{NAME:-default}} or ${{file:/path}}")
        name, default = match[1], match[2]
        if default is not None:
            # As in a shell, `:-` also replaces a variable that is set to nothing.
            return self._environ.get(name) or default
        if name not in self._environ:
            raise _Unresolved(f"the variable {name} is not set (a default: ${{{name}:-…}})")
        return self._environ[name]


class _Unresolved(Exception):  # noqa: N818 - a condition of one substitution, told as a fault
    """A substitution that cannot be made; its text says why."""


def _read_value(name: str) -> str:
    try:
        return FilePath(name).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise _Unresolved(f"the file {name} cannot be read: {reason}") from None
