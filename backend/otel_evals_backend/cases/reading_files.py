"""What a labelled file holds: CSV with a header, or JSON objects, one a line, by the names that people give columns.

The rows are read by the function behind `otel-evals judge calibrate`, so that what is imported here can be judged
there. Pure: nothing is kept.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import msgspec

from otel_evals.records.exchange import Exchange
from otel_evals.selftest.labelled import Row, labelled
from otel_evals_backend.cases.neutral import CaseExpected, CaseMessage, CasePassage, CaseProvenance, NeutralCase
from otel_evals_backend.cases.records import Column, Fault

MOST_ROWS: Final = 20_000
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "messages": ("messages",),
    "question": ("question", "input", "prompt", "query", "user_input", "instruction"),
    "instructions": ("instructions", "system", "system_prompt"),
    "answer": ("answer", "output", "response", "actual_output", "completion", "generation"),
    "label": ("label", "human_label", "verdict", "grade", "rating", "correct", "pass", "passed"),
    "documents": (
        "documents",
        "contexts",
        "context",
        "retrieved_contexts",
        "retrieval_context",
        "retrieved",
        "sources",
    ),
    "reference": ("reference", "expected", "expected_output", "ground_truth", "ideal", "target", "reference_answer"),
    "rubric": ("rubric", "metric"),
    "id": ("id", "case_id"),
    "tags": ("tags",),
    "tools": ("tools",),
    "tool_calls": ("tool_calls",),
    "steps": ("steps",),
    "refused": ("refused",),
}
"""What a row is read as, and the names of columns that are taken for it, the first that is there."""
_AS_JSON: Final = ("messages", "tools", "tool_calls", "steps", "tags")
_LABELS: Final = {
    **dict.fromkeys(("pass", "passed", "true", "1", "1.0", "yes", "y", "good", "correct", "ok"), "pass"),
    **dict.fromkeys(("fail", "failed", "false", "0", "0.0", "no", "n", "bad", "incorrect", "wrong"), "fail"),
}
_FORMULA: Final = ("'=", "'+", "'-", "'@", "'\t", "'\r")
_REST: Final = ("tools", "tool_calls", "steps", "refused")


class ReadRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that was understood."""

    line: int
    case: NeutralCase


class ReadFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds."""

    columns: tuple[Column, ...]
    rows: tuple[ReadRow, ...]
    faults: tuple[Fault, ...]


def read_file(text: str, form: str) -> ReadFile:
    """Read a file of the form `csv` or `jsonl`. What cannot be read is a fault with its line."""
    faults: list[Fault] = []
    rows: list[ReadRow] = []
    names: dict[str, None] = {}
    source = _csv(text) if form == "csv" else _jsonl(text)
    for line, found in source:
        if isinstance(found, str):
            faults.append(Fault(line=line, says=found))
            continue
        names |= dict.fromkeys(found)
        if len(rows) >= MOST_ROWS:
            faults.append(Fault(line=line, says=f"more than {MOST_ROWS} rows: divide the file"))
            break
        try:
            rows.append(ReadRow(line=line, case=_case(found, line)))
        except (ValueError, msgspec.ValidationError) as error:
            faults.append(Fault(line=line, says=_said(error)))
    if not rows and not faults:
        faults.append(Fault(line=1, says="the file holds no rows"))
    chosen = _chosen(names)
    read_as = {name: field for field, name in chosen.items()}
    columns = tuple(Column(name=name[:100], read_as=read_as.get(name)) for name in list(names)[:200])
    return ReadFile(columns=columns, rows=tuple(rows), faults=tuple(faults))


def _csv(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    csv.field_size_limit(1 << 22)
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        head = [name.strip() for name in next(reader, list[str]())]
        if len(set(head)) < len(head):
            yield 1, "two columns have the same name"
            return
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, _cells(head, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        yield reader.line_num, f"this is no CSV: {error}"


def _cells(head: list[str], cells: list[str]) -> dict[str, Any] | str:
    if len(cells) > len(head):
        return f"{len(cells)} cells, but the header names {len(head)}"
    # A quote that a spreadsheet was given so that it does not run the cell as a formula is not part of the text.
    plain = (cell[1:] if cell.startswith(_FORMULA) else cell for cell in cells)
    return {name: cell for name, cell in zip(head, plain, strict=False) if cell.strip()}


def _jsonl(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for line, written in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if not written.strip():
            continue
        try:
            found: Any = msgspec.json.decode(written)
        except (msgspec.DecodeError, RecursionError) as error:
            yield line, f"this is no JSON: {error}"
            continue
        yield line, found if isinstance(found, dict) else "this is no JSON object"


def _chosen(names: Mapping[str, Any]) -> dict[str, str]:
    """Field → the column that it is read from."""
    lower: dict[str, str] = {}
    for name in names:
        lower.setdefault(name.strip().lower().replace(" ", "_"), name)
    found = {
        field: lower[name] for field, known in _NAMES.items() if (name := next((k for k in known if k in lower), None))
    }
    if "messages" in found:
        found.pop("question", None)  # the messages hold it
    return found


def _case(found: dict[str, Any], line: int) -> NeutralCase:
    values = {field: found[name] for field, name in _chosen(found).items()}
    turns: Any = values.get("question")
    if isinstance(turns, dict):
        turns = cast("dict[str, Any]", turns).get("messages")
    if isinstance(turns, list):
        values["messages"] = turns
        values.pop("question")
    if isinstance(values.get("reference"), dict):
        values["reference"] = values["reference"].get("text")
    tags: Any = _json(values.pop("tags", None)) or []
    values["label"] = _label(values.get("label"))
    for name in _AS_JSON:
        if name in values:
            values[name] = _json(values[name])
    if isinstance(values.get("documents"), str):
        values["documents"] = _documents(values["documents"])
    row = msgspec.convert({name: value for name, value in values.items() if value is not None}, Row, strict=False)
    exchange = labelled(row, line, None).case.exchange
    return _neutral(row, values, exchange, list(map(str, cast("list[Any]", tags))) if isinstance(tags, list) else [])


def _neutral(row: Row, values: dict[str, Any], exchange: Exchange, tags: list[str]) -> NeutralCase:
    metadata = {name: values[name] for name in _REST if values.get(name) is not None}
    if row.id is not None:
        metadata["imported_id"] = str(row.id)[:100]
    return NeutralCase.model_validate(
        {
            "input": tuple(
                CaseMessage(
                    role=message.role,
                    content=message.text,
                    tool_calls=tuple(msgspec.to_builtins(call) for call in message.tool_calls),
                )
                for message in exchange.messages
            ),
            "answer": "\n".join(choice.message.text for choice in exchange.choices),
            "expected": CaseExpected(text=row.reference or ""),
            "retrieved": tuple(CasePassage(id=one.id or "", text=one.text) for one in exchange.documents),
            "tags": tuple(dict.fromkeys(tags)),
            "metric": row.rubric or "",
            "bucket": row.rubric or "",
            "label": row.label.value,
            "metadata": metadata,
            "provenance": CaseProvenance(),
            "source": "import",
        }
    )


def _label(value: Any) -> str:
    if value is None or value == "":
        raise ValueError("it lacks the label: write pass or fail")
    found = _LABELS.get(str(value).strip().lower())
    if found is None:
        raise ValueError(
            f"the label is {str(value)[:40]!r}; write pass or fail (or true and false, 1 and 0, yes and no)"
        )
    return found


def _json(value: Any) -> Any:
    if not isinstance(value, str) or not value.strip():
        return value or None
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return [part.strip() for part in value.split(",")]


def _documents(text: str) -> list[Any]:
    """Documents of a cell: a JSON array, or the text of one."""
    if text.lstrip().startswith("["):
        try:
            found: Any = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return [text]
        return cast("list[Any]", found) if isinstance(found, list) else [text]
    return [text]


def _said(error: Exception) -> str:
    problems = getattr(error, "errors", None)
    if problems is not None:
        first = problems()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"[:300]
    return str(error)[:300]
