"""opentelemetry-instrumentation-openai-v2; the conventions and the content mode come from the environment."""

import chat_client
from exporting import logger_provider, recorded, tracer_provider
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

tracer_provider()
logger_provider()
OpenAIInstrumentor().instrument()
openai = chat_client.client()
for scenario in recorded():
    chat_client.converse(openai, scenario)
