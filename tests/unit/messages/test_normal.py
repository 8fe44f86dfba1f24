from typing import Any

import pytest

from otel_evals.messages import normal


@pytest.mark.parametrize(
    ("written", "provider"),
    [
        ("OpenAI", "openai"), ("openai.responses", "openai"), ("gemini", "gcp.gemini"), ("google_genai", "gcp.gen_ai"),
        ("vertexai", "gcp.vertex_ai"), ("az.ai.openai", "azure.ai.openai"), ("bedrock", "aws.bedrock"),
        ("mistralai", "mistral_ai"), ("xai", "x_ai"), ("watsonx", "ibm.watsonx.ai"), ("anthropic", "anthropic"),
        ("a_new_vendor", "a_new_vendor"), ("strands-agents", None), ("gcp.vertex.agent", None), ("LangChain", None),
        ("", None), (None, None), (7, None),
    ],
)  # fmt: skip
def test_providers_have_one_name_and_frameworks_are_none(written: Any, provider: str | None):
    assert normal.provider(written) == provider


@pytest.mark.parametrize(
    ("written", "provider", "model"),
    [
        ("gpt-4o-mini", None, "gpt-4o-mini"), ("openai/gpt-4o-mini", "openai", "gpt-4o-mini"),
        ("openrouter/anthropic/claude-3-haiku", "openrouter", "claude-3-haiku"),
        ("models/gemini-pro", None, "gemini-pro"),
        ("meta-llama/Llama-3-8b", None, "meta-llama/Llama-3-8b"),
        ("together_ai/meta-llama/Llama-3-8b", "together_ai", "meta-llama/Llama-3-8b"), ("openai/", None, "openai/"),
        ("", None, None), (None, None, None), (["gpt"], None, None),
    ],
)  # fmt: skip
def test_a_provider_before_the_model_is_taken_off(written: Any, provider: str | None, model: str | None):
    assert normal.model(written) == (provider, model)


def test_an_address_tells_the_provider_before_the_models_name_does():
    assert normal.inferred_provider("gpt-4o", "my-resource.openai.azure.com") == "azure.ai.openai"
    assert normal.inferred_provider("gpt-4o", "127.0.0.1") == "openai"
    assert normal.inferred_provider("claude-3", "bedrock-runtime.eu-west-1.amazonaws.com") == "aws.bedrock"
    assert normal.inferred_provider("my-own-model") is None
    assert normal.inferred_provider("gpt-oss-120b") is None


@pytest.mark.parametrize(
    ("written", "operation"),
    [
        ("chat", "chat"), ("LLM", "chat"), ("ai.streamText.doStream", "chat"), ("ai.embedMany.doEmbed", "embeddings"),
        ("generate_content", "generate_content"), ("completion", "text_completion"), ("AGENT", "invoke_agent"),
        ("RERANKER", "retrieval"), ("tool", "execute_tool"), ("CHAIN", None), ("workflow", None), (None, None),
        (3, None),
    ],
)  # fmt: skip
def test_operations_have_one_name_and_wrappers_none(written: Any, operation: str | None):
    assert normal.operation(written) == operation


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("stop", "stop"), ("end_turn", "stop"), ("STOP", "stop"), ("FinishReason.TOOL_CALLS", "tool_call"),
        ("tool-calls", "tool_call"), ("MAX_TOKENS", "length"), ("content-filter", "content_filter"),
        ("SAFETY", "content_filter"), ("refusal", "content_filter"), ("MALFORMED_FUNCTION_CALL", "error"),
        ("pause_turn", None), ("", None), ("something_new", None), (None, None), (3, None),
    ],
)  # fmt: skip
def test_finish_reasons_have_one_name_and_new_words_are_no_failure(written: Any, reason: str | None):
    assert normal.finish_reason(written) == reason


@pytest.mark.parametrize(
    ("written", "reasons"),
    [
        (["stop"], ("stop",)), ('["length"]', ("length",)), ("tool_use", ("tool_call",)),
        (["stop", "brand_new"], ("stop", normal.UNKNOWN_FINISH)), (["brand_new"], None), ([], None), (None, None),
        ({"a": 1}, None),
    ],
)  # fmt: skip
def test_finish_reasons_come_as_array_as_json_text_or_as_one_word(written: Any, reasons: Any):
    assert normal.finish_reasons(written) == reasons


def test_of_two_reasons_for_one_choice_the_worse_stands():
    assert normal.worse_finish("stop", "content_filter") == "content_filter"
    assert normal.worse_finish("length", "stop") == "length"
    assert normal.worse_finish(None, "stop") == "stop"
    assert normal.worse_finish("", None) is None


@pytest.mark.parametrize(
    ("written", "count"),
    [
        (0, 0), (17, 17), (17.0, 17), ("18", 18), (-1, None), (float("nan"), None), (float("inf"), None), (True, None),
        (normal.TOKEN_CAP + 1, None), ("many", None), ("9" * 400, None), (None, None), ([1], None),
    ],
)  # fmt: skip
def test_token_counts_are_finite_and_within_reason(written: Any, count: int | None):
    assert normal.tokens(written) == count


def test_versions_are_read_as_text_whatever_their_type():
    assert [normal.version(v) for v in ("4", 4, 4.0, 4.5, "", None, True)] == ["4", "4", "4", "4.5", None, None, None]


def test_flags_may_be_written_as_text():
    assert [normal.flag(v) for v in (True, "False", "true", "yes", 1)] == [True, False, True, None, None]


def test_an_empty_text_is_a_missing_one():
    assert [normal.text(v) for v in ("x", "", None, 5)] == ["x", None, None, None]
