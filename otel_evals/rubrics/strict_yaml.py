"""Reads the YAML of a rubric: plain values alone, no key twice, nothing that grows beyond what is written.

Called by `load_rubric`. The file is an operator's own, yet a key that silently wins over its double, or an alias that
stands for a million values, is a fault that nobody would find.
"""

from typing import Any, Final

import yaml

_CAP: Final = 256_000
"""Characters of a file: a rubric with many examples has a tenth of it."""
_MAX_DEPTH: Final = 20


class StrictYamlError(ValueError):
    """The text is not YAML that we read. Its message names the line and quotes nothing."""


class _Loader(yaml.CSafeLoader):
    """Refuses a key that stands twice in one mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[str] = set()
        for key, _ in node.value:
            word = str(key.value)
            if word in seen:
                raise StrictYamlError(f"line {_line(key.start_mark)}: a key stands here for the second time")
            seen.add(word)
        return super().construct_mapping(node, deep=deep)


def read_yaml(text: str) -> Any:
    """The value of `text`. Raises StrictYamlError."""
    if len(text) > _CAP:
        raise StrictYamlError(f"longer than {_CAP} characters")
    try:
        _look_over(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except yaml.MarkedYAMLError as error:
        raise StrictYamlError(
            f"line {_line(error.problem_mark)}: not plain YAML (check quotes and indentation)"
        ) from None
    except yaml.YAMLError:
        raise StrictYamlError("not YAML: it holds a character that YAML does not allow") from None
    except UnicodeEncodeError:
        raise StrictYamlError("not text: it holds half a character") from None


def _look_over(text: str) -> None:
    """Refuses aliases and deep nesting before anything is built."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise StrictYamlError(f"line {_line(event.start_mark)}: aliases (*name) are not read here")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise StrictYamlError(f"line {_line(event.start_mark)}: nested deeper than {_MAX_DEPTH} levels")


def _line(mark: Any) -> int:
    """The line (1-based) of a mark, whose class depends on the parser; 1 without one."""
    return mark.line + 1 if mark else 1
