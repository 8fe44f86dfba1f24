"""Records what real instrumentations send: runs each producer against the scripted model server and keeps its bodies.

    uv run python tests/recorded/record.py [producer ...]

Each producer runs in an environment of its own, made from `producers/requirements/<name>.txt`. Its request bodies go to
`bodies/<producer>/NNN-<scenario>-<signal>.binpb|json[.gz]`, and what the model server really said to `expected.json`
beside them. Without names all producers are recorded anew.
"""

import asyncio
import gzip
import itertools
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, Self

import msgspec
from aiohttp import web
from anonymise import anonymous

from otel_evals.testing.model_script import ModelReply, Rule, Served, ToolUse
from otel_evals.testing.model_server import ModelServer

_HERE: Final = Path(__file__).resolve().parent
_PRODUCERS: Final = _HERE / "producers"
_BODIES: Final = _HERE / "bodies"
_LARGE: Final = 4096
"""Bytes from which a body is kept compressed."""
_PATIENCE: Final = 600
"""Seconds that a producer may take, with the installation of its environment."""

sys.path.insert(0, str(_PRODUCERS))
from scenarios import NOTES, SCENARIOS, Scenario  # noqa: E402 - a script's neighbour, known only now


class Producer(msgspec.Struct, frozen=True, kw_only=True):
    """How to run one producer."""

    script: str
    requirements: str | None = None
    """Name of its requirements; None = the script's name with dashes."""
    mode: str = ""
    env: dict[str, str] = {}


_NEWEST: Final = {"OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental"}
_CAPTURE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_ON_SPANS: Final = {**_NEWEST, _CAPTURE: "SPAN_ONLY"}

PRODUCERS: Final = {
    "otel-openai-v2": Producer(script="otel_openai_v2", env={_CAPTURE: "true"}),
    "otel-openai-v2-span": Producer(script="otel_openai_v2", env=_ON_SPANS),
    "otel-openai-v2-event": Producer(script="otel_openai_v2", env={**_NEWEST, _CAPTURE: "EVENT_ONLY"}),
    "otel-openai-v2-off": Producer(script="otel_openai_v2"),
    "otel-genai-openai": Producer(script="otel_genai_openai", env=_ON_SPANS),
    "otel-genai-openai-responses": Producer(script="otel_genai_openai", mode="responses", env=_ON_SPANS),
    "otel-genai-anthropic": Producer(script="otel_genai_anthropic", env=_ON_SPANS),
    "otel-genai-langchain": Producer(script="otel_genai_langchain", env=_ON_SPANS),
    "otel-google-genai": Producer(script="otel_google_genai", env=_ON_SPANS),
    "openinference-openai": Producer(script="openinference_openai"),
    "openinference-openai-responses": Producer(script="openinference_openai", mode="responses"),
    "openinference-openai-off": Producer(
        script="openinference_openai",
        env={"OPENINFERENCE_HIDE_INPUTS": "true", "OPENINFERENCE_HIDE_OUTPUTS": "true"},
    ),
    "openinference-langchain": Producer(script="openinference_langchain"),
    "openinference-llama-index": Producer(script="openinference_llama_index"),
    "openinference-haystack": Producer(script="openinference_haystack"),
    "openinference-dspy": Producer(script="openinference_dspy"),
    "openinference-google-genai": Producer(script="openinference_google_genai"),
    "openinference-smolagents": Producer(script="openinference_smolagents"),
    "openinference-autogen": Producer(script="openinference_autogen"),
    "openinference-pydantic-ai": Producer(script="openinference_pydantic_ai"),
    "agent-framework": Producer(script="agent_framework_agents", env={**_NEWEST, "ENABLE_SENSITIVE_DATA": "true"}),
    "langsmith": Producer(script="langsmith_langchain"),
    "pydantic-ai": Producer(script="pydantic_ai_agents"),
    "pydantic-ai-off": Producer(script="pydantic_ai_agents", requirements="pydantic-ai", mode="off"),
    "logfire": Producer(script="logfire_openai"),
    "langfuse": Producer(script="langfuse_openai"),
    "openlit": Producer(script="openlit_openai"),
    "openllmetry-openai": Producer(script="openllmetry_openai"),
    "openllmetry-openai-off": Producer(script="openllmetry_openai", env={"TRACELOOP_TRACE_CONTENT": "false"}),
    "laminar": Producer(script="laminar_openai"),
    "semantic-kernel": Producer(
        script="semantic_kernel_chat",
        env={"SEMANTICKERNEL_EXPERIMENTAL_GENAI_ENABLE_OTEL_DIAGNOSTICS_SENSITIVE": "true"},
    ),
    "strands": Producer(script="strands_agents", env=_NEWEST),
    "google-adk": Producer(script="google_adk_agents", env={**_NEWEST, _CAPTURE: "EVENT_ONLY"}),
    "ai-sdk": Producer(script="ai_sdk"),
}


