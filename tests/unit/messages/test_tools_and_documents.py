import json
from typing import Any

import pytest

from otel_evals.messages.documents import read_documents
from otel_evals.messages.tools import read_tools
from otel_evals.records.exchange import Document, ToolDefinition

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = ToolDefinition(name="weather", description="Now.", parameters=SCHEMA)


@pytest.mark.parametrize(
    "raw",
    [
        {"type": "function", "name": "weather", "description": "Now.", "parameters": SCHEMA},
        {"type": "function", "function": {"name": "weather", "description": "Now.", "parameters": SCHEMA}},
        {"name": "weather", "description": "Now.", "inputSchema": SCHEMA},
        {"name": "weather", "description": "Now.", "input_schema": json.dumps(SCHEMA)},
        {"name": "weather", "description": "Now.", "parameters_json_schema": SCHEMA},
        {"toolSpec": {"name": "weather", "description": "Now.", "inputSchema": {"json": SCHEMA}}},
    ],
)
def test_a_definition_reads_the_same_in_every_shape(raw: Any):
    assert read_tools([raw]) == (WEATHER,)
    assert read_tools(json.dumps([raw])) == (WEATHER,)
    assert read_tools([json.dumps(raw)]) == (WEATHER,)


def test_definitions_may_be_a_map_by_name():
    assert read_tools({"weather": {"description": "Now.", "parameters": SCHEMA}}) == (WEATHER,)


def test_no_tools_is_not_the_same_as_not_knowing():
    assert read_tools([]) == ()
    assert read_tools(None) is None
    assert read_tools("a sentence") is None


def test_a_missing_schema_stays_missing_and_a_hosted_tool_goes_by_its_type():
    assert read_tools([{"name": "f", "parameters": None}, {"type": "web_search"}, {"description": "?"}, 5]) == (
        ToolDefinition(name="f"),
        ToolDefinition(name="web_search"),
    )


@pytest.mark.parametrize(
    "raw",
    [
        {"id": "d1", "text": "Warranty: 24 months.", "score": 0.5},
        {"id": "d1", "content": "Warranty: 24 months.", "score": 0.5},
        {"metadata": {"doc_id": "d1"}, "page_content": "Warranty: 24 months.", "score": 0.5},
        {"document": {"id": "d1", "content": "Warranty: 24 months."}, "score": 0.5},
    ],
)
def test_a_document_reads_the_same_in_every_shape(raw: Any):
    expected = (Document(id="d1", text="Warranty: 24 months.", score=0.5),)
    assert read_documents([raw]) == expected
    assert read_documents(json.dumps({"documents": [raw]})) == expected


def test_items_without_a_text_are_left_out():
    assert read_documents([{"id": "d1", "score": 1}, "a passage", 4]) == (Document(text="a passage"),)
    assert read_documents("no list") is None
