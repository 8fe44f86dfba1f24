"""JSON and JSON Schema for the checks: strict parsing and compiled validators.

`structured_output`, `tool_calls` and `policy` ask here. A schema arrives anew with every span, so validators are kept
in a bounded cache keyed by the schema's content. Nothing is ever fetched: a reference that leaves the schema is an
error.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import jsonschema_rs
import msgspec

from otel_evals.records.errors import OtelEvalsError
from otel_evals.text.foreign_schemas import plain_schema

_CACHED_SCHEMAS: Final = 256
"""Compiled validators kept: an application has tens of schemas, a few services share one process."""
_SCHEMA_BYTES: Final = 256 * 1024
"""Largest schema that is compiled, encoded."""
_BACKTRACK_LIMIT: Final = 20_000
"""Steps of a `pattern` that only the backtracking engine can take (look-around): well under a millisecond."""
_COUNTED_VIOLATIONS: Final = 100
_KNOWN_DIALECTS: Final = ("http://json-schema.org/draft-0", "https://json-schema.org/draft/20")
_OLDER_DRAFTS: Final = ("http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-04/schema#")


class SchemaError(OtelEvalsError):
    """The schema itself cannot be used: not the answer's fault, so the evaluation fails instead of the answer."""


class NotJson(OtelEvalsError):  # noqa: N818 - named for the condition
    """The text is not one JSON document (RFC 8259)."""


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """How a value misses its schema, without a word of the value."""

    keyword: str
    """The JSON Schema keyword that fails first."""
    place: str
    """JSON pointer into the schema, cut to 80 characters."""
    count: int
    """Violations in all, counted up to 100."""

    def __str__(self) -> str:
        """`required at #/required (2 violations)`."""
        more = f" ({self.count} violations)" if self.count > 1 else ""
        return f"{self.keyword} at {self.place}{more}"


def parse_json(text: str) -> Any:
    """The value of a JSON document. Stricter than `json.loads`: no NaN or Infinity; equal keys: the last one counts.

    Raises:
        NotJson: the text is no JSON document, or nests deeper than the interpreter allows.
    """
    try:
        return msgspec.json.decode(text)
    except RecursionError:
        raise NotJson("nested too deeply") from None
    except (msgspec.DecodeError, UnicodeEncodeError):
        return _parse_slowly(text)


def _parse_slowly(text: str) -> Any:
    """A second opinion: the quick parser refuses numbers beyond a double and lone surrogates; the grammar does not."""
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_int=_parse_int)
    except (ValueError, RecursionError):
        raise NotJson("not a JSON document") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _parse_int(digits: str) -> float | int:
    """Python refuses to read integers of thousands of digits; a double is close enough to validate."""
    return int(digits) if len(digits) < 1000 else float(digits)


class Formats(StrEnum):
    """Whether `format` (date, e-mail, uri, …) is asserted."""

    DRAFT = "draft"
    """As the schema's draft has it: up to draft 7 it is, since 2019-09 (and without `$schema`) it is an annotation."""
    ALWAYS = "always"
    NEVER = "never"


def violation(schema: Mapping[str, Any], value: Any, *, formats: Formats = Formats.DRAFT) -> Violation | None:
    """The first way in which `value` misses `schema`; None when it fits.

    Raises:
        SchemaError: the schema is broken, too large, or refers to something outside itself.
    """
    try:
        encoded = msgspec.json.encode(schema)
    except (TypeError, ValueError, RecursionError) as error:
        raise SchemaError(f"the schema is not JSON: {type(error).__name__}") from None
    validator = _compiled(encoded, formats)
    if isinstance(validator, str):
        raise SchemaError(validator)
    if validator.is_valid(value):
        return None
    return _first_violation(validator, value)


def _first_violation(validator: Any, value: Any) -> Violation:
    errors: list[Any] = []
    for error in validator.iter_errors(value):
        errors.append(error)
        if error.kind.name in ("backtrackLimitExceeded", "regexEngineFailure"):
            raise SchemaError("a pattern of the schema takes too long on this value")
        if len(errors) == _COUNTED_VIOLATIONS:
            break
    path = "/".join(str(part) for part in errors[0].schema_path) if errors else ""
    place = f"#/{path}"
    return Violation(
        keyword=errors[0].kind.name if errors else "schema",
        place=place if len(place) <= 80 else f"{place[:79]}…",
        count=len(errors),
    )


@lru_cache(maxsize=_CACHED_SCHEMAS)
def _compiled(encoded: bytes, formats: Formats) -> Any:
    """A validator, or the sentence that says why there is none (kept as well: a broken schema comes again)."""
    if len(encoded) > _SCHEMA_BYTES:
        return f"the schema is larger than {_SCHEMA_BYTES // 1024} KiB"
    schema = plain_schema(msgspec.json.decode(encoded))
    if not str(schema.get("$schema", "")).startswith(_KNOWN_DIALECTS):
        schema.pop("$schema", None)
    validator = _compile(schema, formats)
    if isinstance(validator, str) and "$schema" not in schema:
        # Nobody said which draft it is: what the newest one refuses may be fine in the older ones.
        older = (_compile({**schema, "$schema": draft}, formats) for draft in _OLDER_DRAFTS)
        return next((v for v in older if not isinstance(v, str)), validator)
    return validator


def _compile(schema: dict[str, Any], formats: Formats) -> Any:
    # A linear-time engine first; patterns with look-around only exist for the backtracking one, under a limit.
    engines = (jsonschema_rs.RegexOptions(), jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACK_LIMIT))
    asserted = None if formats is Formats.DRAFT else formats is Formats.ALWAYS
    reason = ""
    for engine in engines:
        try:
            return jsonschema_rs.validator_for(schema, validate_formats=asserted, pattern_options=engine, offline=True)
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            reason = f"the schema cannot be used: {_reason(error)}"
    return reason


def _reason(error: Exception) -> str:
    kind = getattr(getattr(error, "kind", None), "name", type(error).__name__)
    path = "/".join(str(part) for part in getattr(error, "instance_path", ()))
    return f"{kind} at #/{path}"[:120]
