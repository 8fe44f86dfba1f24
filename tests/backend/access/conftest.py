"""People at their browsers: a backend where people log in, and browsers that do what browsers do."""

import re
from contextlib import AsyncExitStack

import httpx2
import pytest
from argon2 import PasswordHasher

from otel_evals_backend.access import users
from otel_evals_backend.access.passwords import Passwords
from otel_evals_backend.records import Role
from otel_evals_backend.settings import AccessSettings

PASSWORD = "a sentence of some length"
_FIELD = re.compile(r'name="csrf" value="([0-9a-f]{128})"')


class Browser:
    """Keeps cookies, says where its requests come from, sends forms with what their page holds."""

    def __init__(self, app, *, address="127.0.0.1", base="http://127.0.0.1:8000", headers=None):
        self.base = base
        self.client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app, client=(address, 5001), raise_app_exceptions=False),
            base_url=base,
            headers={"accept": "text/html", **(headers or {})},
        )

    async def get(self, path, **more):
        return await self.client.get(path, **more)

    async def token(self, path="/settings"):
        return _FIELD.search((await self.get(path)).text)[1]

    async def send(self, path, data=None, *, page=None, token=None, method="POST", origin=None, **more):
        """Send the form of `page` (by default the page at the same address)."""
        if token is None:
            token = await self.token(page or path)
        if "json" in more:
            more.setdefault("headers", {})["x-csrf-token"] = token
        else:
            more["data"] = {"csrf": token, **(data or {})}
        more.setdefault("headers", {})["origin"] = self.base if origin is None else origin
        return await self.client.request(method, path, **more)

    async def log_in(self, email, password=PASSWORD, *, token=None, **data):
        return await self.send("/login", {"email": email, "password": password, **data}, token=token)

    @property
    def cookies(self):
        return self.client.cookies


class Team:
    """A backend and those who use it."""

    def __init__(self, backend, stack):
        self.backend = backend
        self.app = backend.app
        self.context = backend.context
        self.clock = backend.clock
        self.invitation = backend.app.state.access.invitation
        self.passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        self.app.state.access.passwords = self.passwords
        self._stack = stack

    async def browser(self, **more):
        made = Browser(self.app, **more)
        await self._stack.enter_async_context(made.client)
        return made

    async def add(self, role, email, **more):
        async with self.context.database.write() as connection:
            return await users.create(
                connection,
                name=email.partition("@")[0],
                email=email,
                role=Role(role),
                now_ns=self.clock.time_ns(),
                password_hash=await self.passwords.hash(PASSWORD),
                **more,
            )

    async def person(self, role, email=None, **more):
        """A browser in which somebody of this role has logged in."""
        email = email or f"{role}@example.com"
        await self.add(role, email)
        made = await self.browser(**more)
        answer = await made.log_in(email)
        assert answer.status_code == 303
        return made

    async def tables(self, names):
        """All rows of some tables."""
        found = {}
        async with self.context.database.read() as connection:
            for table in names:
                rows = (await connection.execute(table.select())).all()
                found[table.name] = sorted(repr(tuple(row)) for row in rows)
        return found


@pytest.fixture
def open_team(open_backend):
    """`await open_team(hosts=…)`: a backend with log-in."""
    stack = AsyncExitStack()

    async def opener(*, access=None, **settings):
        made = await stack.enter_async_context(
            open_backend(access=AccessSettings(login=True, **(access or {})), **settings)
        )
        return Team(made, stack)

    opener.stack = stack
    return opener


@pytest.fixture
async def teams(open_team):
    async with open_team.stack:
        yield open_team


@pytest.fixture
async def team(teams):
    return await teams()
