"""openinference-instrumentation-openai: chat completions, or the responses API when told `responses`."""

import chat_client
from exporting import MODE, recorded, tracer_provider
from openinference.instrumentation.openai import OpenAIInstrumentor

OpenAIInstrumentor().instrument(tracer_provider=tracer_provider())
openai = chat_client.client()
run = chat_client.respond if MODE == "responses" else chat_client.converse
for scenario in recorded():
    run(openai, scenario)
