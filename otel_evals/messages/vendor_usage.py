"""Token usage in the words of the vendors' own APIs, as `Usage`.

Input counts cached tokens, as the conventions have it: what a vendor counts apart (Anthropic, Bedrock, Langfuse's own
keys) is added up. Called by the vendor response reader and by dialects with a usage object of their own.
"""

from typing import Any, Final

from otel_evals.messages.jsons import decoded
from otel_evals.messages.normal import tokens
from otel_evals.messages.shapes import fields_of, present
from otel_evals.records.exchange import Usage

_INPUT: Final = (
    "prompt_tokens",
    "input_tokens",
    "promptTokens",
    "inputTokens",
    "prompt_token_count",
    "promptTokenCount",
)
_OUTPUT: Final = (
    "completion_tokens", "output_tokens", "completionTokens", "outputTokens", "candidates_token_count",
    "candidatesTokenCount", "output",
)  # fmt: skip
_TOTAL: Final = ("total_tokens", "totalTokens", "total_token_count", "totalTokenCount")
_READ: Final = ("cache_read_input_tokens", "cacheReadInputTokens", "input_cached_tokens", "input_cache_read")
_WRITE: Final = ("cache_creation_input_tokens", "cacheWriteInputTokens", "input_cache_creation")
_INCLUDED: Final = ("cached_content_token_count", "cachedContentTokenCount", "cachedInputTokens")
_DETAILS: Final = ("prompt_tokens_details", "input_tokens_details", "input_token_details", "inputTokenDetails")
_OUT_DETAILS: Final = (
    "completion_tokens_details",
    "output_tokens_details",
    "output_token_details",
    "outputTokenDetails",
)
_DETAIL_READ: Final = ("cached_tokens", "cache_read", "cacheReadTokens")
_DETAIL_REASONING: Final = ("reasoning_tokens", "reasoning", "reasoningTokens")
_THOUGHTS: Final = ("thoughts_token_count", "thoughtsTokenCount")


def read_usage(value: Any) -> Usage | None:
    """The usage object of a response; None when there are no counts in it."""
    fields = fields_of(decoded(value))
    if not fields:
        return None
    spent, made = _count(fields, _INPUT), _count(fields, _OUTPUT)
    cached = _count(fields_of(present(fields, *_DETAILS)), _DETAIL_READ)
    if cached is None:
        cached = _count(fields, _INCLUDED)
    if spent is None and (spent := tokens(fields.get("input"))) is not None:
        # Langfuse's own keys: `input` and every `input_…` exclude each other.
        spent += sum(tokens(count) or 0 for key, count in fields.items() if key.startswith("input_"))
        cached = _count(fields, _READ)
    elif cached is None:
        cached = _count(fields, _READ)
        apart = (cached or 0) + (_count(fields, _WRITE) or 0)
        total = _count(fields, _TOTAL)
        if spent is not None and apart and (total is None or total != spent + (made or 0)):
            spent += apart
    thoughts = _count(fields, _THOUGHTS)
    if made is not None and thoughts:
        made += thoughts
    reasoning = _count(fields_of(present(fields, *_OUT_DETAILS)), _DETAIL_REASONING)
    if spent is None and made is None:
        return None
    return Usage(
        input_tokens=spent, output_tokens=made, cache_read_tokens=cached,
        reasoning_tokens=thoughts if reasoning is None else reasoning,
    )  # fmt: skip


def _count(fields: dict[str, Any], keys: tuple[str, ...]) -> int | None:
    for key in keys:
        if (count := tokens(fields.get(key))) is not None:
            return count
    return None
