"""opentelemetry-instrumentation-google-genai over Google's own client."""

import gemini_client
from exporting import logger_provider, recorded, tracer_provider
from opentelemetry.instrumentation.google_genai import GoogleGenAiSdkInstrumentor

tracer_provider()
logger_provider()
GoogleGenAiSdkInstrumentor().instrument()
google = gemini_client.client()
for scenario in recorded(gemini_client.CAN):
    gemini_client.converse(google, scenario)
