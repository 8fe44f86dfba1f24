"""One spelling for what producers spell in many ways: providers, models, operations, finish reasons, numbers.

Normal values go into metrics, routing and checks; what the application wrote stays on its span. Every function takes
whatever stood in an attribute and gives None for what it does not know. Called by every dialect.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, cast

from otel_evals.messages.jsons import structure

_REMEMBERED: Final = 1024
"""Names whose normal form is kept: an application uses a handful, but senders choose them."""
_NO_MODEL: Final = (None, None)
TOKEN_CAP: Final = 1_000_000_000
"""Token counts above this are a producer's mistake, not a count."""

_PROVIDERS: Final[Mapping[str, str]] = {
    "openai.chat": "openai", "openai.responses": "openai", "openai.embedding": "openai", "openai.completion": "openai",
    "openai_chat": "openai", "openai-responses": "openai", "openai-chat": "openai", "text-completion-openai": "openai",
    "gemini": "gcp.gemini", "google-gla": "gcp.gemini", "google.generative-ai": "gcp.gemini",
    "google_ai_studio": "gcp.gemini",
    "google": "gcp.gen_ai", "google_genai": "gcp.gen_ai", "google-genai": "gcp.gen_ai",
    "vertex_ai": "gcp.vertex_ai", "vertexai": "gcp.vertex_ai", "google-vertex": "gcp.vertex_ai",
    "google_vertexai": "gcp.vertex_ai", "google.vertex": "gcp.vertex_ai", "vertex_ai_beta": "gcp.vertex_ai",
    "az.ai.openai": "azure.ai.openai", "azure": "azure.ai.openai", "azure_openai": "azure.ai.openai",
    "azure-openai": "azure.ai.openai", "azure.openai": "azure.ai.openai", "azureopenai": "azure.ai.openai",
    "azure-openai.chat": "azure.ai.openai", "azure-openai.responses": "azure.ai.openai",
    "az.ai.inference": "azure.ai.inference", "azure_ai": "azure.ai.inference",
    "aws": "aws.bedrock", "bedrock": "aws.bedrock", "amazon_bedrock": "aws.bedrock", "amazon-bedrock": "aws.bedrock",
    "aws_bedrock": "aws.bedrock", "bedrock_converse": "aws.bedrock",
    "mistralai": "mistral_ai", "mistral": "mistral_ai", "mistral.chat": "mistral_ai",
    "xai": "x_ai", "xai.chat": "x_ai", "grok": "x_ai",
    "moonshot": "moonshot_ai", "moonshotai": "moonshot_ai", "watsonx": "ibm.watsonx.ai",
    "anthropic.messages": "anthropic", "cohere_chat": "cohere", "fireworks_ai": "fireworks",
    "together": "together_ai", "togetherai": "together_ai", "perplexity_ai": "perplexity", "groq.chat": "groq",
}  # fmt: skip

_FRAMEWORKS: Final = frozenset({
    "strands-agents", "langchain", "langgraph", "crewai", "microsoft.agent_framework", "agent_framework", "litellm",
    "traceloop", "gcp.vertex.agent", "semantic_kernel", "llamaindex", "llama_index", "haystack", "autogen", "dspy",
    "pydantic-ai", "pydantic_ai", "openai_agents", "smolagents", "agno", "spring_ai", "langchain4j", "_other",
    "unknown", "none", "custom", "litellm_proxy",
})  # fmt: skip
"""Words in the provider's place that name a framework, or nobody."""

_PREFIXES: Final = frozenset({
    "openai", "anthropic", "cohere", "groq", "deepseek", "perplexity", "ollama", "ollama_chat", "huggingface",
    "openrouter", "cerebras", "sambanova", "nvidia_nim", "replicate", "databricks", "cloudflare", "hosted_vllm",
    "sagemaker", "x_ai", "azure_ai", "litellm_proxy", *(p for pair in _PROVIDERS.items() for p in pair if "." not in p),
})  # fmt: skip
"""First path segments of a model name that name the provider; others, such as `meta-llama/`, belong to the model."""

