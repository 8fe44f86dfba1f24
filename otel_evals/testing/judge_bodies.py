"""The bodies of a scripted judge's answers in the two forms of OpenAI's interface, and of its refusals."""

from typing import Any, Final

from otel_evals.testing.judge_script import Asked

_CREATED: Final = 1_780_000_000
_REFUSAL: Final = "I'm sorry, but I can't assist with that."


def answer_body(asked: Asked, text: str, number: int) -> dict[str, Any]:
    """A good answer that carries `text` in the form that was asked for."""
    body = _chat(asked, text, number) if asked.api == "chat" else _response(asked, text, number)
    behaviour = asked.behaviour
    if behaviour.usage:
        body["usage"] = _usage(asked)
    if behaviour.fault == "wrong_types":
        body["choices" if asked.api == "chat" else "output"] = {"0": "not a list"}
    return body


def error_body(message: str, *, code: str, param: str | None, kind: str = "invalid_request_error") -> dict[str, Any]:
    """A refusal as OpenAI writes it."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _chat(asked: Asked, text: str, number: int) -> dict[str, Any]:
    behaviour = asked.behaviour
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    finish = "length" if behaviour.fault == "cut" else "stop"
    if behaviour.fault == "refusal":
        message |= {"content": None, "refusal": _REFUSAL}
    elif asked.form == "tool" and not behaviour.ignores_form:
        call = {"id": f"call_{number}", "type": "function", "function": {"name": asked.tool, "arguments": text}}
        message |= {"content": None, "tool_calls": [call]}
    return {
        "id": f"chatcmpl-scripted-{number}",
        "object": "chat.completion",
        "created": _CREATED,
        "model": behaviour.model or asked.body.get("model"),
        "system_fingerprint": behaviour.fingerprint,
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
    }


def _response(asked: Asked, text: str, number: int) -> dict[str, Any]:
    behaviour = asked.behaviour
    cut = behaviour.fault == "cut"
    if asked.form == "tool" and not behaviour.ignores_form:
        item = {"type": "function_call", "id": f"fc_{number}", "name": asked.tool, "arguments": text}
    else:
        refused = behaviour.fault == "refusal"
        part = {"type": "refusal", "refusal": _REFUSAL} if refused else {"type": "output_text", "text": text}
        item = {"type": "message", "id": f"msg_{number}", "role": "assistant", "content": [part]}
    return {
        "id": f"resp_scripted_{number}",
        "object": "response",
        "created_at": _CREATED,
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "model": behaviour.model or asked.body.get("model"),
        "output": [{"type": "reasoning", "id": f"rs_{number}", "summary": []}, item],
    }


def _usage(asked: Asked) -> dict[str, Any]:
    behaviour = asked.behaviour
    tokens = behaviour.input_tokens
    into = (len(asked.system) + len(asked.user)) // 4 if tokens is None else tokens
    out = behaviour.output_tokens
    names = ("prompt", "completion") if asked.api == "chat" else ("input", "output")
    return {
        f"{names[0]}_tokens": into,
        f"{names[1]}_tokens": out,
        "total_tokens": into + out,
        f"{names[0]}_tokens_details": {"cached_tokens": behaviour.cached_tokens},
        f"{names[1]}_tokens_details": {"reasoning_tokens": 0},
    }
