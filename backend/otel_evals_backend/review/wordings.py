"""What the configuration says of its own metrics: rubrics in files, and rules. Read once, when the backend starts.

The processor judges by the same files; a backend that is started alone reads them from the configuration that it is
given. Called by `cli`.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from otel_evals.records.errors import ConfigurationError
from otel_evals.rubrics.rubric import Rubric, builtin_rubrics, load_rubric
from otel_evals_backend.records import Wording
from otel_evals_backend.review.questions import POLICY, wording_of


def wordings(config: Any) -> Mapping[str, Wording]:
    """How people are asked about the metrics that `config`, a whole configuration, brings.

    Raises:
        ConfigurationError: the file of a rubric cannot be read, or is none.
    """
    rules = {f"{POLICY}{rule.name}": _of_rule(rule) for rule in config.policy}
    return rules | {rubric.name: wording_of(rubric, _ask(rubric)) for rubric in _rubrics(config.judge.judges)}


def _rubrics(judges: Iterable[Any]) -> Iterator[Rubric]:
    for path in sorted({judge.rubric_file for judge in judges if judge.rubric_file is not None}):
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"judge.judges: the rubric {path} cannot be read: {error}") from error
        rubric = load_rubric(text, path)
        if rubric != builtin_rubrics().get(rubric.name):
            yield rubric


def _ask(rubric: Rubric) -> str:
    title = rubric.title.strip()
    return title if title.endswith("?") else f"Does the answer pass “{title}”?"


def _of_rule(rule: Any) -> Wording:
    """A rule's question; what it looks for is the guide, since that is what the rule decides by."""
    where = rule.target.value.replace("_", " ")
    says = {
        "must occur in the {where}: {value}": rule.required,
        "must not occur in the {where}: {value}": rule.forbidden,
        "at least {value} characters": rule.min_characters,
        "at most {value} characters": rule.max_characters,
        "at least {value} words": rule.min_words,
        "at most {value} words": rule.max_words,
        "must be true: {value}": rule.expression,
        "the answer must be JSON of the configured schema": rule.json_schema,
    }
    lines = [line.format(where=where, value=value) for line, value in says.items() if value is not None]
    message = [f"When it fails, it says: {rule.message}"] if rule.message else []
    return Wording(
        ask=f"Does the answer keep the rule “{rule.name.replace('_', ' ')}”?", guide="\n".join([*message, *lines])
    )
