"""A scripted judge server: real HTTP, OpenAI's two interfaces, known error rates. No model is behind it.

Tests and simulations run it in process (`async with JudgeServer(behaviour) as server`, point an endpoint at
`server.url`), the demo and benchmarks as a program:

    python -m otel_evals.testing.judge_server --port 9300 --tpr .85 --tnr .90 --latency 2

`--truth MODULE:FUNCTION` reads the truth by a function instead of the marker, `--for MODEL FIELD=JSON` lets one model
err differently, and `--until-stdin-closes` binds the program's life to whoever started it.

A running server is told to change with `POST /control` (fields of `JudgeBehaviour`), and tells its counts with
`GET /control`. Every answer carries `x-scripted-judge: true`.

A little above the usual length, as the server and its command line are one program that is started by this name; what
it answers and how it errs stand in `judge_script`, `judge_bodies` and `judge_faults`.
"""

import argparse
import asyncio
import contextlib
import importlib
import os
import random
import signal
import sys
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, Self

import msgspec
from aiohttp import web

from otel_evals.testing.judge_bodies import answer_body, error_body
from otel_evals.testing.judge_faults import TRANSPORT_FAULTS
from otel_evals.testing.judge_script import (
    Asked,
    JudgeBehaviour,
    Truth,
    is_faulty,
    latency,
    marked_truth,
    verdict_text,
)

_MARK: Final = {"x-scripted-judge": "true"}
_JSON: Final = {"Content-Type": "application/json"}


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """Another behaviour from a number of calls on, or from a moment on."""

    behaviour: JudgeBehaviour
    after_calls: int | None = None
    after_seconds: float | None = None
    """Since the server began."""


