"""openinference-instrumentation-langchain."""

from exporting import recorded, tracer_provider
from openinference.instrumentation.langchain import LangChainInstrumentor

LangChainInstrumentor().instrument(tracer_provider=tracer_provider())
import chain  # noqa: E402 - after the instrumentation, as in an application

for scenario in recorded(chain.CAN):
    chain.converse(scenario)
