"""The contract of a dialect as a suite that anyone who writes one can run in one line.

Life cycle: a test calls `check_dialect(MyDialect())`; it raises AssertionError with the offending span or record.
Needs `hypothesis`, which only tests install.
"""

from collections.abc import Callable
from typing import Any, Final, cast

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from otel_evals.engine.recognition import Recognition
from otel_evals.plugins.protocols import Dialect
from otel_evals.records.reading import Fragment, Reading
from otel_evals.records.span import EventView, LogView, SpanView
from otel_evals.semconv import gen_ai

_EXAMPLES: Final = 100
_PHASES: Final = (Phase.explicit, Phase.generate)
"""Without shrinking: the examples are small as they are, and it costs more than the search."""


_KEYS: Final = (
    gen_ai.OPERATION_NAME, gen_ai.PROVIDER_NAME, gen_ai.SYSTEM, gen_ai.REQUEST_MODEL, gen_ai.RESPONSE_MODEL,
    gen_ai.RESPONSE_ID, gen_ai.FINISH_REASONS, gen_ai.FINISH_REASON, gen_ai.CONVERSATION_ID, gen_ai.INPUT_MESSAGES,
    gen_ai.OUTPUT_MESSAGES, gen_ai.SYSTEM_INSTRUCTIONS, gen_ai.TOOL_DEFINITIONS, gen_ai.OUTPUT_TYPE,
    gen_ai.REQUEST_STREAM, gen_ai.USAGE_INPUT_TOKENS, gen_ai.USAGE_OUTPUT_TOKENS, gen_ai.USAGE_PROMPT_TOKENS,
    gen_ai.RETRIEVAL_DOCUMENTS, gen_ai.PROMPT_NAME, gen_ai.PROMPT_VERSION, gen_ai.ERROR_TYPE, gen_ai.EVENT_NAME,
    gen_ai.SESSION_ID, "content", "message", "finish_reason", "tool_calls", "index", "role", "id", "events",
)  # fmt: skip
"""Standard keys; a dialect's own come from its markers and from what the caller adds."""

_WORDS: Final = (
    "", "chat", "invoke_agent", "execute_tool", "embeddings", "retrieval", "LLM", "user", "assistant", "tool", "stop",
    "gen_ai.user.message", "gen_ai.choice", "openai", "gpt-4o-mini", "openai/gpt-4o", "[]", "{}", "[", '{"', "null",
    '["stop"]', '[{"role":"user","parts":[{"type":"text","content":"hi"}]}]',
    '[{"role":"assistant","parts":[{"type":"tool_call","name":"f","arguments":"{"}],"finish_reason":"stop"}]',
    '[{"role":"user","parts":[{"type":"text","con', '[{"role":1,"parts":{"type":[]}}]', '{"messages":[null,3,"x"]}',
    "\\ud800", "[[[[[[[[", "1e999", "NaN", "__REDACTED__",
)  # fmt: skip
_EVENT_NAMES: Final = (
    *gen_ai.MESSAGE_EVENTS, gen_ai.CHOICE_EVENT, gen_ai.DETAILS_EVENT, "gen_ai.content.prompt",
    "gen_ai.content.completion", "exception", "",
)  # fmt: skip


def _require(kept: bool, broken: str) -> None:  # noqa: FBT001 - reads as a sentence where it is called
    if not kept:
        raise AssertionError(broken)


def check_dialect(dialect: Dialect, *, keys: tuple[str, ...] = (), scopes: tuple[str, ...] = ()) -> None:
    """Assert that `dialect` keeps its contract on any span and log record.

    Args:
        dialect: the instance to try.
        keys: attribute keys that it reads beside the standard ones, so that they are given odd values too.
        scopes: scope names that it detects itself by.

    Raises:
        AssertionError: it has no id or markers, raises on odd content, changes its mind on the same span, or detects
            itself on a span none of whose parts holds one of its markers (or of its signs, where it declares some).
    """
    _require(bool(dialect.id), "a dialect needs an id")
    _require(bool(dialect.markers), "a dialect needs markers: spans without one never reach it")
    _require(all(dialect.markers), "an empty marker would make every span a candidate")
    names = (*_KEYS, *keys, *(m.decode("utf-8", "replace") for m in dialect.markers))
    _run(_spans(names, scopes), lambda span: _check_span(dialect, span))
    _run(_logs(names, scopes), lambda record: _check_log(dialect, record))


