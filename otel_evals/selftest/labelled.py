"""Reads what people labelled: JSON objects, one a line, in the words of `POST /v1/decide` with a label.

    {"question": "How long can I return it?", "documents": ["Within 30 days."], "answer": "60 days.", "label": "fail"}

`label` is `pass` or `fail`: what a person says of the property that the judge decides. The question is `question`
(with `instructions`, if any), `messages` (turns with `role` and `content`, as chat APIs have them) or
`input.messages`; the answer is `answer` or `output`. All else may be left out: `documents` (texts, or objects with
`text` and `id`), `tools`, `tool_calls`, `steps` of an agent's run (`kind`, `name`, `input`, `output`, `failed`),
`reference`, `refused` (by default what the inline check says), `rubric` (then only judges of that name are asked), `id`
(by default the number of the line). Further keys are ignored.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from otel_evals.engine.evaluation import Evaluator
from otel_evals.engine.question import AskedMessage, Question, exchange_of
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Exchange
from otel_evals.records.judging import JudgeCase, Step

_TOLD = 5
"""Faults that are told before the rest is only counted."""
_ANSWERED = "answered"


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """One case and what a person says of it."""

    id: str
    line: int
    label: Label
    case: JudgeCase
    rubric: str | None = None
    """The only rubric that the label is about; None: whatever is calibrated."""


class _Input(msgspec.Struct, kw_only=True):
    messages: list[AskedMessage] | None = None


class _Step(msgspec.Struct, kw_only=True):
    kind: Literal["model", "tool", "retrieval", "agent"]
    name: str
    input: str = ""
    output: str = ""
    failed: bool = False


class Row(msgspec.Struct, kw_only=True):
    """One line of the file."""

    label: Label
    id: str | int | None = None
    rubric: str | None = None
    question: str | None = None
    instructions: str | None = None
    messages: list[AskedMessage] | None = None
    input: _Input | None = None
    answer: str | None = None
    output: str | None = None
    documents: list[str | dict[str, Any]] | None = None
    tools: list[Any] | None = None
    tool_calls: list[dict[str, Any]] | None = None
    steps: list[_Step] = []
    reference: str | None = None
    refused: bool | None = None


def read_labelled(file: Path, evaluator: Evaluator | None) -> list[Labelled]:
    """The cases of `file`, in order.

    Args:
        file: UTF-8, one JSON object a line; empty lines are skipped.
        evaluator: the inline checks, which say whether an answer refuses.

    Raises:
        ConfigurationError: it cannot be read, is empty, or holds a line that is no labelled case; the text names lines.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: cannot be read: {error}") from error
    found: list[Labelled] = []
    faults: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append(labelled(msgspec.json.decode(line, type=Row), number, evaluator))
        except (msgspec.DecodeError, ValueError) as error:
            faults.append(f"{file}:{number}: {error}")
    if faults:
        raise ConfigurationError("\n".join(_shortened(faults)))
    if not found:
        raise ConfigurationError(f"{file}: holds no labelled case")
    return found


def labelled(row: Row, line: int, evaluator: Evaluator | None) -> Labelled:
    """The case of one row. Raises ValueError when it lacks a question or an answer."""
    answer = row.answer if row.answer is not None else row.output
    if answer is None and not row.tool_calls:
        raise ValueError("it lacks the answer: write `answer` (or `output`), or `tool_calls`")
    question = Question(
        messages=list(_messages(row)),
        output=answer or "",
        documents=row.documents,
        tools=row.tools,
        tool_calls=row.tool_calls,
    )
    exchange = exchange_of(question)
    case = JudgeCase(
        exchange=exchange,
        steps=tuple(Step(**msgspec.structs.asdict(step)) for step in row.steps),
        refused=_refuses(exchange, evaluator) if row.refused is None else row.refused,
        reference=row.reference,
    )
    name = str(line if row.id is None else row.id)
    return Labelled(id=name, line=line, label=row.label, case=case, rubric=row.rubric)


def _messages(row: Row) -> Iterator[AskedMessage]:
    """The turns before the answer: all that are given, the question as the last of the user's."""
    if row.instructions:
        yield AskedMessage(role="system", content=row.instructions)
    given = row.messages or (row.input.messages if row.input is not None else None)
    if not given and row.question is None:
        raise ValueError("it lacks the question: write `question`, `messages` or `input.messages`")
    yield from given or ()
    if row.question is not None:
        yield AskedMessage(role="user", content=row.question)


def _refuses(exchange: Exchange, evaluator: Evaluator | None) -> bool:
    if evaluator is None:
        return False
    results = evaluator.evaluate(exchange).results
    return any(result.name == _ANSWERED and result.label is Label.FAIL for result in results)


def _shortened(faults: Sequence[str]) -> list[str]:
    more = len(faults) - _TOLD
    return [*faults[:_TOLD], *([f"and {more} lines more"] if more > 0 else [])]
