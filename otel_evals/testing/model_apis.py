"""The vendors' answer shapes, filled from a scripted reply: whole bodies and the events of streams.

Called by `ModelServer`. Each API has two functions: one gives the body, one the stream's events, in the order and with
the fields that the vendors' own clients need.
"""

import base64
import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from otel_evals.testing.model_script import Api, Served

CREATED: Final = 1_790_000_000
"""Time of every answer, seconds since the epoch: constant, so that recordings compare."""
_DIMENSIONS: Final = 64

_ANTHROPIC_STOP: Final = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
_GEMINI_STOP: Final = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}
_GEMINI_STATUS: Final = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL"}

Json = dict[str, Any]
Event = tuple[str | None, Json]
"""Name of a server-sent event, where the API names them, and its data."""


def refusal(api: Api, status: int, message: str) -> Json:
    """The body of an HTTP error."""
    kind = "rate_limit_error" if status == 429 else "invalid_request_error" if status < 500 else "api_error"
    if api == "anthropic.messages":
        return {"type": "error", "error": {"type": kind, "message": message}}
    if api == "gemini.generate_content":
        return {"error": {"code": status, "message": message, "status": _GEMINI_STATUS.get(status, "UNKNOWN")}}
    code = "rate_limit_exceeded" if status == 429 else None
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def chat_completion(served: Served) -> Json:
    """OpenAI chat completions."""
    message: Json = {"role": "assistant", "content": served.reply.text or (None if served.reply.tools else "")}
    if served.reply.tools:
        message["tool_calls"] = _chat_tools(served)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": served.reply.reason}
    return {**_chat_head(served, "chat.completion"), "choices": [choice], "usage": _chat_usage(served)}


def chat_completion_events(served: Served) -> Iterator[Event]:
    """OpenAI chat completion chunks; usage only when the request asked for it."""
    head = _chat_head(served, "chat.completion.chunk")

    def chunk(delta: Json, finish: str | None = None) -> Event:
        return None, {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}

    yield chunk({"role": "assistant", "content": ""})
    for piece in served.chunks():
        yield chunk({"content": piece})
    for index, tool in enumerate(_chat_tools(served)):
        yield chunk({"tool_calls": [{"index": index, **tool}]})
    yield chunk({}, served.reply.reason)
    options: Mapping[str, Any] = served.request.get("stream_options") or {}
    if options.get("include_usage"):
        yield None, {**head, "choices": [], "usage": _chat_usage(served)}


def _chat_head(served: Served, kind: str) -> Json:
    return {
        "id": served.response_id,
        "object": kind,
        "created": CREATED,
        "model": served.response_model,
        "service_tier": "default",
        "system_fingerprint": "fp_scripted",
    }


def _chat_tools(served: Served) -> list[Json]:
    return [
        {"id": call_id, "type": "function", "function": {"name": tool.name, "arguments": tool.arguments}}
        for call_id, tool in served.calls()
    ]


def _chat_usage(served: Served) -> Json:
    return {
        "prompt_tokens": served.input_tokens,
        "completion_tokens": served.output_tokens,
        "total_tokens": served.input_tokens + served.output_tokens,
    }


def response(served: Served, *, status: str | None = None) -> Json:
    """OpenAI responses."""
    cut = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(served.reply.reason)
    begun = status == "in_progress"
    return {
        "id": served.response_id,
        "object": "response",
        "created_at": CREATED,
        "status": status or ("incomplete" if cut else "completed"),
        "incomplete_details": {"reason": cut} if cut and not begun else None,
        "error": None,
        "model": served.response_model,
        "output": [] if begun else _response_items(served),
        "instructions": served.request.get("instructions"),
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": served.request.get("tools") or [],
        "top_p": 1.0,
        "text": served.request.get("text") or {"format": {"type": "text"}},
        "usage": None if begun else _response_usage(served),
    }


def response_events(served: Served) -> Iterator[Event]:
    """OpenAI response stream events."""
    for number, (name, data) in enumerate(_unnumbered(served)):
        yield name, {"type": name, "sequence_number": number, **data}


def _unnumbered(served: Served) -> Iterator[tuple[str, Json]]:
    yield "response.created", {"response": response(served, status="in_progress")}
    for index, item in enumerate(_response_items(served)):
        yield "response.output_item.added", {"output_index": index, "item": {**item, "status": "in_progress"}}
        if item["type"] == "message":
            place = {"item_id": item["id"], "output_index": index, "content_index": 0}
            part = item["content"][0]
            yield "response.content_part.added", {**place, "part": {**part, "text": ""}}
            for piece in served.chunks():
                yield "response.output_text.delta", {**place, "delta": piece, "logprobs": []}
            yield "response.output_text.done", {**place, "text": part["text"], "logprobs": []}
            yield "response.content_part.done", {**place, "part": part}
        else:
            place = {"item_id": item["id"], "output_index": index}
            yield "response.function_call_arguments.delta", {**place, "delta": item["arguments"]}
            yield "response.function_call_arguments.done", {**place, "arguments": item["arguments"]}
        yield "response.output_item.done", {"output_index": index, "item": item}
    whole = response(served)
    yield f"response.{whole['status']}", {"response": whole}


