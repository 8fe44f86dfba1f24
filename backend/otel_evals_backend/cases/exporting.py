"""Cases as files: JSON Lines, JSON, CSV, and the labelled rows that `otel-evals judge calibrate` reads.

A file is a pure function of the cases: keys sorted, cases in the order of their ids, the same bytes twice.
"""

import json
from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals.forward.redaction import redact
from otel_evals_backend.cases.neutral import NeutralCase, canonical
from otel_evals_backend.cases.queries import Wanted, conditions
from otel_evals_backend.cases.store import Books
from otel_evals_backend.context import Context
from otel_evals_backend.storage.tables import cases

_CHUNK: Final = 500
COLUMNS: Final = (
    "id", "version", "dataset", "question", "messages", "answer", "label", "metric", "behaviour", "expected", "facts",
    "forbidden", "citations", "tools", "documents", "tags", "bucket", "risk_tier", "source", "trace_id", "span_id",
    "response_id", "model", "prompt_name", "prompt_version", "decided_at", "redaction",
)  # fmt: skip


class Form(StrEnum):
    """How a file is written."""

    JSONL = "jsonl"
    JSON = "json"
    CSV = "csv"
    CALIBRATION = "calibration"


class Redaction(StrEnum):
    """What is done to texts on their way out."""

    KEPT = "kept"
    REDACTED = "redacted"


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """One case of a file."""

    id: str
    version: int
    dataset: str
    case: NeutralCase
    redaction: str
    """What was done to texts, when they were kept and now: full or redacted."""

    def neutral(self) -> dict[str, Any]:
        """As an object; keys are sorted when it is written."""
        found: dict[str, Any] = self.case.model_dump(mode="json")
        found |= {"id": self.id, "version": self.version, "dataset": self.dataset}
        found["provenance"] |= {"redaction_policy": self.redaction}
        return found


async def exported(
    context: Context, connection: AsyncConnection, wanted: Wanted, redaction: Redaction
) -> AsyncIterator[Exported]:
    """The cases that are asked for, by id. What cannot be decrypted is left out."""
    books = Books(context)
    last = ""
    while True:
        statement = select(cases).where(*conditions(wanted), cases.c.id > last).order_by(cases.c.id).limit(_CHUNK)
        rows = (await connection.execute(statement)).all()
        for row in rows:
            case = books.case(row)
            if case is None:
                continue
            policy = case.provenance.redaction_policy
            if redaction is Redaction.REDACTED:
                case, policy = redacted(case), "redacted"
            yield Exported(id=row.id, version=row.version, dataset=row.dataset, case=case, redaction=policy)
        if len(rows) < _CHUNK:
            return
        last = rows[-1].id


def redacted(case: NeutralCase) -> NeutralCase:
    """Without personal data and credentials in what was said; where it comes from stays."""
    plain = case.model_dump(mode="json")
    provenance = plain.pop("provenance")
    clean: dict[str, Any] = json.loads(redact(canonical(plain)))
    return NeutralCase.model_validate(clean | {"provenance": provenance})


def json_line(one: Exported) -> str:
    """A case as a line of JSON."""
    return canonical(one.neutral())


def csv_row(one: Exported) -> tuple[object, ...]:
    """A case as a row; lists as JSON."""
    case, expected, origin = one.case, one.case.expected, one.case.provenance
    turns = [message.model_dump(mode="json") for message in case.input]
    return (
        one.id, one.version, one.dataset, case.question, canonical(turns), case.answer, case.label, case.metric,
        expected.behaviour, expected.text, _list(expected.facts), _list(expected.forbidden),
        _list(expected.citations), _list(expected.tools),
        canonical([passage.model_dump() for passage in case.retrieved]), _list(case.tags), case.bucket,
        case.risk_tier, case.source, origin.trace_id, origin.span_id, origin.response_id, origin.model,
        origin.prompt_name, origin.prompt_version, origin.decided_at, one.redaction,
    )  # fmt: skip


def calibration_line(one: Exported) -> str | None:
    """A labelled answer as `judge calibrate` reads it; None when nobody labelled the answer."""
    case = one.case
    if case.label is None or not (case.answer or case.metadata.get("tool_calls")):
        return None
    row: dict[str, Any] = {
        "id": one.id,
        "label": case.label,
        "messages": [{"role": turn.role, "content": turn.content} for turn in case.input],
        "answer": case.answer,
        "documents": [{"id": passage.id, "text": passage.text} for passage in case.retrieved] or None,
        "reference": case.expected.text or None,
        "rubric": case.metric or None,
        **{name: case.metadata.get(name) for name in ("tools", "tool_calls", "steps", "refused")},
    }
    return canonical({name: value for name, value in row.items() if value is not None})


def _list(values: Sequence[str]) -> str:
    return canonical(list(values)) if values else ""