_MODEL_FAMILIES: Final = (
    ("gpt-oss", None), ("gpt-", "openai"), ("o1", "openai"), ("o3", "openai"), ("o4", "openai"),
    ("chatgpt-", "openai"), ("text-embedding-3", "openai"), ("text-embedding-ada", "openai"),
    ("claude-", "anthropic"), ("gemini-", "gcp.gemini"), ("mistral-", "mistral_ai"), ("codestral", "mistral_ai"),
    ("command-", "cohere"), ("deepseek-", "deepseek"), ("grok-", "x_ai"), ("sonar", "perplexity"),
    ("amazon.nova", "aws.bedrock"), ("anthropic.claude", "aws.bedrock"), ("us.anthropic.claude", "aws.bedrock"),
    ("eu.anthropic.claude", "aws.bedrock"), ("us.amazon.nova", "aws.bedrock"), ("amazon.titan", "aws.bedrock"),
)  # fmt: skip

_HOSTS: Final = (
    ("openai.azure.com", "azure.ai.openai"), ("api.openai.com", "openai"), ("api.anthropic.com", "anthropic"),
    ("generativelanguage.googleapis.com", "gcp.gemini"), ("aiplatform.googleapis.com", "gcp.vertex_ai"),
    ("api.mistral.ai", "mistral_ai"), ("api.groq.com", "groq"), ("api.deepseek.com", "deepseek"),
    ("api.cohere.com", "cohere"), ("api.cohere.ai", "cohere"), ("api.x.ai", "x_ai"),
    ("api.perplexity.ai", "perplexity"), ("openrouter.ai", "openrouter"), ("api.together.xyz", "together_ai"),
    ("api.fireworks.ai", "fireworks"), ("inference.ai.azure.com", "azure.ai.inference"),
    ("services.ai.azure.com", "azure.ai.inference"), ("models.inference.ai.azure.com", "azure.ai.inference"),
)  # fmt: skip

_OPERATIONS: Final[Mapping[str, str]] = {
    "chat": "chat", "llm": "chat", "generation": "chat", "chat_model": "chat", "call_llm": "chat", "responses": "chat",
    "response": "chat", "chat_completion": "chat", "chat.completions": "chat", "chat_completions": "chat",
    "messages": "chat", "acompletion": "chat", "converse": "chat", "message": "chat", "aresponses": "chat",
    "anthropic_messages": "chat",
    "text_completion": "text_completion", "completion": "text_completion", "completions": "text_completion",
    "atext_completion": "text_completion",
    "generate_content": "generate_content",
    "embeddings": "embeddings", "embedding": "embeddings", "embed": "embeddings", "aembedding": "embeddings",
    "retrieval": "retrieval", "retriever": "retrieval", "vector_db_retrieve": "retrieval", "reranker": "retrieval",
    "rerank": "retrieval", "retrieve": "retrieval",
    "execute_tool": "execute_tool", "tool": "execute_tool", "ai.toolcall": "execute_tool",
    "invoke_agent": "invoke_agent", "agent": "invoke_agent", "invocation": "invoke_agent", "agent_run": "invoke_agent",
    "create_agent": "create_agent",
}  # fmt: skip

_FINISH_REASONS: Final[Mapping[str, tuple[str, ...]]] = {
    "stop": ("stop", "end_turn", "stop_sequence", "completed", "complete", "eos_token", "eos", "compaction"),
    "length": (
        "length", "max_tokens", "max_output_tokens", "incomplete", "model_length", "model_context_window_exceeded",
        "continuation", "limit_output_tokens", "limit_total_tokens", "limit_turns", "max_length",
    ),
    "tool_call": ("tool_call", "tool_calls", "function_call", "tool_use", "toolcalls", "functioncall"),
    "content_filter": (
        "content_filter", "content_filtered", "contentfilter", "guardrail_intervened", "refusal", "safety",
        "recitation", "blocklist", "prohibited_content", "spii", "image_safety", "image_prohibited_content",
        "image_recitation", "model_armor", "sensitive",
    ),
    "error": (
        "error", "failed", "malformed_function_call", "malformed_tool_use", "malformed_response",
        "malformed_model_output", "unexpected_tool_call", "too_many_tool_calls", "network_error", "error_toxic",
    ),
}  # fmt: skip
_FINISH: Final = {word: normal for normal, words in _FINISH_REASONS.items() for word in words}
_SEVERITY: Final = {"": 0, "stop": 1, "tool_call": 2, "length": 3, "content_filter": 4, "error": 5}

UNKNOWN_FINISH: Final = ""
"""Stands in `finish_reasons` for a choice whose word is unknown, so that the others keep their places."""


