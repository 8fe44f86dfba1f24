"""The command line against a scripted judge server over real HTTP."""

import asyncio
import json

import pytest

from otel_evals import cli
from otel_evals.testing.example_truth import example_truth
from otel_evals.testing.judge_script import marked_truth
from otel_evals.testing.judge_server import JudgeServer


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OTEL_EVALS_CONFIG", raising=False)
    return tmp_path


@pytest.fixture
async def server():
    """A judge that knows the truth of the rubrics' examples, and of what is marked."""

    def truth(text):
        known = example_truth(text)
        return marked_truth(text) if known is None else known

    async with JudgeServer(truth=truth) as server:
        yield server


@pytest.fixture
def run(capsys):
    """Runs a verb of `otel-evals judge` beside the server; exit code, standard output and standard error."""

    async def run(*arguments):
        code = await asyncio.to_thread(cli.main, ["judge", *(str(one) for one in arguments)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
def run_json(run):
    """The same, with the report as an object."""

    async def run_json(*arguments):
        code, out, _ = await run(*arguments, "--format", "json")
        return code, json.loads(out)

    return run_json
