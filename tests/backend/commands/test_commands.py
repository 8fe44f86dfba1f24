"""The commands of `otel-evals backend`, as its users run them, on a database that a backend has filled."""

import asyncio
import logging
from contextlib import redirect_stdout
from io import StringIO

import pytest

from otel_evals import cli
from tests.backend.traffic import Call, check, feedback, send, traces

TRACES = 5


@pytest.fixture
def command(capsys, monkeypatch, tmp_path, database_address):
    """Runs a command on the database of the test; exit code, and all that it said."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, database: str | None = database_address, folder: str = ".") -> tuple[int, str]:
        address = ("--database", database) if database else ()
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        try:
            code = cli.main(["backend", "--data", folder, *address, *words])
        finally:
            root.handlers[:] = handlers
            root.setLevel(level)
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture
async def filled(open_backend):
    """A database that holds some calls and what a user said of them; no backend runs any more."""
    calls = [Call(number=n, conversation=f"c{n}", results=(check("pii", "fail"),)) for n in range(1, TRACES + 1)]
    async with open_backend() as backend:
        for call in calls:
            await send(backend, traces(call), feedback(call, "thumbs_down", comment="No."))
    return calls


def in_thread(run, *words, **more):
    """The command line starts a loop of its own, which a test's own loop does not bear."""
    return asyncio.to_thread(run, *words, **more)


async def test_a_backup_restored_elsewhere_is_the_same(filled, command):
    code, said = await in_thread(command, "backup", "all.backup")
    assert code == 0, said
    assert f"{TRACES} spans" in said
    code, said = await in_thread(command, "restore", "all.backup", database=None, folder="elsewhere")
    assert code == 0, said
    one, other = await in_thread(command, "check"), await in_thread(command, "check", database=None, folder="elsewhere")
    assert one == other
    assert one[0] == 0
    code, said = await in_thread(command, "restore", "all.backup", database=None, folder="elsewhere")
    assert (code, said.count("\n")) == (2, 1)
    assert (await in_thread(command, "restore", "all.backup", "--replace", database=None, folder="elsewhere"))[0] == 0


async def test_a_backup_does_not_take_the_place_of_a_file(filled, command, tmp_path):
    (tmp_path / "kept").write_text("mine")
    assert await in_thread(command, "backup", "kept") == (
        2, "otel-evals: kept is there already: name another file\n",
    )  # fmt: skip
    assert (tmp_path / "kept").read_text() == "mine"


async def test_what_is_erased_is_gone_and_the_sums_are_right(filled, command):
    first, second, third = filled[:3]
    trace, span = second.trace_id.hex(), f"{third.trace_id.hex()}:{third.span_id.hex()}"
    words = ("--conversation", first.conversation, "--trace", trace, "--span", span)
    code, said = await in_thread(command, "erase", *words)
    assert code == 0, said
    assert "3 spans" in said
    code, said = await in_thread(command, "check")
    assert code == 0, said
    assert f"{TRACES - 3} spans" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("erase",), "name what is to be erased"),
        (("erase", "--trace", "12"), "--trace: write 32 hex digits"),
        (("erase", "--trace", "x" * 32), "--trace: write 32 hex digits"),
        (("erase", "--span", "a" * 32), "--span: write TRACE:SPAN"),
        (("restore", "nothing"), "there is no file nothing"),
    ],
)
def test_a_wrong_wish_is_told_in_a_line(command, words, message):
    code, said = command(*words)
    assert code == 2
    assert message in said
    assert said.count("\n") == 1


def test_a_database_is_made_by_command_and_found_whole(command):
    code, said = command("check", database=None, folder="new")
    assert code == 1
    assert "start it once to upgrade" in said
    assert command("migrate", database=None, folder="new")[0] == 0
    assert command("check", database=None, folder="new")[0] == 0


def test_every_command_has_help(capsys):
    for name in ("migrate", "backup", "restore", "check", "erase"):
        with redirect_stdout(StringIO()) as said, pytest.raises(SystemExit) as ended:
            cli.main(["backend", name, "--help"])
        assert ended.value.code == 0
        assert "--database" in said.getvalue()
