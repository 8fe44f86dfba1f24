"""A double of the model vendors' servers: real HTTP, scripted answers. No model is behind it.

It speaks OpenAI's chat completions, responses and embeddings, Anthropic's messages and Gemini's generateContent, whole
and streamed, so that the vendors' real clients and the frameworks above them run against it. Life cycle: `async with
ModelServer(rules) as server`, point a client at `server.url`, read `server.served` afterwards.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Self

from aiohttp import web

from otel_evals.testing import model_apis
from otel_evals.testing.model_script import Api, ModelReply, Rule, Script, Served

Decide = Callable[[Api, Mapping[str, Any]], ModelReply | None]
"""Chooses a reply by the request; None leaves it to the rules."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_BODIES: Final[dict[Api, Callable[[Served], dict[str, Any]]]] = {
    "openai.chat": model_apis.chat_completion,
    "openai.responses": model_apis.response,
    "anthropic.messages": model_apis.anthropic_message,
    "gemini.generate_content": model_apis.gemini_content,
}
_EVENTS: Final[dict[Api, Callable[[Served], Iterator[model_apis.Event]]]] = {
    "openai.chat": model_apis.chat_completion_events,
    "openai.responses": model_apis.response_events,
    "anthropic.messages": model_apis.anthropic_events,
    "gemini.generate_content": model_apis.gemini_events,
}
_ID_PREFIX: Final[dict[Api, str]] = {
    "openai.chat": "chatcmpl-",
    "openai.responses": "resp_",
    "openai.embeddings": "emb-",
    "anthropic.messages": "msg_",
    "gemini.generate_content": "gem-",
}
_NO_RULE: Final = ModelReply(status=400, message="no rule of the script fits this request")


class ModelServer:
    """Serves a script on a free port of the loopback address.

    `default` is replied when no rule fits: a 400 unless told otherwise, so that a wrong script is noticed. `decide`
    overrides the rules. `id_seed` is part of every response id, so that ids of several servers differ.
    """

    def __init__(
        self,
        rules: Sequence[Rule] = (),
        *,
        default: ModelReply = _NO_RULE,
        decide: Decide | None = None,
        port: int = 0,
        id_seed: str = "",
    ) -> None:
        self.served: list[Served] = []
        self.port = port
        self._script = Script(rules, default)
        self._decide = decide
        self._id_seed = id_seed
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Root of all APIs; OpenAI's clients want `/v1` behind it."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/v1/chat/completions", self._generation("openai.chat"))
        app.router.add_post("/v1/responses", self._generation("openai.responses"))
        app.router.add_post("/v1/messages", self._generation("anthropic.messages"))
        app.router.add_post("/{version}/models/{model}:{verb}", self._generation("gemini.generate_content"))
        app.router.add_post("/v1/embeddings", self._embeddings)
        app.router.add_get("/v1/models", _models)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.0, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _generation(self, api: Api) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = await request.json()
            body.setdefault("model", request.match_info.get("model"))
            stream = bool(body.get("stream")) or request.match_info.get("verb", "").startswith("stream")
            served = self._serve(api, body, stream=stream)
            reply = served.reply
            if reply.delay:
                await asyncio.sleep(reply.delay)
            headers = {} if reply.retry_after is None else {"Retry-After": f"{reply.retry_after:g}"}
            if reply.raw is not None:
                return web.Response(body=reply.raw, status=reply.status, headers=headers)
            if reply.status >= 400:
                refused = model_apis.refusal(api, reply.status, reply.message)
                return web.json_response(refused, status=reply.status, headers=headers)
            if stream:
                return await _stream(request, served, done=api == "openai.chat")
            return web.json_response(_BODIES[api](served), headers=headers)

        return handle

    def _serve(self, api: Api, body: Mapping[str, Any], *, stream: bool) -> Served:
        text = json.dumps(body, ensure_ascii=False)
        reply = self._decide(api, body) if self._decide else None
        when = None
        if reply is None:
            when, reply = self._script.choose(text)
        said = len(reply.text.split()) + sum(len(tool.arguments.split()) + 1 for tool in reply.tools)
        served = Served(
            api=api,
            request=body,
            stream=stream,
            reply=reply,
            when=when,
            response_id=f"{_ID_PREFIX[api]}{self._id_seed}{len(self.served):04d}",
            response_model=reply.model or f"{body.get('model')}-2026-08-01",
            input_tokens=len(text.split()) if reply.input_tokens is None else reply.input_tokens,
            output_tokens=said if reply.output_tokens is None else reply.output_tokens,
        )
        self.served.append(served)
        return served

    async def _embeddings(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        return web.json_response(model_apis.embeddings(str(body.get("model")), body))


async def _stream(request: web.Request, served: Served, *, done: bool) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    for name, data in _EVENTS[served.api](served):
        line = f"event: {name}\n" if name else ""
        await response.write(f"{line}data: {json.dumps(data)}\n\n".encode())
    if done:
        await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


async def _models(_: web.Request) -> web.StreamResponse:
    model = {"id": "gpt-4o-mini", "object": "model", "created": model_apis.CREATED, "owned_by": "scripted"}
    return web.json_response({"object": "list", "data": [model]})
