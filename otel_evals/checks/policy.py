"""The rules of the house that runs the application: `policy_<rule>`, one check a configured rule.

A rule is a pattern that must or must not occur, a length, a JSON Schema, a CEL expression, or several of them, on the
calls that it applies to. `policies` makes the checks at start; a rule that cannot work stops the start by name.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from otel_evals.records.decision import RiskBand
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.evaluation import Finding, failed, passed
from otel_evals.text.expressions import compile_cel, holds, needs_content
from otel_evals.text.json_schema import NotJson, SchemaError, parse_json, violation
from otel_evals.text.patterns import Pattern, Target, compile_expression
from otel_evals.text.scan import Scan

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")
_PASSED: Final = passed()
_Count = Annotated[int, Meta(ge=0)]


class PolicyTarget(StrEnum):
    """Which text a pattern of a rule looks at."""

    ANSWER = "answer"
    QUESTION = "question"
    SYSTEM = "system"
    DOCUMENTS = "documents"
    TOOL_RESULTS = "tool_results"


class PolicyScope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The calls that a rule applies to: every filter that is set must match."""

    models: Annotated[
        tuple[str, ...], Meta(description="Response or request models, as they are written. Default: every model.")
    ] = ()
    prompt_names: Annotated[tuple[str, ...], Meta(description="Prompt names. Default: every prompt.")] = ()
    operations: Annotated[
        tuple[str, ...],
        Meta(description="`chat`, `text_completion`, `generate_content`, `invoke_agent`. Default: all."),
    ] = ()
    when: Annotated[
        str | None, Meta(description="CEL expression that must be true for the rule to apply. Default: none.")
    ] = None


class PolicyRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule of the configuration. All of its conditions must hold."""

    name: Annotated[str, Meta(description="snake_case; the evaluation is called `policy_<name>`.")]
    band: Annotated[
        RiskBand | None,
        Meta(description="Risk band of a call that breaks the rule. Default medium: a rule is meant to be seen."),
    ] = RiskBand.MEDIUM
    required: Annotated[str | None, Meta(description="RE2 pattern that must occur in the target. Default: none.")] = (
        None
    )
    forbidden: Annotated[
        str | None, Meta(description="RE2 pattern that must not occur in the target. Default: none.")
    ] = None
    target: Annotated[
        PolicyTarget,
        Meta(
            description="Text that the patterns look at: answer (default), question, system, documents, tool_results."
        ),
    ] = PolicyTarget.ANSWER
    min_characters: Annotated[_Count | None, Meta(description="Least length of the answer. Default: none.")] = None
    max_characters: Annotated[_Count | None, Meta(description="Greatest length of the answer. Default: none.")] = None
    min_words: Annotated[_Count | None, Meta(description="Fewest words of the answer. Default: none.")] = None
    max_words: Annotated[_Count | None, Meta(description="Most words of the answer. Default: none.")] = None
    json_schema: Annotated[
        Mapping[str, Any] | None, Meta(description="JSON Schema that the answer, as JSON, must fit. Default: none.")
    ] = None
    expression: Annotated[
        str | None,
        Meta(description="CEL expression that must be true; see the list of variables. Default: none."),
    ] = None
    applies_to: Annotated[PolicyScope, Meta(description="Calls that the rule applies to. Default: all.")] = (
        PolicyScope()
    )
    message: Annotated[
        str, Meta(description="Sentence that goes out as explanation. Default: one that names the broken condition.")
    ] = ""


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> Any:
    return compile_expression(expression)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One configured rule as a check. Its fields are its settings; what they compile to is memoised beside it."""

    name: str
    band: RiskBand | None
    needs_content: bool
    rule: PolicyRule

    def patterns(self) -> tuple[Pattern, ...]:
        """The rule's patterns on the answer join the shared pass; those on other texts run by themselves."""
        if self.rule.target is not PolicyTarget.ANSWER:
            return ()
        return tuple(Pattern(Target.ANSWER, p) for p in (self.rule.required, self.rule.forbidden) if p is not None)

    def evaluate(self, scan: Scan) -> Finding | None:
        """Fails on the first condition that does not hold; None for calls that the rule does not apply to.

        Raises:
            ExpressionError: a CEL expression cannot be evaluated on this exchange.
            SchemaError: a pattern of the JSON Schema takes too long on this answer.
        """
        if scan.exchange.failed or not self._applies(scan):
            return None
        broken = next(self._broken(scan), None)
        return _PASSED if broken is None else failed(self.rule.message or f"The rule is broken: {broken}.")

    def _applies(self, scan: Scan) -> bool:
        scope, exchange = self.rule.applies_to, scan.exchange
        if scope.models and exchange.response_model not in scope.models and exchange.request_model not in scope.models:
            return False
        if scope.prompt_names and exchange.prompt_name not in scope.prompt_names:
            return False
        if scope.operations and exchange.operation not in scope.operations:
            return False
        return scope.when is None or holds(scope.when, scan)

    def _broken(self, scan: Scan) -> Iterator[str]:
        rule = self.rule
        if rule.required is not None and self._speaks(scan) and not self._occurs(scan, rule.required):
            yield f"the required pattern is not in the {rule.target.value}"
        if rule.forbidden is not None and self._occurs(scan, rule.forbidden):
            yield f"the forbidden pattern is in the {rule.target.value}"
        if _says_something(scan):
            yield from self._lengths(scan)
            if rule.json_schema is not None and (missed := _misses(rule.json_schema, scan)):
                yield missed
        if rule.expression is not None and not holds(rule.expression, scan):
            yield "its expression is false"

    def _speaks(self, scan: Scan) -> bool:
        return self.rule.target is not PolicyTarget.ANSWER or _says_something(scan)

    def _occurs(self, scan: Scan, expression: str) -> bool:
        if self.rule.target is PolicyTarget.ANSWER:
            return scan.matches(Pattern(Target.ANSWER, expression))
        return _compiled(expression).search(getattr(scan, self.rule.target.value)) is not None

    def _lengths(self, scan: Scan) -> Iterator[str]:
        rule = self.rule
        size = len(scan.choice.message.text)
        if not (rule.min_characters or 0) <= size <= (size if rule.max_characters is None else rule.max_characters):
            yield f"the answer has {size} characters"
        if rule.min_words is None and rule.max_words is None:
            return
        count = len(scan.answer_words)
        if not (rule.min_words or 0) <= count <= (count if rule.max_words is None else rule.max_words):
            yield f"the answer has {count} words"


