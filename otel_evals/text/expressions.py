"""CEL expressions over an exchange: compiled once, checked at start, bounded in time.

`policy` rules use them as condition and as filter. CEL has no loops but comprehension macros (`all`, `exists`,
`map`, …); a few nested ones over long lists would take seconds, so their nesting, the length of lists and
of the expression are capped. `matches` runs a linear-time engine.
"""

import difflib
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from otel_evals.records.errors import ConfigurationError, OtelEvalsError
from otel_evals.text.scan import Scan

if TYPE_CHECKING:  # see `compile_cel`
    import cel

_EXPRESSION_CAP: Final = 2000
"""Characters of one expression."""
_NESTING_CAP: Final = 2
"""Macros within macros: two over 100 items each are 10 000 steps, some milliseconds; three would be a second."""
_LIST_CAP: Final = 100
"""Items of a list variable; the rest is cut."""
_MACRO: Final = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")
_TOKEN: Final = re.compile(
    r"\"\"\".*?\"\"\"|'''.*?'''|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
    r"|(?P<macro>\.\s*(?:all|exists|exists_one|map|filter)\s*\()|(?P<open>\()|(?P<close>\))",
    re.DOTALL,
)

CONTENT_VARIABLES: Final = frozenset({"answer", "question", "system", "documents", "tool_calls", "tool_results"})
"""Variables that are empty unless the application captures content."""
VARIABLES: Final = {
    "answer": "text of the answer",
    "question": "the user's last turn, without the context wrapped around it",
    "system": "system instructions",
    "documents": "list of {id, text}: the passages of context, at most 100",
    "tool_calls": "list of {name, arguments}: the calls of the answer, at most 100",
    "tool_results": "what tools returned, one text",
    "tools": "names of the tools that were offered, at most 100",
    "finish_reason": "stop, length, tool_call, content_filter, error, or empty when unknown",
    "model": "response model, else request model, or empty",
    "provider": "provider, or empty",
    "operation": "chat, text_completion, generate_content, invoke_agent",
    "prompt_name": "prompt name, or empty",
    "prompt_version": "prompt version, or empty",
    "input_tokens": "input tokens, -1 when unknown",
    "output_tokens": "output tokens, -1 when unknown",
    "failed": "whether the call itself failed",
}
"""Every variable of an expression, with what it holds."""


class ExpressionError(OtelEvalsError):
    """An expression could not be evaluated on this exchange, or its result is not a boolean."""


@lru_cache(maxsize=1024)
def compile_cel(expression: str) -> "cel.Program":
    """The compiled expression.

    Raises:
        ConfigurationError: it does not parse, knows no such variable, or could run for long.
    """
    import cel  # noqa: PLC0415 - it loads a terminal toolkit with it: half of our start, for who has no expression

    if len(expression) > _EXPRESSION_CAP:
        raise ConfigurationError(f"CEL expression is longer than {_EXPRESSION_CAP} characters")
    try:
        program = cel.compile(expression)
    except ValueError as error:
        raise ConfigurationError(f"CEL expression {expression!r} does not parse: {error}") from None
    bound = set(_MACRO.findall(expression))
    for name in program.variables():
        if name not in VARIABLES and name not in bound:
            near = difflib.get_close_matches(name, VARIABLES, 1)
            hint = f", did you mean {near[0]!r}?" if near else f" (known: {', '.join(VARIABLES)})"
            raise ConfigurationError(f"CEL expression {expression!r} uses the unknown variable {name!r}{hint}")
    if _nesting(expression) > _NESTING_CAP:
        raise ConfigurationError(
            f"CEL expression {expression!r} nests more than {_NESTING_CAP} comprehensions: it could run for long"
        )
    return program


def _nesting(expression: str) -> int:
    """How deep comprehension macros stand within each other's parentheses."""
    deepest = 0
    stack: list[bool] = []
    for token in _TOKEN.finditer(expression):
        if token["macro"] or token["open"]:
            stack.append(bool(token["macro"]))
            deepest = max(deepest, sum(stack))
        elif token["close"] and stack:
            stack.pop()
    return deepest


def needs_content(expression: str) -> bool:
    """Whether an expression reads a text of the exchange."""
    return not CONTENT_VARIABLES.isdisjoint(compile_cel(expression).variables())


def holds(expression: str, scan: Scan) -> bool:
    """The value of a boolean expression on one choice of an exchange.

    Raises:
        ExpressionError: evaluation failed (a key that is not there, mixed types), or the result is no boolean.
    """
    program = compile_cel(expression)
    used = set(program.variables())
    try:
        value = program.execute({name: _VALUES[name](scan) for name in used if name in _VALUES})
    except (RuntimeError, TypeError, ValueError, LookupError, ArithmeticError) as error:
        # The library's message may quote values, so only its kind is passed on.
        raise ExpressionError(f"the expression could not be evaluated: {type(error).__name__}") from None
    if not isinstance(value, bool):
        raise ExpressionError(f"the expression gives {type(value).__name__}, not bool")
    return value


def _documents(scan: Scan) -> list[dict[str, str]]:
    return [{"id": p.id or "", "text": p.text} for p in scan.context.passages[:_LIST_CAP]]


def _tool_calls(scan: Scan) -> list[dict[str, Any]]:
    return [{"name": c.name, "arguments": c.arguments} for c in scan.tool_calls[:_LIST_CAP]]


def _model(scan: Scan) -> str:
    return scan.exchange.response_model or scan.exchange.request_model or ""


def _tokens(count: int | None) -> int:
    return -1 if count is None else count


_VALUES: Final[dict[str, Callable[[Scan], Any]]] = {
    "answer": lambda scan: scan.answer,
    "question": lambda scan: scan.context.question,
    "system": lambda scan: scan.system,
    "documents": _documents,
    "tool_calls": _tool_calls,
    "tool_results": lambda scan: scan.tool_results,
    "tools": lambda scan: [tool.name for tool in (scan.exchange.tools or ())[:_LIST_CAP]],
    "finish_reason": lambda scan: scan.choice.finish_reason or "",
    "model": _model,
    "provider": lambda scan: scan.exchange.provider or "",
    "operation": lambda scan: scan.exchange.operation,
    "prompt_name": lambda scan: scan.exchange.prompt_name or "",
    "prompt_version": lambda scan: scan.exchange.prompt_version or "",
    "input_tokens": lambda scan: _tokens(scan.exchange.usage.input_tokens),
    "output_tokens": lambda scan: _tokens(scan.exchange.usage.output_tokens),
    "failed": lambda scan: scan.exchange.failed,
}
"""How each variable is read; only the ones that an expression names are."""
