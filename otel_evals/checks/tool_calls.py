"""Fails when the answer calls a tool that was not offered, or with arguments that do not parse or fit their schema.

Only the calls of the answer under test count, never those of the history. Called by the engine for every choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, cast

from msgspec import Meta

from otel_evals.records.decision import RiskBand
from otel_evals.records.evaluation import Finding, failed, passed
from otel_evals.records.exchange import ToolCall, ToolDefinition
from otel_evals.text.json_schema import Formats, NotJson, parse_json, violation
from otel_evals.text.patterns import Pattern
from otel_evals.text.scan import Scan

_PASSED: Final = passed()
_SERVER_SIDE: Final = (
    "web_search", "web_fetch", "file_search", "code_interpreter", "code_execution", "computer", "image_generation",
    "local_shell", "shell", "tool_search",
)  # fmt: skip
"""Families of tools that providers run themselves. Definitions, calls and versions of one family differ in name only:
`web_search`, `web_search_preview`, `web_search_call`."""
_OPEN_SETS: Final = frozenset({"mcp", "mcp_toolset", "mcp_server"})
"""Definitions that stand for a server with tools of its own, whose names nobody knows here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCalls:
    """Whether each tool call could be carried out as the model wrote it. Score = share of the calls that could."""

    name: ClassVar[str] = "tool_calls"
    band: ClassVar[RiskBand | None] = RiskBand.HIGH
    needs_content: ClassVar[bool] = True

    formats: Annotated[
        Formats,
        Meta(
            description="Whether `format` (date, e-mail, uri, …) is asserted: `draft` (default: up to draft 7 it is, "
            "since 2019-09 and without `$schema` it is an annotation), `always` or `never`."
        ),
    ] = Formats.DRAFT

    def patterns(self) -> tuple[Pattern, ...]:
        """None: names and schemas decide."""
        return ()

    def evaluate(self, scan: Scan) -> Finding | None:
        """Looks at every call of the answer; None when there is none, or when a producer cut its arguments.

        Raises:
            SchemaError: the schema of a called tool is broken; the evaluation fails, not the answer.
        """
        calls = scan.tool_calls
        if not calls or scan.exchange.truncated:
            return None
        offered = {tool.name: tool for tool in scan.exchange.tools or ()}
        faults = [fault for number, call in enumerate(calls, 1) if (fault := self._fault(call, number, offered))]
        if not faults:
            return _PASSED
        return failed(_sentence(faults, len(calls)), score=1 - len(faults) / len(calls))

    def _fault(self, call: ToolCall, number: int, offered: Mapping[str, ToolDefinition]) -> str | None:
        tool = offered.get(call.name)
        if offered and tool is None and not _may_be_offered(call.name, offered):
            return f"call {number} names a tool that was not offered"
        arguments = call.arguments
        if isinstance(arguments, str):
            if not (text := arguments.strip()):
                arguments = {}
            else:
                try:
                    arguments = parse_json(text)
                except NotJson:
                    return f"the arguments of call {number} are not a JSON document"
        if arguments is None:
            return None  # the wire carries the call without its arguments
        if not isinstance(arguments, Mapping):
            return f"the arguments of call {number} are not a JSON object"
        if tool is None or tool.parameters is None:
            return None
        missed = violation(tool.parameters, cast("Mapping[str, Any]", arguments), formats=self.formats)
        return None if missed is None else f"the arguments of call {number} do not fit the tool's schema: {missed}"


def _may_be_offered(name: str, offered: Mapping[str, ToolDefinition]) -> bool:
    """Whether a definition that stands for tools of a server, and so has no schema, covers a name of its own."""
    hosted = [tool.name for tool in offered.values() if tool.parameters is None]
    if any(tool in _OPEN_SETS for tool in hosted):
        return True
    family = next((family for family in _SERVER_SIDE if name.startswith(family)), None)
    return family is not None and any(tool.startswith(family) for tool in hosted)


def _sentence(faults: list[str], calls: int) -> str:
    more = f"; {len(faults)} of {calls} calls are at fault" if len(faults) > 1 else ""
    return f"{faults[0][0].upper()}{faults[0][1:]}{more}."