class Capture:
    """The OTLP/HTTP address that producers export to. Bodies are filed under the scenario that was announced last."""

    def __init__(self) -> None:
        self.bodies: list[tuple[str, str, bool, bytes]] = []
        """Scenario, signal, whether it is JSON, body."""
        self.exceptions: dict[str, str] = {}
        """What the application saw instead of an answer, by scenario."""
        self.starts: dict[str, int] = {}
        """Number of calls served before a scenario began."""
        self.server: ModelServer | None = None
        self._scenario = "before"
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/scenario/{name}", self._begin)
        app.router.add_post("/exception", self._note)
        app.router.add_post("/{path:.*}", self._take)
        app.router.add_get("/{path:.*}", self._empty)
        self._runner = web.AppRunner(app, access_log=None, auto_decompress=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _begin(self, request: web.Request) -> web.Response:
        self._scenario = request.match_info["name"]
        self.starts[self._scenario] = len(self.server.served) if self.server else 0
        return web.Response()

    async def _note(self, request: web.Request) -> web.Response:
        self.exceptions[self._scenario] = json.loads(await request.read())["type"]
        return web.Response()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        signal = request.path.rsplit("/", 1)[-1]
        if request.headers.get("Content-Encoding") == "gzip" or body.startswith(b"\x1f\x8b"):
            body = gzip.decompress(body)
        is_json = "json" in request.headers.get("Content-Type", "")
        if request.path.endswith(("/v1/traces", "/v1/logs")):
            self.bodies.append((self._scenario, signal, is_json, anonymous(signal, body, is_json=is_json)))
        if is_json:
            return web.json_response({})
        return web.Response(content_type="application/x-protobuf")

    async def _empty(self, _: web.Request) -> web.Response:
        return web.json_response({})


def rule(scenario: Scenario) -> Rule:
    """What the model server says in a scenario."""
    if scenario.status >= 400:
        refusal = ModelReply(status=scenario.status, message="Rate limit reached for requests", retry_after=0)
        return Rule(when=scenario.question, replies=(refusal,))
    answer = ModelReply(text=scenario.answer, finish=scenario.finish)  # pyright: ignore[reportArgumentType] - a plain str
    replies = [answer] if scenario.runs_tools else []
    if scenario.tools:
        tools = tuple(ToolUse(name=name, arguments=arguments) for name, arguments in scenario.tools)
        replies.insert(0, ModelReply(tools=tools))
    return Rule(when=scenario.question, replies=tuple(replies))


async def record(name: str, producer: Producer) -> str:
    """Record one producer anew; a sentence about what came of it."""
    async with Capture() as capture, ModelServer([rule(s) for s in SCENARIOS], id_seed=f"{name}-") as server:
        capture.server = server
        with tempfile.TemporaryDirectory() as folder:
            async with asyncio.timeout(_PATIENCE):
                code = await _run(producer, _environment(producer, capture, server), Path(folder))
        if code != 0:
            return f"{name}: FAILED with exit code {code}"
        return f"{name}: {_write(name, producer, capture, server.served)}"


async def _run(producer: Producer, env: dict[str, str], folder: Path) -> int:
    """Run it in an environment of its own; its exit code."""
    script = f"{producer.script}.mjs"
    if not (_PRODUCERS / script).exists():
        requirements = str(_requirements(producer))
        isolated = ["uv", "run", "--quiet", "--isolated", "--no-project", "--python", "3.11"]
        command = [*isolated, "--with-requirements", requirements, f"{producer.script}.py", producer.mode]
        return await (await asyncio.create_subprocess_exec(*command, env=env, cwd=_PRODUCERS)).wait()
    for name in (script, "package.json"):
        shutil.copy(_PRODUCERS / name, folder)
    install = ["npm", "install", "--silent", "--no-package-lock", "--no-audit", "--no-fund"]
    for command in (install, ["node", script, producer.mode]):
        code = await (await asyncio.create_subprocess_exec(*command, env=env, cwd=folder)).wait()
        if code != 0:
            break
    return code


def _requirements(producer: Producer) -> Path:
    names = [producer.requirements] if producer.requirements else []
    dashed = producer.script.replace("_", "-")
    names += [dashed, *(dashed.rsplit("-", count)[0] for count in range(1, dashed.count("-") + 1))]
    found = next(p for n in names if (p := _PRODUCERS / "requirements" / f"{n}.txt").exists())
    return found.relative_to(_PRODUCERS)


def _environment(producer: Producer, capture: Capture, server: ModelServer) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "VIRTUAL_ENV"))}
    return {
        **kept,
        "PYTHONPATH": "",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MODEL_URL": server.url,
        "OTEL_EXPORTER_OTLP_ENDPOINT": capture.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_SERVICE_NAME": "passenger-desk",
        "OTEL_RESOURCE_ATTRIBUTES": "service.version=1.4.0,deployment.environment.name=recording",
        "OTEL_NODE_RESOURCE_DETECTORS": "env",
        "OPENAI_API_KEY": "scripted",
        "OPENAI_BASE_URL": f"{server.url}/v1",
        "SCENARIOS": json.dumps([_told(scenario) for scenario in SCENARIOS]),
        **producer.env,
    }


