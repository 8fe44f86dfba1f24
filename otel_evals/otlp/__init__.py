"""OTLP at wire level: bytes to spans and back, without a decode of what nobody reads.

`frame` walks the framing, `splice` puts ready bytes into a span and mends the lengths around it, `decode` reads the
spans that matter, `encode` writes attributes and events, `json` turns OTLP/JSON into protobuf bytes once at the door.
"""
