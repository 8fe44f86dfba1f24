"""What ships in the box: one row a check, one row a dialect. Adding one means adding its file and its row here."""

from typing import Any, Final

from otel_evals.checks.answered import Answered
from otel_evals.checks.citation_integrity import CitationIntegrity
from otel_evals.checks.complete import Complete
from otel_evals.checks.language import Language
from otel_evals.checks.non_empty import NonEmpty
from otel_evals.checks.pii import Pii
from otel_evals.checks.prompt_injection import PromptInjection
from otel_evals.checks.repetition import Repetition
from otel_evals.checks.retrieval_support import RetrievalSupport
from otel_evals.checks.secrets import Secrets
from otel_evals.checks.structured_output import StructuredOutput
from otel_evals.checks.tool_calls import ToolCalls
from otel_evals.checks.user_pushback import UserPushback
from otel_evals.checks.wrong_refusal import WrongRefusal
from otel_evals.dialects.adk1 import AdkOne
from otel_evals.dialects.agent_framework import AgentFramework
from otel_evals.dialects.ai_sdk import AiSdk
from otel_evals.dialects.anthropic_sdk import AnthropicSdk
from otel_evals.dialects.genai import GenAi
from otel_evals.dialects.genai_content import GenAiContent
from otel_evals.dialects.genai_details import GenAiDetails
from otel_evals.dialects.genai_events import GenAiEvents
from otel_evals.dialects.google_adk import GoogleAdk
from otel_evals.dialects.laminar import Laminar
from otel_evals.dialects.langfuse import Langfuse
from otel_evals.dialects.langsmith import LangSmith
from otel_evals.dialects.litellm import LiteLlm
from otel_evals.dialects.logfire import Logfire
from otel_evals.dialects.mlflow import MLflow
from otel_evals.dialects.openinference import OpenInference
from otel_evals.dialects.openllmetry import OpenLLMetry
from otel_evals.dialects.openllmetry_indexed import OpenLLMetryIndexed
from otel_evals.dialects.pydantic_ai import PydanticAi
from otel_evals.dialects.semantic_kernel import SemanticKernel
from otel_evals.dialects.strands import Strands
from otel_evals.dialects.traceloop import Traceloop
from otel_evals.plugins.protocols import Dialect

CHECKS: Final[dict[str, type[Any]]] = {
    check.name: check
    for check in (
        NonEmpty,
        Complete,
        StructuredOutput,
        CitationIntegrity,
        RetrievalSupport,
        Answered,
        WrongRefusal,
        Pii,
        Secrets,
        PromptInjection,
        ToolCalls,
        Language,
        Repetition,
        UserPushback,
    )
}
"""By id, in the order in which they run."""

DIALECTS: Final[tuple[Dialect, ...]] = (
    Langfuse(),
    MLflow(),
    LangSmith(),
    AiSdk(),
    AdkOne(),
    OpenInference(),
    Laminar(),
    PydanticAi(),
    Logfire(),
    LiteLlm(),
    OpenLLMetryIndexed(),
    OpenLLMetry(),
    Traceloop(),
    AgentFramework(),
    SemanticKernel(),
    Strands(),
    GoogleAdk(),
    AnthropicSdk(),
    GenAiDetails(),
    GenAiEvents(),
    GenAiContent(),
    GenAi(),
)
"""In the order in which they win: vendors' own JSON, then special forms of the standard, then the standard itself."""
