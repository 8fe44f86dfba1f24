"""Fails when JSON was asked for and the answer does not parse, or does not fit its JSON Schema.

The schema comes from the span (response format) or from the configuration, by prompt name. Called by the engine for
every choice; it applies only where JSON was asked for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta

from otel_evals.records.decision import RiskBand
from otel_evals.records.evaluation import Finding, failed, passed
from otel_evals.text.foreign_schemas import unwrap_response_format
from otel_evals.text.json_schema import Formats, NotJson, parse_json, violation
from otel_evals.text.patterns import Pattern
from otel_evals.text.scan import Scan

_FENCE: Final = re.compile(r"\s*```[A-Za-z0-9]*[ \t]*\r?\n(.*?)\r?\n?```\s*", re.DOTALL)
_PASSED: Final = passed()
_CUT: Final = failed("JSON was asked for, but the answer is not a JSON document (it was cut off).")
_UNPARSEABLE: Final = failed("JSON was asked for, but the answer is not a JSON document.")
_FENCED: Final = failed("JSON was asked for, but the answer wraps it in a code fence.")


def _no_schemas() -> Mapping[str, Mapping[str, Any]]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class StructuredOutput:
    """Whether an answer that should be JSON is JSON, of the asked form."""

    name: ClassVar[str] = "structured_output"
    band: ClassVar[RiskBand | None] = RiskBand.HIGH
    needs_content: ClassVar[bool] = True

    allow_fences: Annotated[
        bool,
        Meta(
            description="Accept one JSON document inside a Markdown code fence. Default false: a parser of JSON would "
            "stumble over the fence; set it to true where the application strips fences itself."
        ),
    ] = False
    formats: Annotated[
        Formats,
        Meta(
            description="Whether `format` (date, e-mail, uri, …) is asserted: `draft` (default: up to draft 7 it is, "
            "since 2019-09 and without `$schema` it is an annotation), `always` or `never`."
        ),
    ] = Formats.DRAFT
    schemas: Annotated[
        Mapping[str, Mapping[str, Any]],
        Meta(
            description="JSON Schema by prompt name, for applications whose telemetry carries none. Default: empty; "
            "a schema on the span wins."
        ),
    ] = field(default_factory=_no_schemas)

    def patterns(self) -> tuple[Pattern, ...]:
        """None: a parser decides."""
        return ()

    def evaluate(self, scan: Scan) -> Finding | None:
        """Parses and validates; None when JSON was not asked for, only tools were called, or a producer cut the text.

        Raises:
            SchemaError: the schema is broken; the evaluation fails, not the answer.
        """
        exchange = scan.exchange
        schema = exchange.output_schema
        if schema is None and self.schemas and exchange.prompt_name is not None:
            schema = self.schemas.get(exchange.prompt_name)
        if schema is None and exchange.output_type != "json":
            return None
        text = scan.choice.message.text
        if exchange.failed or exchange.truncated or (scan.tool_calls and not text.strip()):
            return None
        fence = _FENCE.fullmatch(text) if text.lstrip().startswith("```") else None
        try:
            value = parse_json(fence[1] if fence and self.allow_fences else text)
        except NotJson:
            return _CUT if scan.choice.finish_reason == "length" else _FENCED if fence else _UNPARSEABLE
        if schema is None:
            return _PASSED
        missed = violation(unwrap_response_format(schema), value, formats=self.formats)
        return _PASSED if missed is None else failed(f"The JSON of the answer does not fit its schema: {missed}.")
