"""opentelemetry-instrumentation-openai of OpenLLMetry; its content switch comes from the environment."""

import chat_client
from exporting import recorded, tracer_provider
from opentelemetry.instrumentation.openai import OpenAIInstrumentor

tracer_provider()
OpenAIInstrumentor().instrument()
openai = chat_client.client()
for scenario in recorded():
    chat_client.converse(openai, scenario)
