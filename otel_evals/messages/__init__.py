"""The message formats that several dialects share: standard message JSON, its tolerant decoding, and normal names.

`genai` reads lists of messages, `parts` one message, `tools` and `documents` what their names say. `jsons` decodes
JSON that may have been cut, `indexed` rebuilds structure from flat indexed keys, `normal` holds the tables of provider,
model, operation and finish-reason names.
"""
