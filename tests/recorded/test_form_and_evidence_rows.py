"""The checks of form and evidence on labelled public rows: how often they fire rightly and wrongly."""

import json
import re

import pytest

from otel_evals.checks.citation_integrity import CitationIntegrity
from otel_evals.checks.repetition import Repetition
from otel_evals.checks.retrieval_support import RetrievalSupport
from otel_evals.checks.structured_output import StructuredOutput
from otel_evals.checks.tool_calls import ToolCalls
from otel_evals.records.evaluation import Label
from otel_evals.records.exchange import Choice, Document, Exchange, Message, ToolCall, ToolDefinition
from otel_evals.text.patterns import PatternPass
from otel_evals.text.scan import Scan

FLOORS = {
    # check: (least F1, greatest false-positive rate)
    StructuredOutput: (0.998, 0.0),
    ToolCalls: (0.98, 0.0),
    CitationIntegrity: (0.98, 0.0),
    Repetition: (0.80, 0.011),
    RetrievalSupport: (0.715, 0.20),
}


def exchange_of(row, documents_in):
    documents = row["documents"] or []
    turns = [(m["role"], m.get("content") or "") for m in row["input"]["messages"]]
    if documents and documents_in != "span":
        labelled = (d if re.match(r"\[\d+\] ", d) else f"[{i}] {d}" for i, d in enumerate(documents, 1))
        context = "Context:\n" + "\n\n".join(labelled)
        if documents_in == "prompt":
            turns[-1] = (turns[-1][0], f"{context}\n\nQuestion: {turns[-1][1]}")
        else:
            turns.insert(0, ("system", context))
    found = [
        Document(text=d, id=m[1] if (m := re.match(r"\[(\d+)\] ", d)) else str(i)) for i, d in enumerate(documents, 1)
    ]
    calls = tuple(ToolCall(name=c["name"], arguments=c["arguments"]) for c in row["tool_calls"] or ())
    tools = tuple(ToolDefinition(name=t["name"], parameters=t["parameters"]) for t in row["tools"] or ())
    answer = Message(role="assistant", text=row["output"] or "", tool_calls=calls)
    return Exchange(
        messages=tuple(Message(role=role, text=text) for role, text in turns),
        choices=(Choice(message=answer, finish_reason="tool_call" if calls else "stop"),),
        tools=tools or None,
        output_type=row.get("output_type"),
        output_schema=row["schema"],
        documents=tuple(found) if documents_in == "span" else (),
    )


@pytest.mark.parametrize("documents_in", ["prompt", "system", "span"])
@pytest.mark.parametrize("kind", FLOORS, ids=lambda kind: kind.name)
def test_a_check_finds_what_people_marked_and_leaves_the_rest_alone(kind, documents_in, check_rows):
    rows = [json.loads(line) for line in (check_rows / f"{kind.name}.jsonl").read_text("utf-8").splitlines()]
    if documents_in != "prompt" and not any(row["documents"] for row in rows):
        pytest.skip("these rows have no documents: where they stand makes no difference")
    check = kind()
    patterns = PatternPass(check.patterns())
    hits = alarms = fails = 0
    for row in rows:
        finding = check.evaluate(Scan(exchange_of(row, documents_in), patterns))
        fired = finding is not None and finding.label is Label.FAIL
        fails += row["label"] == "fail"
        hits += fired and row["label"] == "fail"
        alarms += fired and row["label"] == "pass"
    least, greatest = FLOORS[kind]
    assert 2 * hits / (fails + hits + alarms) >= least
    assert alarms / (len(rows) - fails) <= greatest