def provider(value: Any) -> str | None:
    """The normal provider name; None for a framework's name, an empty text or something that is not a text."""
    return _provider(value) if isinstance(value, str) else None


@lru_cache(maxsize=_REMEMBERED)
def _provider(value: str) -> str | None:
    name = value.strip().lower()
    if not name or name in _FRAMEWORKS:
        return None
    return _PROVIDERS.get(name, name)


def model(value: Any) -> tuple[str | None, str | None]:
    """Provider and model that a model name stands for: `openai/gpt-4o-mini` gives `("openai", "gpt-4o-mini")`.

    The provider is None unless the name says it. No text at all gives `(None, None)`.
    """
    return _model(value) if isinstance(value, str) else _NO_MODEL


@lru_cache(maxsize=_REMEMBERED)
def _model(value: str) -> tuple[str | None, str | None]:
    name = value.strip().removeprefix("models/")
    if "/" not in name:
        return None, name or None
    said: str | None = None
    while "/" in name:
        head, rest = name.split("/", 1)
        if head.lower() not in _PREFIXES or not rest:
            break
        said = said or provider(head)
        name = rest
    return said, name or None


def inferred_provider(model_name: str | None, address: Any = None) -> str | None:
    """The provider that a server address or, failing that, a model's family name points to; for spans that name none.

    `address` is what stood in `server.address`, if anything did.
    """
    if isinstance(address, str) and address:
        host = address.lower()
        for suffix, name in _HOSTS:
            if host.endswith(suffix):
                return name
        if host.startswith("bedrock") and "amazonaws.com" in host:
            return "aws.bedrock"
    if model_name:
        lowered = model_name.lower()
        for family, name in _MODEL_FAMILIES:
            if lowered.startswith(family):
                return name
    return None


def operation(value: Any) -> str | None:
    """The normal operation name; None for the words of wrappers (`chain`, `workflow`, …) and unknown ones."""
    if not isinstance(value, str):
        return None
    if (known := _OPERATIONS.get(value)) is not None:
        return known
    word = value.strip().lower()
    if word.endswith((".dogenerate", ".dostream")):
        return "chat"
    if word.endswith(".doembed"):
        return "embeddings"
    return _OPERATIONS.get(word)


def finish_reason(value: Any) -> str | None:
    """`stop`, `length`, `tool_call`, `content_filter` or `error`; None for anything unknown, which is no failure."""
    if not isinstance(value, str):
        return None
    if (known := _FINISH.get(value)) is not None:
        return known
    word = value.strip().strip("\"'")
    if "." in word:
        word = word.rsplit(".", 1)[1]
    return _FINISH.get(word.lower().replace("-", "_").replace(" ", "_"))


def finish_reasons(value: Any) -> tuple[str, ...] | None:
    """The normal reasons of an array, a JSON array in a string, or one word; one a choice.

    A word that is unknown among known ones is `UNKNOWN_FINISH`; None when nothing is known.
    """
    if isinstance(value, str) and value.lstrip().startswith("["):
        value, _ = structure(value)
    if not isinstance(value, list):
        known = finish_reason(value)
        return None if known is None else (known,)
    found = tuple([finish_reason(item) or UNKNOWN_FINISH for item in cast("list[Any]", value)])
    return found if any(found) else None


def worse_finish(one: str | None, other: str | None) -> str | None:
    """The more telling of two normal reasons that were given for the same choice."""
    if one == other:
        return one or None
    return max(one or "", other or "", key=lambda word: _SEVERITY.get(word, 0)) or None


def tokens(value: Any) -> int | None:
    """A token count; None for anything negative, not finite, absurdly large or not a number."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = _number(value)
    if isinstance(value, int):
        return value if 0 <= value <= TOKEN_CAP else None
    if isinstance(value, float) and math.isfinite(value) and 0 <= value <= TOKEN_CAP:
        return int(value)
    return None


def text(value: Any) -> str | None:
    """A non-empty text; None for everything else (some producers write "" for a missing value)."""
    return value if isinstance(value, str) and value else None


def version(value: Any) -> str | None:
    """A version as text, whatever its type on the wire (`4`, `"4"`, `4.0`)."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def flag(value: Any) -> bool | None:
    """A boolean that may be written as text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return None


def _number(written: str) -> float | None:
    try:
        return float(written) if len(written) <= 32 else None
    except ValueError:
        return None
