"""The scripted model server, asked over real HTTP in each vendor's way."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from otel_evals.testing.model_script import ModelReply, Rule, ToolUse
from otel_evals.testing.model_server import ModelServer

WEATHER = ModelReply(text="It is sunny in the harbour today, with little wind.", input_tokens=12, output_tokens=10)
TOOL = ModelReply(tools=(ToolUse(name="forecast", arguments='{"day": "today"}'),))
CUT = ModelReply(text="It is sun", finish="length")
BUSY = ModelReply(status=429, message="Too many requests.", retry_after=2)

ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "openai.chat": ("/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "How is it?"}]}),
    "openai.responses": ("/v1/responses", {"model": "m", "input": "How is it?"}),
    "anthropic.messages": ("/v1/messages", {"model": "m", "messages": [{"role": "user", "content": "How is it?"}]}),
    "gemini.generate_content": (
        "/v1beta/models/m:generateContent",
        {"contents": [{"role": "user", "parts": [{"text": "How is it?"}]}]},
    ),
}
_READ_TEXT = {
    "openai.chat": lambda body: body["choices"][0]["message"]["content"],
    "openai.responses": lambda body: body["output"][0]["content"][0]["text"],
    "anthropic.messages": lambda body: body["content"][0]["text"],
    "gemini.generate_content": lambda body: body["candidates"][0]["content"]["parts"][0]["text"],
}
_READ_FINISH = {
    "openai.chat": lambda body: body["choices"][0]["finish_reason"],
    "openai.responses": lambda body: (body["incomplete_details"] or {}).get("reason"),
    "anthropic.messages": lambda body: body["stop_reason"],
    "gemini.generate_content": lambda body: body["candidates"][0]["finishReason"],
}
_CUT_WORD = {
    "openai.chat": "length",
    "openai.responses": "max_output_tokens",
    "anthropic.messages": "max_tokens",
    "gemini.generate_content": "MAX_TOKENS",
}
_READ_DELTA = {
    "openai.chat": lambda event: event["choices"][0]["delta"].get("content") if event["choices"] else None,
    "openai.responses": lambda event: event.get("delta"),
    "anthropic.messages": lambda event: event.get("delta", {}).get("text"),
    "gemini.generate_content": lambda event: event["candidates"][0]["content"]["parts"][0]["text"],
}
_READ_TOOL = {
    "openai.chat": lambda body: body["choices"][0]["message"]["tool_calls"][0]["function"]["name"],
    "openai.responses": lambda body: body["output"][0]["name"],
    "anthropic.messages": lambda body: body["content"][0]["name"],
    "gemini.generate_content": lambda body: body["candidates"][0]["content"]["parts"][0]["functionCall"]["name"],
}
EVERY_API = pytest.mark.parametrize("api", list(ASKED))


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def always(reply: ModelReply) -> ModelServer:
    return ModelServer(default=reply)


async def ask(http: aiohttp.ClientSession, server: ModelServer, api: str) -> dict[str, Any]:
    path, body = ASKED[api]
    async with http.post(server.url + path, json=body) as answer:
        assert answer.status == 200
        return await answer.json()


@EVERY_API
async def test_an_answer_comes_in_the_shape_of_the_api(api: str, http: aiohttp.ClientSession) -> None:
    async with always(WEATHER) as server:
        assert _READ_TEXT[api](await ask(http, server, api)) == WEATHER.text
        (served,) = server.served
    assert (served.api, served.stream, served.request["model"]) == (api, False, "m")
    assert (served.input_tokens, served.output_tokens) == (12, 10)
    assert served.response_model == "m-2026-08-01"


@EVERY_API
async def test_a_cut_answer_says_so_in_the_word_of_the_api(api: str, http: aiohttp.ClientSession) -> None:
    async with always(CUT) as server:
        assert _READ_FINISH[api](await ask(http, server, api)) == _CUT_WORD[api]


@EVERY_API
async def test_a_tool_is_asked_for_in_the_shape_of_the_api(api: str, http: aiohttp.ClientSession) -> None:
    async with always(TOOL) as server:
        assert _READ_TOOL[api](await ask(http, server, api)) == "forecast"


@EVERY_API
async def test_the_pieces_of_a_stream_make_the_answer(api: str, http: aiohttp.ClientSession) -> None:
    path, body = ASKED[api]
    if api == "gemini.generate_content":
        path = path.replace("generateContent", "streamGenerateContent?alt=sse")
    else:
        body = {**body, "stream": True}
    async with always(WEATHER) as server, http.post(server.url + path, json=body) as answer:
        lines = [
            line.removeprefix("data: ") for line in (await answer.text()).splitlines() if line.startswith("data: ")
        ]
        assert server.served[0].stream
    pieces = [_READ_DELTA[api](json.loads(line)) for line in lines if line != "[DONE]"]
    assert "".join(piece for piece in pieces if isinstance(piece, str)) == WEATHER.text
    assert len([piece for piece in pieces if piece]) > 1


@EVERY_API
async def test_a_refusal_has_its_status_its_reason_and_when_to_come_back(api: str, http: aiohttp.ClientSession) -> None:
    path, body = ASKED[api]
    async with always(BUSY) as server, http.post(server.url + path, json=body) as answer:
        assert answer.status == 429
        assert answer.headers["Retry-After"] == "2"
        assert (await answer.json())["error"]["message"] == BUSY.message


async def chat(http: aiohttp.ClientSession, server: ModelServer, *turns: str) -> str:
    messages = [{"role": "user", "content": turn} for turn in turns]
    body = {"model": "m", "messages": messages}
    async with http.post(f"{server.url}/v1/chat/completions", json=body) as answer:
        assert answer.status == 200, await answer.text()
        return (await answer.json())["choices"][0]["message"]["content"]


async def test_replies_of_a_rule_come_one_after_the_other_and_the_last_stays(http: aiohttp.ClientSession) -> None:
    rule = Rule(when="again", replies=(ModelReply(text="one"), ModelReply(text="two")))
    async with ModelServer([rule]) as server:
        assert [await chat(http, server, "again") for _ in range(3)] == ["one", "two", "two"]


async def test_of_several_rules_the_newest_turn_decides(http: aiohttp.ClientSession) -> None:
    rules = [Rule(when=turn, replies=(ModelReply(text=f"to {turn}"),)) for turn in ("first", "second")]
    async with ModelServer(rules) as server:
        assert await chat(http, server, "first", "second") == "to second"
        assert await chat(http, server, "second", "first") == "to first"


async def test_a_request_that_no_rule_fits_is_refused(http: aiohttp.ClientSession) -> None:
    async with ModelServer() as server:
        body = {"model": "m", "messages": []}
        async with http.post(f"{server.url}/v1/chat/completions", json=body) as answer:
            assert answer.status == 400


async def test_a_function_may_decide_and_leave_the_rest_to_the_rules(http: aiohttp.ClientSession) -> None:
    def decide(_api: str, body: Any) -> ModelReply | None:
        return ModelReply(text="decided") if len(body["messages"]) > 1 else None

    async with ModelServer([Rule(when="x", replies=(ModelReply(text="ruled"),))], decide=decide) as server:
        assert await chat(http, server, "x", "x") == "decided"
        assert await chat(http, server, "x") == "ruled"


async def test_raw_bytes_are_passed_on_as_they_stand(http: aiohttp.ClientSession) -> None:
    path, body = ASKED["openai.chat"]
    async with always(ModelReply(raw=b"<html>")) as server, http.post(server.url + path, json=body) as answer:
        assert await answer.read() == b"<html>"


async def test_a_stream_of_chat_completions_tells_its_usage_only_when_asked(http: aiohttp.ClientSession) -> None:
    path, body = ASKED["openai.chat"]
    async with always(WEATHER) as server:
        for options, told in (({}, 0), ({"stream_options": {"include_usage": True}}, 1)):
            async with http.post(server.url + path, json={**body, "stream": True, **options}) as answer:
                assert (await answer.text()).count('"prompt_tokens": 12') == told


async def test_texts_that_share_words_are_embedded_near_each_other(http: aiohttp.ClientSession) -> None:
    body = {"model": "m", "input": ["the ferry leaves", "the ferry arrives", "dogs bark loudly"]}
    async with ModelServer() as server, http.post(f"{server.url}/v1/embeddings", json=body) as answer:
        ferry, other, dogs = [row["embedding"] for row in (await answer.json())["data"]]
    assert _cosine(ferry, other) > _cosine(ferry, dogs)
    assert _cosine(ferry, ferry) == pytest.approx(1)


def _cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
