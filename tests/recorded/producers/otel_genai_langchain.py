"""opentelemetry-instrumentation-genai-langchain."""

from exporting import logger_provider, recorded, tracer_provider
from opentelemetry.instrumentation.genai.langchain import LangChainInstrumentor

tracer_provider()
logger_provider()
LangChainInstrumentor().instrument()
import chain  # noqa: E402 - after the instrumentation, as in an application

for scenario in recorded(chain.CAN):
    chain.converse(scenario)
