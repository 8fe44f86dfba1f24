"""A real PostgreSQL for tests: one server a test worker, and a fresh database a test, copied from a template.

Needs Debian's package `postgresql-15` (its binaries; no cluster). Instead `OTEL_EVALS_POSTGRES=URL`, such as
`postgresql://USER@HOST/NAME`, names a running server whose user may create databases.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import URL, make_url

from otel_evals_backend.storage.database import Database
from otel_evals_backend.storage.migrate import migrate

_FOLDER = Path("/usr/lib/postgresql/15/bin")


class Server:
    """One running server, where tests make databases."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self._template: str | None = None
        self._made = 0

    def run(self, *statements: str) -> None:
        """Execute `statements`, each in a transaction of its own."""
        asyncio.run(self._run(statements))

    async def _run(self, statements) -> None:
        connection = await asyncpg.connect(self.address(self.url.database or "postgres"))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    def address(self, name: str) -> str:
        return self.url.set(database=name).render_as_string(hide_password=False)

    def create(self, template: str | None = None) -> str:
        """Name of a new database, empty or a copy of `template`."""
        self._made += 1
        name = f"evals_{os.getpid()}_{self._made}"
        self.run(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return name

    def drop(self, name: str) -> None:
        self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def template(self) -> str:
        """Name of a database that has the present schema and no rows."""
        if self._template is None:
            self._template = self.create()
            asyncio.run(_migrated(self.address(self._template).replace("postgresql://", "postgresql+asyncpg://")))
        return self._template


async def _migrated(address: str) -> None:
    database = Database(make_url(address))
    await database.open()
    try:
        await migrate(database)
    finally:
        await database.close()


class OwnServer(Server):
    """A server of our own, which can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        super().__init__(URL.create("postgresql", "evals", host="127.0.0.1", port=port, database="postgres"))
        self._folder = folder
        self._as = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self._as:
            shutil.chown(folder, "postgres")
        self._call("initdb", "-U", "evals", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
        self.start()

    def start(self) -> None:
        options = (
            f"-p {self.url.port} -k {self._folder} -c listen_addresses=127.0.0.1 -F -c full_page_writes=off "
            "-c shared_buffers=32MB -c max_connections=60"
        )
        self._call("pg_ctl", "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def stop(self, how: str = "immediate") -> None:
        """Stop it; `immediate` as a crash would."""
        self._call("pg_ctl", "-w", "-m", how, "stop")

    def _call(self, program: str, *arguments: str) -> None:
        command = [*self._as, str(_FOLDER / program), "-D", str(self._folder / "data"), *arguments]
        subprocess.run(command, check=True, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def absent() -> str | None:
    """Why there is no PostgreSQL here, if there is none."""
    if os.environ.get("OTEL_EVALS_POSTGRES") or (_FOLDER / "initdb").exists():
        return None
    return f"PostgreSQL did NOT run: no {_FOLDER} (apt-get install postgresql-15) and no OTEL_EVALS_POSTGRES"


@contextlib.contextmanager
def own_server():
    """A started server of our own, gone afterwards."""
    if not (_FOLDER / "initdb").exists():
        pytest.skip(f"PostgreSQL did NOT run: no {_FOLDER} (apt-get install postgresql-15)")
    with tempfile.TemporaryDirectory(prefix="evals-pg-") as folder:
        server = OwnServer(Path(folder))
        try:
            yield server
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):  # a test may have stopped it
                server.stop()


@contextlib.contextmanager
def server():
    """The server of this worker: the one that the environment names, or our own."""
    if reason := absent():
        pytest.skip(reason)
    if given := os.environ.get("OTEL_EVALS_POSTGRES"):
        made = Server(make_url(given).set(drivername="postgresql"))
        try:
            yield made
        finally:
            if made._template:
                made.drop(made._template)
        return
    with own_server() as made:
        yield made
