"""LangChain's serialised messages, unwrapped to plain message objects.

Callbacks write a message as a constructor (`{"lc": 1, "id": [..., "HumanMessage"], "kwargs": {…}}`), as a tagged object
(`{"type": "human", "data": {…}}`) or flat (`{"type": "ai", "content": …}`). Called by `messages.vendor_message`.
"""

import re
from typing import Any, Final

from otel_evals.messages.shapes import fields_of, items_of

_CLASS: Final = re.compile(r"^(AI|Human|System|Tool|Function|Chat)Message(?:Chunk)?$")
_TYPES: Final = frozenset({"human", "ai", "system", "tool", "function", "chat", "generic"})


def unwrapped(fields: dict[str, Any]) -> dict[str, Any]:
    """The message object inside a LangChain wrapper, with `role` set; any other object comes back as it is."""
    inner = fields
    name = ""
    if "kwargs" in fields and ("lc" in fields or fields.get("type") == "constructor"):
        inner = fields_of(fields["kwargs"])
        path = items_of(fields.get("id"))
        name = path[-1] if path and isinstance(path[-1], str) else ""
    elif "data" in fields and isinstance(fields.get("type"), str):
        inner = fields_of(fields["data"])
        name = fields["type"]
    if inner is fields and "role" in fields:
        return fields
    role = _role(inner.get("type")) or _role(name)
    if role is None:
        return inner
    message = {**inner, "role": inner.get("role") or role}
    if not message.get("tool_calls"):
        message["tool_calls"] = fields_of(inner.get("additional_kwargs")).get("tool_calls")
    return message


def _role(word: Any) -> str | None:
    if not isinstance(word, str):
        return None
    if match := _CLASS.match(word):
        word = match[1].lower()
    return word if word in _TYPES else None
