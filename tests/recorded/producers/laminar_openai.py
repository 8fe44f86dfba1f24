"""Laminar over OpenAI's client."""

import chat_client
from exporting import ENDPOINT, recorded
from lmnr import Laminar

Laminar.initialize(
    project_api_key="scripted",
    base_url=ENDPOINT.rsplit(":", 1)[0],
    http_port=int(ENDPOINT.rsplit(":", 1)[1]),
    force_http=True,
)
openai = chat_client.client()
for scenario in recorded(flush=Laminar.flush):
    chat_client.converse(openai, scenario)
