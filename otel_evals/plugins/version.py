"""The version of a check: a hash of what decides, so that it changes when the decision can change, and only then.

It covers the code of the check's own modules and of the shared reading of texts, as tokens without comments,
docstrings and layout, and the check's settings. The same code gives the same version on every machine.
"""

import ast
import dataclasses
import hashlib
import inspect
import io
import sys
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from types import ModuleType
from typing import Any, Final, cast

import msgspec

_LENGTH: Final = 12
_LAYOUT: Final = frozenset({
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING,
})  # fmt: skip
_F_STRING: Final = (getattr(tokenize, "FSTRING_START", None), getattr(tokenize, "FSTRING_END", None))
"""What an f-string begins and ends with where Python takes it apart; None before 3.12."""
_SHARED: Final = ("otel_evals.text", "otel_evals.checks")
"""Packages whose modules count when a check imports them, directly or through one another."""


def check_version(check: object) -> str:
    """Version of a configured check: 12 hex digits."""
    cls = type(check)
    digest = hashlib.sha256()
    digest.update(f"{cls.__module__}.{cls.__qualname__}".encode())
    for module in sorted(_modules(sys.modules[cls.__module__]), key=lambda m: m.__name__):
        digest.update(_code(module))
    digest.update(msgspec.json.encode(_settings(check), order="deterministic", enc_hook=repr))
    return digest.hexdigest()[:_LENGTH]


def _settings(check: object) -> dict[str, Any]:
    if not dataclasses.is_dataclass(check):
        return {"": repr(check)}
    fields = (f for f in dataclasses.fields(check) if f.init and f.compare)
    return {f.name: _plain(getattr(check, f.name)) for f in fields}


def _plain(value: Any) -> Any:
    return sorted(cast("frozenset[Any]", value), key=repr) if isinstance(value, frozenset | set) else value


def _modules(module: ModuleType) -> set[ModuleType]:
    """The module and those of the shared rooms that it imports, transitively."""
    found, todo = {module}, [module]
    while todo:
        for name in _imported(todo.pop()):
            other = sys.modules.get(name)
            if other is not None and other not in found and name.startswith(_SHARED):
                found.add(other)
                todo.append(other)
    return found


@lru_cache(maxsize=512)
def _imported(module: ModuleType) -> tuple[str, ...]:
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        return ()
    return tuple(_names(tree))


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@lru_cache(maxsize=512)
def _code(module: ModuleType) -> bytes:
    """The module's tokens without comments, docstrings and layout; its name when the source is not at hand."""
    try:
        source = inspect.getsource(module)
    except (OSError, TypeError):
        return module.__name__.encode()
    tokens: list[str] = []
    fresh = True  # whether a string here would be a statement of its own: a docstring
    for kind, text in _tokens(source):
        if kind in _LAYOUT:
            fresh = fresh or kind in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
            continue
        if not (fresh and kind == tokenize.STRING):
            tokens.append(text)
            fresh = False
    return "\x00".join(tokens).encode()


def _tokens(source: str) -> Iterator[tuple[int, str]]:
    """Kinds and texts of the tokens, an f-string as one: from 3.12 on it is many, and versions must not differ."""
    lines = io.StringIO(source).readlines()
    begins, ends = _F_STRING
    depth, start = 0, (1, 0)
    for token in tokenize.generate_tokens(iter([*lines, ""]).__next__):
        if token.type == begins:
            start = start if depth else token.start
            depth += 1
        elif token.type == ends:
            depth -= 1
            if not depth:
                yield tokenize.STRING, _between(lines, start, token.end)
        elif not depth:
            yield token.type, token.string


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """The text between two places, each a line from 1 and a column from 0."""
    text = "".join(lines[start[0] - 1 : end[0]])
    return text[start[1] : len(text) - len(lines[end[0] - 1]) + end[1]]