class JudgeServer:
    """Serves one behaviour on a port of the loopback address.

    Args:
        behaviour: how it answers; `server.behaviour = …` changes it at any time.
        drift: another behaviour later.
        models: behaviours of single models, by the name that is asked for, in place of `behaviour` and `drift`.
        truth: reads the truth from what is judged; by the marker unless told otherwise.
        port: 0 = any free one.
        keep: requests kept in `asked`, the newest.
        seed: of the latencies.
    """

    def __init__(
        self,
        behaviour: JudgeBehaviour | None = None,
        *,
        drift: Drift | None = None,
        models: Mapping[str, JudgeBehaviour] | None = None,
        truth: Truth = marked_truth,
        host: str = "127.0.0.1",
        port: int = 0,
        keep: int = 1000,
        seed: int = 0,
    ) -> None:
        self.behaviour = behaviour or JudgeBehaviour()
        self.next: deque[JudgeBehaviour] = deque()
        """Behaviours of the next requests, one each, before `behaviour` holds again."""
        self.asked: deque[Asked] = deque(maxlen=keep)
        self.calls = 0
        self.under_way = 0
        self.most_under_way = 0
        self.statuses: Counter[int] = Counter()
        self.host = host
        self.port = port
        self._drift = drift
        self._models = dict(models or {})
        self._truth = truth
        self._rng = random.Random(seed)  # noqa: S311 - spreads latencies
        self._runner: web.AppRunner | None = None
        self._started = 0.0
        self._called = asyncio.Event()

    @property
    def url(self) -> str:
        """Base address of the API."""
        return f"http://{self.host}:{self.port}/v1"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/v1/chat/completions", self._on_chat)
        app.router.add_post("/v1/responses", self._on_responses)
        app.router.add_get("/control", self._on_report)
        app.router.add_post("/control", self._on_control)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.0, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.port).start()
        self.port = self._runner.addresses[0][1]
        self._started = asyncio.get_running_loop().time()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def called(self, times: int) -> None:
        """Wait until there have been so many calls."""
        while self.calls < times:
            self._called.clear()
            await self._called.wait()

    async def _on_chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        texts = {"system": "", "user": ""}
        for message in body["messages"]:
            texts[message["role"]] = texts.get(message["role"], "") + str(message["content"])
        return await self._serve(request, "chat", body, texts["system"], texts["user"])

    async def _on_responses(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        system, user = str(body.get("instructions", "")), str(body["input"])
        return await self._serve(request, "responses", body, system, user)

    def _turn(self, model: str) -> JudgeBehaviour:
        """The behaviour of the request that has just come and asks `model`."""
        self.calls += 1
        self._called.set()
        if self.next:
            return self.next.popleft()
        behaviour = self._models.get(model)
        if behaviour is None:
            drifted = self._drift is not None and self._has_drifted(self._drift)
            behaviour = self._drift.behaviour if self._drift is not None and drifted else self.behaviour
        return behaviour if is_faulty(behaviour, self.calls) else msgspec.structs.replace(behaviour, fault="none")

    def _has_drifted(self, drift: Drift) -> bool:
        elapsed = asyncio.get_running_loop().time() - self._started
        return (drift.after_calls is not None and self.calls > drift.after_calls) or (
            drift.after_seconds is not None and elapsed >= drift.after_seconds
        )

    async def _serve(
        self, request: web.Request, api: Literal["chat", "responses"], body: Mapping[str, Any], system: str, user: str
    ) -> web.StreamResponse:
        asked = Asked(
            api=api,
            path=request.path_qs,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
            system=system,
            user=user,
            behaviour=self._turn(str(body.get("model", ""))),
        )
        self.asked.append(asked)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(latency(asked.behaviour, self._rng))
            response = await self._answer(request, asked)
            self.statuses[response.status] += 1
            return response
        finally:
            self.under_way -= 1

    async def _answer(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        behaviour = asked.behaviour
        headers = {**_MARK, **_JSON, **behaviour.headers}
        if (refused := asked.refused) is not None:
            message = f"Unsupported parameter: '{refused}' is not supported with this model."
            told = error_body(message, code="unsupported_parameter", param=refused)
            return web.Response(body=msgspec.json.encode(told), status=400, headers=headers)
        if behaviour.fault == "status":
            return _status(behaviour, headers)
        content = msgspec.json.encode(answer_body(asked, verdict_text(asked, self._truth), self.calls))
        if (misbehave := TRANSPORT_FAULTS.get(behaviour.fault)) is not None:
            return await misbehave(request, behaviour, content, headers)
        return web.Response(body=content, headers=headers)

    async def _on_report(self, _: web.Request) -> web.StreamResponse:
        report = {
            "scripted": True,
            "calls": self.calls,
            "under_way": self.under_way,
            "most_under_way": self.most_under_way,
            "statuses": {str(status): count for status, count in self.statuses.items()},
            "behaviour": self.behaviour,
        }
        return web.Response(body=msgspec.json.encode(report), headers={**_MARK, **_JSON})

    async def _on_control(self, request: web.Request) -> web.StreamResponse:
        """Change fields of the behaviour; the others stay."""
        try:
            now = msgspec.to_builtins(self.behaviour)
            self.behaviour = msgspec.convert({**now, **(await request.json())}, JudgeBehaviour)
        except (msgspec.ValidationError, ValueError, TypeError) as error:
            return web.Response(text=f"{error}\n", status=400, headers=_MARK)
        return await self._on_report(request)


def _status(behaviour: JudgeBehaviour, headers: dict[str, str]) -> web.Response:
    if behaviour.retry_after is not None:
        headers = {**headers, "Retry-After": behaviour.retry_after}
    told = error_body(behaviour.error_message, code=behaviour.error_code, param=behaviour.error_param)
    return web.Response(body=msgspec.json.encode(told), status=behaviour.status, headers=headers)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m otel_evals.testing.judge_server", description="A scripted judge server: no model is behind it."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 = any free one, printed at the start")
    parser.add_argument("--tpr", type=float, default=1.0, help="probability that a truly good text passes")
    parser.add_argument("--tnr", type=float, default=1.0, help="probability that a truly bad text fails")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before an answer")
    parser.add_argument("--latency-sigma", type=float, default=0.0, help="spread of a lognormal latency, 0 = fixed")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=JSON", help="any field of JudgeBehaviour")
    parser.add_argument(
        "--for", dest="models", action="append", nargs=2, default=[], metavar=("MODEL", "FIELD=JSON"),
        help="a field of JudgeBehaviour for requests that ask this model",
    )  # fmt: skip
    parser.add_argument("--truth", metavar="MODULE:FUNCTION", help="reads the truth from a judged text")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when standard input does")
    parser.add_argument("--drift-calls", type=int, help="number of calls after which it drifts")
    parser.add_argument("--drift-seconds", type=float, help="seconds after which it drifts")
    parser.add_argument("--drift-tpr", type=float, default=0.5, help="its tpr then")
    parser.add_argument("--drift-tnr", type=float, default=0.5, help="its tnr then")
    return parser


def _behaviour(arguments: argparse.Namespace) -> JudgeBehaviour:
    fields: dict[str, Any] = {name: getattr(arguments, name) for name in ("tpr", "tnr", "latency", "latency_sigma")}
    return msgspec.convert(fields | dict(map(_field, arguments.set)), JudgeBehaviour)


def _field(pair: str) -> tuple[str, Any]:
    name, _, value = pair.partition("=")
    try:
        return name, msgspec.json.decode(value)
    except msgspec.DecodeError:
        return name, value


def _models(arguments: argparse.Namespace, others: JudgeBehaviour) -> dict[str, JudgeBehaviour]:
    """Behaviours of single models: that of the others, but for the fields that are set for them."""
    found: dict[str, JudgeBehaviour] = {}
    for model, pair in arguments.models:
        fields = msgspec.to_builtins(found.get(model, others)) | dict([_field(pair)])
        found[model] = msgspec.convert(fields, JudgeBehaviour)
    return found


def _truth(named: str | None) -> Truth:
    if named is None:
        return marked_truth
    module, _, function = named.partition(":")
    truth: Truth = getattr(importlib.import_module(module), function)
    return truth


async def _run(arguments: argparse.Namespace) -> None:
    behaviour = _behaviour(arguments)
    drift = None
    if arguments.drift_calls is not None or arguments.drift_seconds is not None:
        then = msgspec.structs.replace(behaviour, tpr=arguments.drift_tpr, tnr=arguments.drift_tnr)
        drift = Drift(behaviour=then, after_calls=arguments.drift_calls, after_seconds=arguments.drift_seconds)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = JudgeServer(
        behaviour,
        drift=drift,
        models=_models(arguments, behaviour),
        truth=_truth(arguments.truth),
        host=arguments.host,
        port=arguments.port,
        keep=16,
    )
    if arguments.until_stdin_closes:
        asyncio.get_running_loop().add_reader(sys.stdin, _end_with_stdin, stop)
    async with server:
        sys.stdout.write(f"scripted judge (no model) at {server.url}\n")
        sys.stdout.flush()
        await stop.wait()


def _end_with_stdin(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1 << 16):
        asyncio.get_running_loop().remove_reader(sys.stdin)
        stop.set()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted."""
    asyncio.run(_run(_arguments().parse_args(arguments)))


if __name__ == "__main__":
    main()