def _run(strategy: "st.SearchStrategy[Any]", check: Callable[[Any], None]) -> None:
    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        phases=_PHASES,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(strategy)
    def every(subject: Any) -> None:
        check(subject)

    every()


def _check_span(dialect: Dialect, span: SpanView) -> None:
    known = dialect.detect(span)
    _require(known is dialect.detect(span), "detect must be pure")
    if known:
        written = _written(span)
        _require(any(marker in written for marker in dialect.markers), "detect is true on a span without a marker")
        shown = Recognition((dialect,)).dialects(span)
        _require(bool(shown), "detect is true on a span that bears none of the dialect's signs")
    reading = dialect.read(span)
    _require(_is_a(Reading, reading), "read returns a Reading, on any span")
    _require(reading == dialect.read(span), "read must say the same of the same span")


def _check_log(dialect: Dialect, record: LogView) -> None:
    fragment = dialect.read_log(record)
    _require(fragment is None or _is_a(Fragment, fragment), "read_log returns a Fragment or None")
    _require(fragment == dialect.read_log(record), "read_log must say the same of the same record")


def _is_a(kind: type, value: object) -> bool:
    """`isinstance` on a value whose declared type a guest may not have kept to."""
    return isinstance(value, kind)


def _written(span: SpanView) -> bytes:
    """Every name and text of the span in a row: the bytes that a marker may stand in."""
    parts = [span.name, span.scope_name]
    for table in (span.attributes, *(e.attributes for e in span.events)):
        for key, value in table.items():
            parts += [key, *_texts(value)]
    parts += [e.name for e in span.events]
    return "\n".join(parts).encode("utf-8", "replace")


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for k, v in cast("dict[str, Any]", value).items() for text in (k, *_texts(v))]
    return [text for v in cast("list[Any]", value) for text in _texts(v)] if isinstance(value, list) else []


def _values() -> "st.SearchStrategy[Any]":
    texts = st.sampled_from(_WORDS) | st.text(max_size=20)
    # No NaN: it is unlike itself, which would look like a reader that changes its mind.
    numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
    plain = st.none() | st.booleans() | numbers | st.binary(max_size=5) | texts
    return st.recursive(
        plain,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ("role", "parts", "type", "content", "text", "name", "arguments", "function", "messages")
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    )


def _tables(names: tuple[str, ...]) -> "st.SearchStrategy[dict[str, Any]]":
    key = st.sampled_from(names) | st.builds(
        _indexed,
        st.sampled_from(names),
        st.integers(0, 12),
        st.sampled_from(("role", "content", "message.content", "tool_calls.0.name", "document.content", "x")),
    )
    return st.dictionaries(key, _values(), max_size=8)


def _indexed(name: str, index: int, rest: str) -> str:
    return f"{name}.{index}.{rest}"


def _spans(names: tuple[str, ...], scopes: tuple[str, ...]) -> "st.SearchStrategy[SpanView]":
    events = st.builds(EventView, name=st.sampled_from(_EVENT_NAMES), attributes=_tables(names))
    return st.builds(
        SpanView,
        trace_id=st.just(b"\x01" * 16),
        span_id=st.just(b"\x02" * 8),
        parent_span_id=st.sampled_from((b"", b"\x03" * 8)),
        name=st.sampled_from(("", "chat", "call_llm", "POST")),
        status_code=st.integers(0, 2),
        attributes=_tables(names),
        events=st.lists(events, max_size=3).map(tuple),
        scope_name=st.sampled_from(("", "ai", *scopes)),
    )


def _logs(names: tuple[str, ...], scopes: tuple[str, ...]) -> "st.SearchStrategy[LogView]":
    return st.builds(
        LogView,
        trace_id=st.just(b"\x01" * 16),
        span_id=st.sampled_from((b"", b"\x02" * 8)),
        event_name=st.sampled_from(_EVENT_NAMES),
        body=_values(),
        attributes=_tables(names),
        scope_name=st.sampled_from(("", *scopes)),
    )
