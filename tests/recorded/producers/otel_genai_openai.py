"""opentelemetry-instrumentation-genai-openai: chat completions, or the responses API when told `responses`."""

import chat_client
from exporting import MODE, logger_provider, recorded, tracer_provider
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

tracer_provider()
logger_provider()
OpenAIInstrumentor().instrument()
openai = chat_client.client()
run = chat_client.respond if MODE == "responses" else chat_client.converse
for scenario in recorded():
    run(openai, scenario)
