"""openinference-instrumentation-google-genai over Google's own client."""

import gemini_client
from exporting import recorded, tracer_provider
from openinference.instrumentation.google_genai import GoogleGenAIInstrumentor

GoogleGenAIInstrumentor().instrument(tracer_provider=tracer_provider())
google = gemini_client.client()
for scenario in recorded(gemini_client.CAN):
    gemini_client.converse(google, scenario)
