"""The rig of the process tests: a real `otel-evals processor`, senders that keep a ledger, and what must hold after.

A sender marks every span with a name of its own, sends again what was refused for now or not answered, and notes what
became of each try. `check` compares that ledger with what arrived at the next hop.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_evals.records.signal import Signal
from otel_evals.testing.builders import chat_attributes, make_span, traces_body
from otel_evals.testing.sinks import Script

LONG = bool(os.environ.get("OTEL_EVALS_LONG"))
"""Whether the long variants run."""
PATIENCE = 60.0
"""Seconds after which a test gives up waiting for something that should come."""
_LOOK = 0.05
_ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "134217728"}
"""What the program else starts itself anew for, which would double the time of every start."""
_RESULT = "gen_ai.evaluation.result"
_CHANNEL = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.enable_retries", 0),
)


async def until(condition: Callable[[], Any], what: str, timeout: float = PATIENCE) -> Any:  # noqa: ASYNC109 - a test's patience
    """The first true value of `condition` (or of what it awaits), looked at again and again."""
    try:
        async with asyncio.timeout(timeout):
            while True:
                found = condition()
                if isinstance(found, Awaitable):
                    found = await found
                if found:
                    return found
                await asyncio.sleep(_LOOK)
    except TimeoutError:
        raise AssertionError(f"not within {timeout} s: {what}") from None


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


class Processor:
    """One `otel-evals processor` on ports and a folder that stay the same over its restarts."""

    def __init__(self, folder: Path, forward: list[dict[str, Any]], **config: Any) -> None:
        self.folder = folder
        self.grpc, self.http, self.metrics = free_ports(3)
        self.config: dict[str, Any] = {
            "forward": forward,
            "data": str(folder / "data"),
            "shutdown": {"grace": "10s"},
            **config,
        }
        receive = self.config.setdefault("receive", {})
        receive.setdefault("grpc", {})["listen"] = f"127.0.0.1:{self.grpc}"
        receive.setdefault("http", {})["listen"] = f"127.0.0.1:{self.http}"
        self.config.setdefault("metrics", {}).update({"listen": f"127.0.0.1:{self.metrics}", "cache": "0s"})
        self.process: asyncio.subprocess.Process | None = None
        self.log = folder / "log.txt"

    @property
    def file(self) -> Path:
        return self.folder / "otel-evals.yaml"

    async def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        await self.launch()
        await until(self.is_ready, f"ready; it said: {self.said()[-2000:]}")

    async def launch(self) -> None:
        # JSON is YAML.
        await asyncio.to_thread(self.file.write_text, json.dumps(self.config))
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "otel_evals", "processor", "--config", str(self.file),
                stdout=log, stderr=log, env={**os.environ, **_ALLOCATOR},
            )  # fmt: skip

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def workers(self) -> list[int]:
        """Process ids of its workers."""
        found = []
        for entry in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            with suppress(OSError):
                if b"spawn_main" in Path(f"/proc/{entry}/cmdline").read_bytes():
                    found.append(int(entry))
        return found

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def send_signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def ended(self) -> int:
        assert self.process is not None
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()

    async def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
        await self.ended()

    async def stop(self) -> int:
        self.send_signal(signal.SIGTERM)
        return await self.ended()

    async def page(self, path: str) -> tuple[int, str]:
        """Status and text of a page of the metrics port; 0 when nobody answers."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{self.metrics}{path}") as answer,
            ):
                return answer.status, await answer.text()
        except aiohttp.ClientError:
            return 0, ""

    async def is_ready(self) -> bool:
        assert self.process is not None
        if self.process.returncode is not None:
            raise AssertionError(f"it ended with {self.process.returncode}: {self.said()[-2000:]}")
        return (await self.page("/readyz"))[0] == 200

    async def sums(self, name: str, **labels: str) -> dict[str, float]:
        """Values of an instrument's points on `/metrics`, by the text of their labels."""
        _, text = await self.page("/metrics")
        found: dict[str, float] = {}
        for line in text.splitlines():
            if line.startswith((name + "{", name + " ")):
                key, _, value = line.partition(" # ")[0].rpartition(" ")
                if all(f'{label}="{wanted}"' in key for label, wanted in labels.items()):
                    found[key] = float(value)
        return found

    async def spans(self) -> Counter[str]:
        """Spans by outcome, and those that wait."""
        counts: Counter[str] = Counter()
        for outcome in ("received", "forwarded", "refused", "failed"):
            counts[outcome] = int(sum((await self.sums("otel_evals_spans_total", otel_evals_outcome=outcome)).values()))
        counts["waiting"] = int(sum((await self.sums("otel_evals_waiting")).values()))
        return counts

    async def send(self, body: bytes) -> None:
        """Send one traces body over HTTP; it must be accepted."""
        headers = {"Content-Type": "application/x-protobuf"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"http://127.0.0.1:{self.http}/v1/traces", data=body, headers=headers) as answer,
        ):
            assert answer.status == 200, await answer.text()

    async def command(self, *words: str) -> str:
        """What a command of the program says about this processor; it must succeed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "otel_evals", *words, "--config", str(self.file), stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, said
        return said.decode()

    async def judge_ledger(self) -> Counter[str]:
        """Spans by outcome over all judges, with `seen` and `pending`, as the command says."""
        said = await self.command("judge", "ledger", "--format", "json")
        counts: Counter[str] = Counter()
        for judge in json.loads(said)["judges"]:
            counts.update({"seen": judge["seen"], "pending": judge["pending"], **judge["outcomes"]})
        return counts

    async def balanced(self) -> bool:
        """Whether received = forwarded + refused + failed + waiting."""
        counts = await self.spans()
        return counts["received"] == sum(counts.values()) - counts["received"]

    def memory(self) -> int:
        """Resident bytes of the whole process tree."""
        return sum(_resident(pid) for pid in (self.pid, *self.workers()))


def _resident(pid: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


class Ledger:
    """What became of every span."""

    def __init__(self) -> None:
        self.tries: Counter[str] = Counter()
        self.acknowledged: set[str] = set()
        self.refused: Counter[str] = Counter()
        self.unanswered: Counter[str] = Counter()
        self.given_up: set[str] = set()
        """Refused for good."""


class Sender:
    """Sends bodies of a few spans over both transports, on several connections at once, until it is told to stop."""

    def __init__(self, processor: Processor, *, lanes: int = 8, filler: int = 200, prefix: str = "s") -> None:
        self.ledger = Ledger()
        self.body = self.chat_body
        self._processor = processor
        self._lanes = lanes
        self._filler = "x" * filler
        self.prefix = prefix
        self._number = 0
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[Ledger]:
        """Send while the block runs, then until everything that is under way has its answer."""
        self._stop.clear()
        self._tasks = [asyncio.create_task(self._lane(lane)) for lane in range(self._lanes)]
        try:
            yield self.ledger
        finally:
            await self.finish()

    async def finish(self) -> None:
        """Send nothing new, and return when everything that is under way has its answer."""
        self._stop.set()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*self._tasks)

    async def some(self, spans: int) -> None:
        """Return when so many more spans are acknowledged."""
        wanted = len(self.ledger.acknowledged) + spans
        await until(lambda: len(self.ledger.acknowledged) >= wanted, f"{spans} more spans acknowledged")

    def chat_body(self, names: list[str], number: int) -> bytes:
        """One model call and plain spans beside it, each trace whole."""
        call, *plain = names
        spans = [make_span(chat_attributes(filler=self._filler), trace=number, span=1, name=call)]
        spans += [make_span({"n": i}, trace=number, span=i, name=name) for i, name in enumerate(plain, 2)]
        return traces_body(*spans)

    async def _lane(self, lane: int) -> None:
        send, close = (_over_grpc if lane % 2 else _over_http)(self._processor)
        try:
            while not self._stop.is_set():
                self._number += 1
                number = self._number
                names = [f"{self.prefix}-{number}-{i}" for i in range(1 + number % 4)]
                await self._until_answered(send, self.body(names, number), names)
        finally:
            await close()

    async def _until_answered(self, send: Callable[[bytes], Awaitable[str]], body: bytes, names: list[str]) -> None:
        ledger = self.ledger
        while True:
            ledger.tries.update(names)
            outcome = await send(body)
            if outcome == "ok":
                ledger.acknowledged.update(names)
                return
            if outcome == "final":
                ledger.given_up.update(names)
                return
            (ledger.refused if outcome == "retry" else ledger.unanswered).update(names)
            await asyncio.sleep(_LOOK)


def _over_http(processor: Processor) -> tuple[Callable[[bytes], Awaitable[str]], Callable[[], Awaitable[None]]]:
    session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))

    async def send(body: bytes) -> str:
        headers = {"Content-Type": "application/x-protobuf"}
        try:
            async with session.post(
                f"http://127.0.0.1:{processor.http}/v1/traces", data=body, headers=headers
            ) as answer:
                await answer.read()
                if answer.status == 200:
                    return "ok"
                return "retry" if answer.status in {429, 502, 503, 504} else "final"
        except (aiohttp.ClientError, TimeoutError, OSError):
            return "unanswered"

    return send, session.close


def _over_grpc(processor: Processor) -> tuple[Callable[[bytes], Awaitable[str]], Callable[[], Awaitable[None]]]:
    channel: Any = grpc.aio.insecure_channel(f"127.0.0.1:{processor.grpc}", options=_CHANNEL)
    export = channel.unary_unary(Signal.TRACES.grpc_method)

    async def send(body: bytes) -> str:
        try:
            await export(body, timeout=15)
        except grpc.aio.AioRpcError as error:
            if any(key == "grpc-status-details-bin" for key, _ in error.trailing_metadata() or ()):
                return "retry" if error.code() is grpc.StatusCode.UNAVAILABLE else "final"
            return "unanswered"
        return "ok"

    return send, channel.close


def arrived(*sinks: Script) -> dict[str, list[Any]]:
    """Every copy of every span that a next hop accepted, by name."""
    found: dict[str, list[Any]] = {}
    for sink in sinks:
        for request in sink.accepted:
            if request.signal is Signal.TRACES:
                message = ExportTraceServiceRequest.FromString(request.body)
                for resource_spans in message.resource_spans:
                    for scope_spans in resource_spans.scope_spans:
                        for span in scope_spans.spans:
                            found.setdefault(span.name, []).append(span)
    return found


def verdicts(span: Any) -> Counter[str]:
    """How often each evaluation stands on a span."""
    return Counter(
        attribute.value.string_value
        for event in span.events
        if event.name == _RESULT
        for attribute in event.attributes
        if attribute.key == "gen_ai.evaluation.name"
    )


async def all_arrive(ledger: Ledger, *sinks: Script) -> dict[str, list[Any]]:
    """(I1) What was acknowledged arrives; returns everything that has."""
    await until(lambda: ledger.acknowledged <= arrived(*sinks).keys(), "every acknowledged span arrives")
    return arrived(*sinks)


def check(ledger: Ledger, found: dict[str, list[Any]], *, resent: int = 0) -> None:
    """(I2) Doubled at most what was sent again, by the sender or, `resent` spans, by us; (I3) no verdict doubled."""
    doubled = {name: len(copies) - 1 for name, copies in found.items() if len(copies) > 1}
    beyond = {name: more - (ledger.tries[name] - 1) for name, more in doubled.items() if name in ledger.tries}
    assert sum(more for more in beyond.values() if more > 0) <= resent, beyond
    assert not found.keys() - ledger.tries.keys(), "spans that nobody sent"
    for name, copies in found.items():
        for span in copies:
            counts = verdicts(span)
            assert all(count == 1 for count in counts.values()), (name, counts)
            if name.endswith("-0"):
                assert counts, f"{name} left unevaluated"


def destination(sink: Script, **settings: Any) -> dict[str, Any]:
    """A destination in the configuration that tries again quickly."""
    return {"name": "next", "url": sink.url, "retry": {"initial": "50ms", "max": "500ms"}, **settings}