def _says_something(scan: Scan) -> bool:
    """Whether there is an answer to measure: one that only calls tools is none."""
    return bool(scan.answer) or not scan.tool_calls


def _misses(schema: Mapping[str, Any], scan: Scan) -> str | None:
    try:
        value = parse_json(scan.choice.message.text)
    except NotJson:
        return "the answer is not a JSON document"
    missed = violation(schema, value)
    return None if missed is None else f"the JSON of the answer does not fit its schema: {missed}"


def policies(rules: Iterable[PolicyRule]) -> tuple[Policy, ...]:
    """The checks of the configured rules, in order.

    Raises:
        ConfigurationError: a rule has a bad or double name, no condition, or a condition that cannot work; the text
            names the rule.
    """
    made = tuple(_policy(rule) for rule in rules)
    doubles = [name for name, count in Counter(p.name for p in made).items() if count > 1]
    if doubles:
        raise ConfigurationError(f"policy: two rules are called {doubles[0].removeprefix('policy_')!r}")
    return made


def _policy(rule: PolicyRule) -> Policy:
    if not _NAME.fullmatch(rule.name):
        raise ConfigurationError(f"policy: {rule.name!r} is no rule name (write snake_case, such as no_discounts)")
    try:
        reads_text = _compile(rule)
    except (ConfigurationError, SchemaError) as error:
        raise ConfigurationError(f"policy.{rule.name}: {error}") from error
    return Policy(name=f"policy_{rule.name}", band=rule.band, needs_content=reads_text, rule=rule)


def _compile(rule: PolicyRule) -> bool:
    """Compiles every condition once; says whether one of them reads a text of the exchange."""
    patterns = [p for p in (rule.required, rule.forbidden) if p is not None]
    lengths = [n for n in (rule.min_characters, rule.max_characters, rule.min_words, rule.max_words) if n is not None]
    expressions = [e for e in (rule.expression, rule.applies_to.when) if e is not None]
    if not patterns and not lengths and rule.json_schema is None and rule.expression is None:
        raise ConfigurationError("the rule has no condition (required, forbidden, a length, json_schema or expression)")
    for pattern in patterns:
        _compiled(pattern)
    for expression in expressions:
        compile_cel(expression)
    if rule.json_schema is not None:
        violation(rule.json_schema, None)
    return bool(patterns or lengths or rule.json_schema is not None) or any(map(needs_content, expressions))
