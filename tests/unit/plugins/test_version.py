"""A check's version changes when what it decides can change, and only then."""

import importlib.util
import sys
import tokenize
from dataclasses import dataclass
from pathlib import Path

import pytest

from otel_evals.plugins import version as versions
from otel_evals.plugins.version import check_version

SOURCE = '''"""A module."""
from dataclasses import dataclass

LIMIT = 3


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check."""

    threshold: float = 0.5

    def evaluate(self, scan):
        """Say."""
        # a comment
        return "a word" if scan > LIMIT else None
'''


def load(tmp_path: Path, source: str, **settings):
    versions._code.cache_clear()
    versions._imported.cache_clear()
    path = tmp_path / "versioned_check.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location("versioned_check", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["versioned_check"] = module
    spec.loader.exec_module(module)
    return check_version(module.Check(**settings))


@pytest.fixture(autouse=True)
def _forget_module():
    yield
    sys.modules.pop("versioned_check", None)


@pytest.mark.parametrize(
    "change",
    [
        ("# a comment", "# another comment"),
        ('"""A check."""', '"""A check, explained better."""'),
        ('"""Say."""', '"""Say what."""'),
        ("LIMIT = 3\n\n", "LIMIT = 3\n\n\n\n"),
        ("> LIMIT else", ">  LIMIT  else"),
    ],
)
def test_comments_docstrings_and_layout_do_not_make_a_version(tmp_path, change) -> None:
    assert load(tmp_path, SOURCE) == load(tmp_path, SOURCE.replace(*change))


@pytest.mark.parametrize(
    "change", [("LIMIT = 3", "LIMIT = 4"), ("scan > LIMIT", "scan >= LIMIT"), ('"a word"', '"another word"')]
)
def test_changed_code_makes_a_version(tmp_path, change) -> None:
    assert load(tmp_path, SOURCE) != load(tmp_path, SOURCE.replace(*change))


def test_changed_settings_make_a_version(tmp_path) -> None:
    assert load(tmp_path, SOURCE) != load(tmp_path, SOURCE, threshold=0.6)
    assert load(tmp_path, SOURCE) == load(tmp_path, SOURCE, threshold=0.5)


FORMATTED = SOURCE.replace('"a word"', 'f\'{scan!r:>{LIMIT}} é\' f"""two\n lines"""')
START, MIDDLE, END = 1001, 1002, 1003


def taken_apart(readline, tokens=tokenize.generate_tokens):
    """The tokens of a source with its f-strings in parts, one within another, as from Python 3.12 on."""
    for token in tokens(readline):
        if token.type == tokenize.STRING and token.string.startswith("f"):
            (row, column), end = token.start, token.end
            yield token._replace(type=START, string=token.string[:2], end=(row, column + 2))
            yield token._replace(type=START, start=(row, column + 3), end=(row, column + 4))
            yield token._replace(type=MIDDLE, start=(row, column + 4))
            yield token._replace(type=END, start=end)
            yield token._replace(type=END, start=end)
        else:
            yield token


def test_every_python_makes_the_same_version(tmp_path, monkeypatch) -> None:
    pinned = "aa1db8e00e3e"
    assert load(tmp_path, FORMATTED) == pinned
    if not hasattr(tokenize, "FSTRING_START"):
        monkeypatch.setattr(versions, "_F_STRING", (START, END))
        monkeypatch.setattr(tokenize, "generate_tokens", taken_apart)
        assert load(tmp_path, FORMATTED) == pinned


@dataclass(frozen=True, kw_only=True)
class Sets:
    words: frozenset[str] = frozenset({"b", "a"})


def test_the_order_of_a_set_does_not_make_a_version() -> None:
    assert check_version(Sets()) == check_version(Sets(words=frozenset(["a", "b"])))
