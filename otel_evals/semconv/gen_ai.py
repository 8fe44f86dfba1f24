"""Standard names of the OpenTelemetry GenAI conventions (and the few general ones that we read), old and new.

Kept here because the constants of the semantic-conventions package are deprecated as a whole while the conventions
live in a repository without a Python package.
"""

from typing import Final

OPERATION_NAME: Final = "gen_ai.operation.name"
PROVIDER_NAME: Final = "gen_ai.provider.name"
SYSTEM: Final = "gen_ai.system"
REQUEST_MODEL: Final = "gen_ai.request.model"
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_ID: Final = "gen_ai.response.id"
FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
FINISH_REASON: Final = "gen_ai.response.finish_reason"
CONVERSATION_ID: Final = "gen_ai.conversation.id"
PROMPT_NAME: Final = "gen_ai.prompt.name"
PROMPT_VERSION: Final = "gen_ai.prompt.version"
INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"
TOOL_DEFINITIONS: Final = "gen_ai.tool.definitions"
TOOL_NAME: Final = "gen_ai.tool.name"
TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
TOOL_TYPE: Final = "gen_ai.tool.type"
TOOL_ARGUMENTS_SHORT: Final = "gen_ai.tool.args"
"""What some producers write for the arguments of a call; no convention has it."""
PROMPT: Final = "gen_ai.prompt"
COMPLETION: Final = "gen_ai.completion"
OPENAI_RESPONSE_FORMAT: Final = "gen_ai.openai.request.response_format"
OPENAI_SYSTEM_FINGERPRINT: Final = "openai.response.system_fingerprint"
OUTPUT_TYPE: Final = "gen_ai.output.type"
REQUEST_STREAM: Final = "gen_ai.request.stream"
FIRST_CHUNK: Final = (
    "gen_ai.response.time_to_first_chunk",
    "gen_ai.client.operation.time_to_first_chunk",
    "gen_ai.server.time_to_first_token",
)
USAGE_INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
USAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
USAGE_PROMPT_TOKENS: Final = "gen_ai.usage.prompt_tokens"
USAGE_COMPLETION_TOKENS: Final = "gen_ai.usage.completion_tokens"
USAGE_CACHE_READ_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
USAGE_REASONING_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
TOKEN_TYPE: Final = "gen_ai.token.type"  # noqa: S105 - an attribute key
RETRIEVAL_DOCUMENTS: Final = "gen_ai.retrieval.documents"

EVALUATION_RESULT: Final = "gen_ai.evaluation.result"
EVALUATION_NAME: Final = "gen_ai.evaluation.name"
EVALUATION_SCORE: Final = "gen_ai.evaluation.score.value"
EVALUATION_LABEL: Final = "gen_ai.evaluation.score.label"
EVALUATION_EXPLANATION: Final = "gen_ai.evaluation.explanation"

DETAILS_EVENT: Final = "gen_ai.client.inference.operation.details"
CHOICE_EVENT: Final = "gen_ai.choice"
CONTENT_PROMPT_EVENT: Final = "gen_ai.content.prompt"
CONTENT_COMPLETION_EVENT: Final = "gen_ai.content.completion"
EVENT_CONTENT: Final = "gen_ai.event.content"
SYSTEM_MESSAGE_EVENT: Final = "gen_ai.system.message"
MESSAGE_EVENTS: Final = {
    SYSTEM_MESSAGE_EVENT: "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}

SERVER_ADDRESS: Final = "server.address"
ERROR_TYPE: Final = "error.type"
EVENT_NAME: Final = "event.name"
EXCEPTION_TYPE: Final = "exception.type"
SERVICE_NAME: Final = "service.name"
SERVICE_VERSION: Final = "service.version"
DEPLOYMENT_ENVIRONMENT: Final = "deployment.environment.name"
DEPLOYMENT_ENVIRONMENT_OLD: Final = "deployment.environment"
SESSION_ID: Final = "session.id"
