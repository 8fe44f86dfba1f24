"""Which parts of a request are content, for the content policy: the keys that hold it, and the marks of GenAI items.

Called by `content` alone. The lists are a floor that holds without any dialect: the composition root hands the byte
markers of all dialects, those of plug-ins too, to `marker_pattern`. The expressions spell families of keys, many of
which have no name in `semconv`; single keys come from there.
"""

import re
from collections.abc import Iterable
from typing import Final

from otel_evals.semconv import gen_ai, otel_evals
from otel_evals.semconv.vendors import OpenInference

MARKER: Final = re.compile(
    rb"gen_ai\.|llm\.|openinference|traceloop|langfuse|mlflow|ai\.operationId|vertex\.agent|pydantic[_-]ai|retrieval\.documents"
    rb"|logfire|openlit|semantic_kernel|strands|langsmith|lmnr\.|crewai|anthropic|litellm|haystack|agent_framework|request_data"
    rb"|SemanticKernel|db\.(?:query|search)\.result|all_messages_events|model_request_parameters|structured_output_schema"
)
FACT: Final = re.compile(
    r"gen_ai\.(?:prompt\.(?:name|version)|output\.type"
    r"|response\.finish_reasons?|usage\..*)"
    r"|(?:gen_ai\.(?:prompt|completion)|llm\.(?:input|output)_messages)\.\d+(?:\.message)?"
    r"(?:\.contents\.\d+)?(?:\.role|\.name|\.finish_reason|\.tool_call_id|\.message_content\.type"
    r"|(?:\.tool_calls\.\d+)?(?:\.tool_call)?(?:\.function)?\.(?:id|name|type))"
    r"|llm\.request\.functions\.\d+\.name|(?:retrieval|reranker)\..*\.document\.(?:id|score)|embedding\.model_name"
    r"|langfuse\.observation\.metadata\.(?:finish_reason|id|status)|(?:crew|task)_(?:id|key)"
    r"|(?:input|output)\.mime_type|llm\.prompt_template\.version|traceloop\.prompt\.(?:key|version|version_name"
    r"|version_hash)"
    r"|langfuse\.observation\.(?:usage_details|cost_details|model\.name|prompt\.name|prompt\.version|type|level)"
    r"|mlflow\.(?:chat\.tokenUsage|spanType|traceRequestId|traceId)|ai\.(?:usage|settings|model"
    r"|telemetry\.metadata)\..*"
    r"|ai\.response\.(?:finishReason|id|model|timestamp|msTo\w+|avg\w+)|error\.type|exception\.type"
    r"|finish_reason|gen_ai\.tool\.name"
)
CONTENT: Final = re.compile(
    r"gen_ai\.(?:input|output|prompt|completion|content|choice|event\.content|task|system_instructions"
    r"|retrieval\.(?:query|documents)|agent\.(?:description|tools)"
    r"|embeddings\.input)(?:[._].*)?"
    r"|gen_ai\.tool\.(?!(?:name|type|call\.id)$).*|gen_ai\.(?:system|user|assistant|tool)\.message.*"
    r"|(?:input|output)(?:\..*)?|llm\.(?:input_messages|output_messages|prompts?|completions?|prompt_template"
    r"|tools|function_call"
    r"|invocation_parameters|request\.functions)(?:\..*)?|(?:retrieval|reranker|embedding)\..*"
    r"|tool\.(?:description|parameters|json_schema)"
    r"|message\..*|document\..*|traceloop\.(?:entity\.(?:input|output)|prompt\..*)|ai\.(?:prompt|response"
    r"|toolCall\.(?:args|result|input|output)|schema"
    r"|values?|result|embeddings?|documents|query)(?:\..*)?|langfuse\.(?:observation|trace)\.(?:input|output"
    r"|metadata|status_message)(?:\..*)?"
    r"|mlflow\.(?:spanInputs|spanOutputs|chat\..*|chunk\..*|promptTemplate)|gcp\.vertex\.agent\.(?:llm_|tool_|data).*"
    r"|pydantic_ai\..*|all_messages(?:_events)?|final_result|events|model_request_parameters|tool_(?:arguments"
    r"|response|result)"
    r"|(?:request|response)_data|logfire\.(?:msg|json_schema)|system_prompt|system_instructions|messages?"
    r"|prompts?|completions?|contents?|body"
    r"|instructions|tools|text|query|question|answer|responses?|result|user_prompt|arguments|crew_\w+|task_\w+"
    r"|formatted_\w+|lmnr\.span\.(?:in|out)put"
    r"|langsmith\.(?:metadata|inputs?|outputs?).*|(?:.*\.)?structured_output_schema|sk\.available_functions"
    r"|db\.(?:query|search)\.result\.(?!(?:id|score|distance)$).*|haystack\.component\.(?:input|output).*|exception\.(?:message"
    r"|stacktrace)|error\.message|.*\.status_message"
)
VECTOR: Final = re.compile(
    r"embeddings?(?:\.\d+)?(?:\.embedding)?(?:\.vector)?$|^db\.(?:query|search)\.result\.vector$"
)
"""Vectors are numbers, but texts can be recovered from them."""
TOOL_FACTS: Final = frozenset({
    gen_ai.TOOL_TYPE, gen_ai.TOOL_CALL_ID, OpenInference.TOOL_NAME, OpenInference.TOOL_ID,
})  # fmt: skip
BODY_FACTS: Final = frozenset({"finish_reason", "index", "role", "id", "type"})