def _response_items(served: Served) -> list[Json]:
    items: list[Json] = [
        {
            "type": "function_call",
            "id": f"fc_{call_id}",
            "call_id": call_id,
            "name": tool.name,
            "arguments": tool.arguments,
            "status": "completed",
        }
        for call_id, tool in served.calls()
    ]
    if served.reply.text or not items:
        part: Json = {"type": "output_text", "text": served.reply.text, "annotations": [], "logprobs": []}
        message = {"type": "message", "id": f"msg_{served.response_id}", "status": "completed", "role": "assistant"}
        items.insert(0, {**message, "content": [part]})
    return items


def _response_usage(served: Served) -> Json:
    return {
        "input_tokens": served.input_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": served.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": served.input_tokens + served.output_tokens,
    }


def anthropic_message(served: Served) -> Json:
    """Anthropic messages. Its clients want parsed arguments."""
    text: list[Json] = [{"type": "text", "text": served.reply.text}] if served.reply.text else []
    return {**_anthropic_head(served), "content": text + _anthropic_tools(served)}


def anthropic_events(served: Served) -> Iterator[Event]:
    """Anthropic message stream events."""
    usage = {"input_tokens": served.input_tokens, "output_tokens": 1}
    head: Json = {**_anthropic_head(served), "content": [], "stop_reason": None, "usage": usage}
    yield _named({"type": "message_start", "message": head})
    if served.reply.text:
        yield _named({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
        for piece in served.chunks():
            delta = {"type": "text_delta", "text": piece}
            yield _named({"type": "content_block_delta", "index": 0, "delta": delta})
        yield _named({"type": "content_block_stop", "index": 0})
    for index, block in enumerate(_anthropic_tools(served), 1 if served.reply.text else 0):
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield _named({"type": "content_block_start", "index": index, "content_block": {**block, "input": {}}})
        yield _named({"type": "content_block_delta", "index": index, "delta": delta})
        yield _named({"type": "content_block_stop", "index": index})
    stop = {"stop_reason": _ANTHROPIC_STOP[served.reply.reason], "stop_sequence": None}
    yield _named({"type": "message_delta", "delta": stop, "usage": {"output_tokens": served.output_tokens}})
    yield _named({"type": "message_stop"})


def _named(data: Json) -> Event:
    return data["type"], data


def _anthropic_head(served: Served) -> Json:
    return {
        "id": served.response_id,
        "type": "message",
        "role": "assistant",
        "model": served.response_model,
        "stop_reason": _ANTHROPIC_STOP[served.reply.reason],
        "stop_sequence": None,
        "usage": {"input_tokens": served.input_tokens, "output_tokens": served.output_tokens},
    }


def _anthropic_tools(served: Served) -> list[Json]:
    return [
        {"type": "tool_use", "id": call_id, "name": tool.name, "input": json.loads(tool.arguments)}
        for call_id, tool in served.calls()
    ]


def gemini_content(served: Served) -> Json:
    """Gemini generateContent. Its calls have no ids."""
    text: list[Json] = [{"text": served.reply.text}] if served.reply.text else []
    return _gemini(served, text + _gemini_tools(served), last=True)


def gemini_events(served: Served) -> Iterator[Event]:
    """Gemini streamGenerateContent: each event is a response of its own, the last one says why it ended."""
    parts: list[Json] = [{"text": piece} for piece in served.chunks()] + _gemini_tools(served)
    for number, part in enumerate(parts, 1):
        yield None, _gemini(served, [part], last=number == len(parts))
    if not parts:
        yield None, _gemini(served, [], last=True)


def _gemini_tools(served: Served) -> list[Json]:
    return [{"functionCall": {"name": t.name, "args": json.loads(t.arguments)}} for t in served.reply.tools]


def _gemini(served: Served, parts: list[Json], *, last: bool) -> Json:
    candidate: Json = {"index": 0, "content": {"role": "model", "parts": parts}}
    if last:
        candidate["finishReason"] = _GEMINI_STOP[served.reply.reason]
    usage = {
        "promptTokenCount": served.input_tokens,
        "candidatesTokenCount": served.output_tokens,
        "totalTokenCount": served.input_tokens + served.output_tokens,
    }
    return {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": served.response_model,
        "responseId": served.response_id,
    }


def embeddings(model: str, request: Mapping[str, Any]) -> Json:
    """OpenAI embeddings: a bag of words, hashed, so that texts that share words are near each other."""
    given = request.get("input")
    texts: Sequence[Any] = [given] if isinstance(given, str) else given or []
    packed = request.get("encoding_format") == "base64"
    rows = [_vector(str(text)) for text in texts]
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(row) if packed else row}
        for index, row in enumerate(rows)
    ]
    words = sum(len(str(text).split()) for text in texts)
    return {"object": "list", "data": data, "model": model, "usage": {"prompt_tokens": words, "total_tokens": words}}


def _vector(text: str) -> list[float]:
    row = [0.0] * _DIMENSIONS
    for word in text.lower().split():
        row[zlib.crc32(word.strip(".,?!:;").encode()) % _DIMENSIONS] += 1.0
    length = sum(value * value for value in row) ** 0.5 or 1.0
    return [value / length for value in row]


def _packed(row: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(row)}f", *row)).decode()
