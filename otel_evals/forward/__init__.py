"""Sends OTLP on: to any number of destinations, each with its own queue, transport, retries and content policy."""