RESULT_KEYS: Final = frozenset({
    gen_ai.EVALUATION_NAME, gen_ai.EVALUATION_SCORE, gen_ai.EVALUATION_LABEL, gen_ai.EVALUATION_EXPLANATION,
    gen_ai.RESPONSE_ID, gen_ai.ERROR_TYPE, gen_ai.EVENT_NAME, otel_evals.EVALUATOR_TYPE, otel_evals.EVALUATOR_ID,
    otel_evals.EVALUATOR_VERSION, otel_evals.EVALUATOR_MODEL, otel_evals.VERDICT, otel_evals.SAMPLING_PROBABILITY,
    otel_evals.SAMPLING_STRATUM, otel_evals.LABEL_PROBABILITY, otel_evals.LABEL_PURPOSIVE, otel_evals.SHADOW,
    otel_evals.SOURCE, otel_evals.FEEDBACK_SIGNAL,
})  # fmt: skip
"""All that a result may say of itself. Anybody can send an event with the name of ours, so nothing else of it stays."""
_SPAN_KEYS: Final = frozenset({
    otel_evals.RISK_BAND, otel_evals.RISK_REASONS, otel_evals.ROUTE, otel_evals.DECISION, otel_evals.COVERAGE,
    otel_evals.CONTENT_CAPPED, otel_evals.PROMPT_FINGERPRINT,
})  # fmt: skip
_RESULT_ANNOTATION: Final = re.compile(re.escape(otel_evals.PREFIX) + r"[a-z0-9_]+\.(?:label|score)")
LONGEST_OWN: Final = 256
"""Characters that a value under a key of ours may have; ids of responses are the longest."""
LONGEST_EXPLANATION: Final = 1000
"""Characters of an explanation; ours are no longer."""


def is_own(key: str) -> bool:
    """Whether we write this key on spans or results."""
    return key in RESULT_KEYS or key in _SPAN_KEYS or _RESULT_ANNOTATION.fullmatch(key) is not None


def marker_pattern(markers: Iterable[bytes]) -> re.Pattern[bytes]:
    """One expression for the built-in marks and `markers`; those that hold a built-in one need no place in it."""
    further = sorted({re.escape(marker) for marker in markers if marker and not MARKER.search(marker)})
    return re.compile(b"|".join((MARKER.pattern, *further))) if further else MARKER


def key_pattern(patterns: Iterable[str]) -> re.Pattern[str] | None:
    """One expression for a list of keys, where a `*` at the end stands for any rest."""
    parts = [re.escape(key[:-1]) + ".*" if key.endswith("*") else re.escape(key) for key in patterns]
    return re.compile("|".join(parts)) if parts else None
