"""Real Chromium against a real server with data in it.

`visit("/path", width=360, scheme="dark")` opens a page and asserts what holds for every page: no error on the console
(a breach of the content policy is one), no request to another host, nothing wider than the screen, nothing that axe
objects to. Skipped, saying so, where there is no Chromium.
"""

import asyncio
import random
import shutil
import threading
from pathlib import Path

import httpx2
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from otel_evals_backend.app import create_app
from otel_evals_backend.settings import BackendSettings
from tests.backend import traffic
from tests.backend.conftest import Clock

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def pytest_collection_modifyitems(items):
    """Give all of them to one worker, one after the other: browser and server are started once a module."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


_WIDE = """() => [...document.querySelectorAll("body *")]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth)
  .map((one) => `${one.tagName}.${one.className} ${Math.round(one.getBoundingClientRect().right)}`).slice(0, 12)"""
"""What reaches beyond the screen: told when something does."""


class Server:
    """A backend on a port of its own, in a thread."""

    def __init__(self, folder: Path, **settings) -> None:
        self.clock = Clock()
        rng = random.Random(7)  # noqa: S311 - no secret
        self.app = create_app(BackendSettings(**settings), folder=folder, clock=self.clock, rng=rng)
        self._server = uvicorn.Server(uvicorn.Config(self.app, host="127.0.0.1", port=0, log_level="warning"))
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> "Server":
        self._thread.start()
        assert self._ready.wait(30)
        return self

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def send(self, *bodies: traffic.Body) -> None:
        with httpx2.Client(base_url=self.address, timeout=60) as client:
            for body in bodies:
                answer = client.post(body.path, content=body.data, headers={"content-type": "application/x-protobuf"})
                assert answer.status_code == 200, answer.text

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(30)

    def _run(self) -> None:
        async def serve() -> None:
            startup = self._server.startup

            async def started(*arguments, **more) -> None:
                await startup(*arguments, **more)
                self._ready.set()

            self._server.startup = started
            await self._server.serve()

        asyncio.run(serve())


@pytest.fixture(scope="module")
def chromium():
    """The browser. Of a module, not of the session: while it is open its event loop runs, and no other could."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no chromium on the path: pages are not looked at (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def empty_server(tmp_path_factory):
    """A backend that has never received anything."""
    server = Server(tmp_path_factory.mktemp("empty")).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A backend with a week of everyday traffic, judges, feedback, and people's labels."""
    server = Server(tmp_path_factory.mktemp("backend")).start()
    calls = traffic.crowd(1500, hours=24 * 6)
    server.send(*(traffic.traces(*calls[i : i + 250]) for i in range(0, len(calls), 250)))
    judged = [call for call in calls if call.coverage == "judged"][:60]
    server.send(*(traffic.late(call, traffic.human("faithfulness", "pass"), cost=None, lag=None) for call in judged))
    server.send(*(traffic.feedback(call, "thumbs_down") for call in calls[:40]))
    yield server
    server.stop()


class Visitor:
    """Opens pages and holds every one of them to what holds for all."""

    def __init__(self, chromium, server: Server) -> None:
        self._browser = chromium
        self.server = server
        self._contexts = []

    def __call__(
        self, path: str, *, server: Server | None = None, width: int = 1280, scheme: str = "light", script: bool = True,
        forced: bool = False, axe: bool = True,
    ) -> Page:  # fmt: skip
        server = server or self.server
        context = self._browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            forced_colors="active" if forced else "none",
            java_script_enabled=script,
            base_url=server.address,
        )
        context.set_default_timeout(15_000)
        self._contexts.append(context)
        page = context.new_page()
        page.errors, page.hosts = [], set()
        page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("request", lambda request: page.hosts.add(request.url.split("/")[2]))
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        page.wait_for_load_state("networkidle")
        self.check(page, axe=axe and script)
        return page

    def check(self, page: Page, *, axe: bool = True) -> None:
        """What holds for every page, at any moment."""
        assert page.errors == []
        assert page.hosts <= {self.server.address.split("/")[2], page.url.split("/")[2]}
        if axe:
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.evaluate(_WIDE)
            found = Axe().run(page).response["violations"]
            assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def visit(chromium, server):
    visitor = Visitor(chromium, server)
    yield visitor
    visitor.close()
