"""Attribute names of the vendors' own conventions, one class a vendor: OpenInference, Langfuse, MLflow and the others.

They are not OpenTelemetry's: kept apart so that `semconv.gen_ai` stays the standard.
"""

from typing import Final


class OpenInference:
    """`openinference-semantic-conventions`."""

    SPAN_KIND: Final = "openinference.span.kind"
    INPUT_VALUE: Final = "input.value"
    OUTPUT_VALUE: Final = "output.value"
    INPUT_MESSAGES: Final = "llm.input_messages."
    OUTPUT_MESSAGES: Final = "llm.output_messages."
    PROMPTS: Final = "llm.prompts."
    CHOICES: Final = "llm.choices."
    TOOLS: Final = "llm.tools."
    DOCUMENTS: Final = "retrieval.documents."
    RERANKED: Final = "reranker.output_documents."
    MODEL_NAME: Final = "llm.model_name"
    REQUEST_MODEL_NAME: Final = "llm.request.model_name"
    RESPONSE_MODEL_NAME: Final = "llm.response.model_name"
    TOOL_NAME: Final = "tool.name"
    TOOL_ID: Final = "tool.id"
    EMBEDDING_MODEL_NAME: Final = "embedding.model_name"
    PROVIDER: Final = "llm.provider"
    SYSTEM: Final = "llm.system"
    PARAMETERS: Final = "llm.invocation_parameters"
    FINISH_REASON: Final = "llm.finish_reason"
    TOKENS_IN: Final = "llm.token_count.prompt"
    TOKENS_OUT: Final = "llm.token_count.completion"
    TOKENS_CACHED: Final = "llm.token_count.prompt_details.cache_read"
    TOKENS_REASONING: Final = "llm.token_count.completion_details.reasoning"
    TEMPLATE: Final = "llm.prompt_template.template"
    TEMPLATE_VERSION: Final = "llm.prompt_template.version"
    PROMPT_ID: Final = "prompt.id"
    METADATA: Final = "metadata"


class Langfuse:
    """`langfuse-sdk`."""

    TYPE: Final = "langfuse.observation.type"
    INPUT: Final = "langfuse.observation.input"
    OUTPUT: Final = "langfuse.observation.output"
    MODEL: Final = "langfuse.observation.model.name"
    PARAMETERS: Final = "langfuse.observation.model.parameters"
    USAGE: Final = "langfuse.observation.usage_details"
    PROMPT_NAME: Final = "langfuse.observation.prompt.name"
    PROMPT_VERSION: Final = "langfuse.observation.prompt.version"
    STARTED: Final = "langfuse.observation.completion_start_time"
    METADATA: Final = "langfuse.observation.metadata"


class MLflow:
    """`mlflow.tracing`. Every value is JSON in a string."""

    TYPE: Final = "mlflow.spanType"
    INPUTS: Final = "mlflow.spanInputs"
    OUTPUTS: Final = "mlflow.spanOutputs"
    USAGE: Final = "mlflow.chat.tokenUsage"
    TOOLS: Final = "mlflow.chat.tools"
    MESSAGES: Final = "mlflow.chat.messages"
    MODEL: Final = "mlflow.llm.model"
    PROVIDER: Final = "mlflow.llm.provider"
    SESSION: Final = "mlflow.trace.session"


class AiSdk:
    """The AI SDK for TypeScript, versions 3 to 6 and 7 in its legacy mode."""

    OPERATION: Final = "ai.operationId"
    MODEL_ID: Final = "ai.model.id"
    MODEL_PROVIDER: Final = "ai.model.provider"
    PROMPT: Final = "ai.prompt"
    MESSAGES: Final = "ai.prompt.messages"
    TOOLS: Final = "ai.prompt.tools"
    SCHEMA: Final = "ai.schema"
    OUTPUT: Final = "ai.settings.output"
    RESPONSE_MODEL: Final = "ai.response.model"
    RESPONSE_ID: Final = "ai.response.id"
    FIRST_CHUNK: Final = "ai.response.msToFirstChunk"
    METADATA: Final = "ai.telemetry.metadata."


class Adk:
    """Google's Agent Development Kit, versions 1.x."""

    SCOPE: Final = "gcp.vertex.agent"
    REQUEST: Final = "gcp.vertex.agent.llm_request"
    RESPONSE: Final = "gcp.vertex.agent.llm_response"
    SESSION: Final = "gcp.vertex.agent.session_id"


class Traceloop:
    """OpenLLMetry and the Traceloop SDK."""

    SPAN_KIND: Final = "traceloop.span.kind"
    INPUT: Final = "traceloop.entity.input"
    OUTPUT: Final = "traceloop.entity.output"
    ENTITY: Final = "traceloop.entity.name"
    WORKFLOW: Final = "traceloop.workflow.name"
    SESSION: Final = "traceloop.association.properties.session_id"
    THREAD: Final = "traceloop.association.properties.thread_id"
    PROMPT_KEY: Final = "traceloop.prompt.key"
    PROMPT_VERSION: Final = "traceloop.prompt.version"
    PROMPT_VERSION_NAME: Final = "traceloop.prompt.version_name"
    PROMPT_TEMPLATE: Final = "traceloop.prompt.template"
    REQUEST_TYPE: Final = "llm.request.type"
    STREAMING: Final = "gen_ai.is_streaming"
    STREAMING_OLD: Final = "llm.is_streaming"
    SCHEMA: Final = "gen_ai.request.structured_output_schema"
    REASONING: Final = "gen_ai.usage.reasoning_tokens"
    REASONING_OLD: Final = "llm.usage.reasoning_tokens"
    CACHED_OLD: Final = "gen_ai.usage.cache_read_input_tokens"
    PROMPTS: Final = "gen_ai.prompt."
    COMPLETIONS: Final = "gen_ai.completion."
    FUNCTIONS: Final = "llm.request.functions."
    QUERY_RESULT: Final = "db.query.result"
    SEARCH_RESULT: Final = "db.search.result"


class LangSmith:
    """LangSmith's OpenTelemetry exporter."""

    KIND: Final = "langsmith.span.kind"
    SESSION: Final = "langsmith.trace.session_id"
    METADATA: Final = "langsmith.metadata."
    INPUTS: Final = "gen_ai.prompt"
    OUTPUTS: Final = "gen_ai.completion"


class Logfire:
    """Logfire's own instrumentations."""

    USAGE: Final = "gen_ai.usage.raw"


class LiteLlm:
    """LiteLLM's OpenTelemetry callback."""

    FRAMEWORK: Final = "gen_ai.framework"
    MODEL: Final = "litellm.provider.model"
    COMPLETIONS: Final = "gen_ai.completion."


class Laminar:
    """Laminar's SDK."""

    TYPE: Final = "lmnr.span.type"
    INPUT: Final = "lmnr.span.input"
    OUTPUT: Final = "lmnr.span.output"
    SESSION: Final = "lmnr.association.properties.session_id"
