"""OpenLIT over OpenAI's client."""

import chat_client
import openlit
from exporting import ENDPOINT, recorded

openlit.init(otlp_endpoint=ENDPOINT, disable_metrics=True, application_name="passenger-desk", environment="recording")
openai = chat_client.client()
for scenario in recorded():
    chat_client.converse(openai, scenario)
