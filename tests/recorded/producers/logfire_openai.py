"""Logfire's instrumentation of OpenAI's client."""

import chat_client
import logfire
from exporting import recorded

logfire.configure(send_to_logfire=False, console=False, inspect_arguments=False)
openai = chat_client.client()
logfire.instrument_openai(openai)
for scenario in recorded(flush=logfire.force_flush):
    chat_client.converse(openai, scenario)