def _told(scenario: Scenario) -> dict[str, Any]:
    told = {key: getattr(scenario, key) for key in ("name", "question", "messages", "stream", "json", "runs_tools")}
    return {
        **told,
        "system": scenario.system_with_notes,
        "tools": bool(scenario.tools),
        "kinds": sorted(scenario.kinds),
    }


def _write(name: str, producer: Producer, capture: Capture, served: list[Served]) -> str:
    folder = _BODIES / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, (scenario, signal, is_json, body) in enumerate(capture.bodies, 1):
        path = folder / f"{number:03}-{scenario}-{signal}.{'json' if is_json else 'binpb'}"
        if len(body) > _LARGE:
            path = path.with_name(f"{path.name}.gz")
            body = gzip.compress(body, mtime=0)  # noqa: PLW2901 - the same body, smaller
        path.write_bytes(body)
    (folder / "expected.json").write_text(json.dumps(_expected(producer, capture, served), indent=1) + "\n")
    size = sum(path.stat().st_size for path in folder.iterdir())
    return f"{len(capture.bodies)} bodies, {len(served)} calls, {size} bytes, exceptions {capture.exceptions}"


def _expected(producer: Producer, capture: Capture, served: list[Served]) -> dict[str, Any]:
    by_name = {scenario.name: scenario for scenario in SCENARIOS}
    starts = [*capture.starts.items(), ("end", len(served))]
    told: dict[str, Any] = {}
    for (name, begin), (_, end) in itertools.pairwise(starts):
        if (scenario := by_name.get(name)) is not None:
            told[name] = {
                "question": scenario.question,
                "notes": {note: NOTES[note] for note in scenario.notes},
                "fails": list(scenario.fails),
                "exception": capture.exceptions.get(name),
                "calls": [_call(call) for call in served[begin:end]],
            }
    return {"packages": _packages(producer), "scenarios": told}


def _call(served: Served) -> dict[str, Any]:
    reply, refused = served.reply, served.reply.status >= 400
    return {
        "api": served.api,
        "stream": served.stream,
        "status": reply.status,
        "request_model": served.request["model"],
        "response_model": None if refused else served.response_model,
        "response_id": None if refused else served.response_id,
        "text": None if refused else reply.text,
        "finish": None if refused else reply.reason,
        "tools": [[tool.name, tool.arguments] for tool in reply.tools],
        "input_tokens": None if refused else served.input_tokens,
        "output_tokens": None if refused else served.output_tokens,
    }


def _packages(producer: Producer) -> dict[str, str]:
    if (_PRODUCERS / f"{producer.script}.mjs").exists():
        return json.loads((_PRODUCERS / "package.json").read_text())["dependencies"]
    pinned = dict(line.split("==") for line in (_PRODUCERS / _requirements(producer)).read_text().split())
    wanted = (_PRODUCERS / _requirements(producer)).with_suffix(".in").read_text().split()
    names = [re.split(r"[\[<>=]", line)[0] for line in wanted]
    return {name: pinned[name] for name in names}


async def _main(names: list[str]) -> None:
    for name in names or PRODUCERS:
        print(await record(name, PRODUCERS[name]), flush=True)  # noqa: T201 - a command's own words


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
