import asyncio
import json
import re
import sys

import aiohttp
import pytest

from otel_evals.testing.judge_script import JudgeBehaviour, is_faulty, passes
from otel_evals.testing.judge_server import Drift, JudgeServer

SCHEMA = {"type": "object", "properties": {"grade": {"type": "string", "enum": ["bad", "middling", "good"]}}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "v", "schema": SCHEMA}}


def request(text: str, nonce: str = "0123456789abcdef", **fields):
    content = f"Code of this request: {nonce}\n{text}"
    return {"model": "m", "messages": [{"role": "user", "content": content}], "response_format": FORMAT, **fields}


async def ask(session, server, text, **fields):
    async with session.post(f"{server.url}/chat/completions", json=request(text, **fields)) as response:
        body = await response.json()
        return json.loads(body["choices"][0]["message"]["content"]), body


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as session:
        yield session


async def test_it_answers_by_the_marker_in_the_words_of_the_schema_and_echoes_the_nonce(session):
    async with JudgeServer() as server:
        verdict, body = await ask(session, server, "[truth:pass]", nonce="feedfacefeedface")
        assert (verdict["grade"], verdict["nonce"]) == ("good", "feedfacefeedface")
        assert (await ask(session, server, "[truth:fail]"))[0]["grade"] == "bad"
        assert body["usage"]["completion_tokens"] == 60
        assert server.asked[0].user.endswith("[truth:pass]")


def test_its_rates_of_error_are_the_ones_it_was_told():
    behaviour = JudgeBehaviour(tpr=0.85, tnr=0.90)
    good = sum(passes(f"{n} [truth:pass]", behaviour) for n in range(10_000)) / 10_000
    bad = sum(not passes(f"{n} [truth:fail]", behaviour) for n in range(10_000)) / 10_000
    # Four standard errors of 10 000 draws; the texts are fixed, so this never changes.
    assert good == pytest.approx(0.85, abs=0.0143)
    assert bad == pytest.approx(0.90, abs=0.012)


def test_a_verdict_depends_on_the_text_and_the_seed_and_not_on_the_nonce():
    behaviour = JudgeBehaviour(tpr=0.5)
    said = [passes(f"code {n:016x} same [truth:pass]", behaviour) for n in range(50)]
    assert len(set(said)) == 1
    seeds = [passes("same [truth:pass]", JudgeBehaviour(tpr=0.5, seed=str(n))) for n in range(50)]
    assert len(set(seeds)) == 2


def test_a_rate_of_faults_is_exact():
    behaviour = JudgeBehaviour(fault="status", fault_rate=0.3)
    assert sum(is_faulty(behaviour, count) for count in range(1, 1001)) == 300


async def test_it_drifts_after_a_number_of_calls(session):
    drift = Drift(behaviour=JudgeBehaviour(tpr=0.0), after_calls=2)
    async with JudgeServer(drift=drift) as server:
        grades = [(await ask(session, server, "[truth:pass]"))[0]["grade"] for _ in range(4)]
    assert grades == ["good", "good", "bad", "bad"]


async def test_it_is_told_to_change_and_tells_its_counts(session):
    async with JudgeServer() as server:
        control = server.url.replace("/v1", "/control")
        async with session.post(control, json={"fault": "status", "status": 503, "retry_after": "9"}) as response:
            assert response.status == 200
        async with session.post(f"{server.url}/chat/completions", json=request("x")) as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "9")
            assert response.headers["x-scripted-judge"] == "true"
        async with session.get(control) as response:
            report = await response.json()
        assert (report["scripted"], report["calls"], report["statuses"]) == (True, 1, {"503": 1})
        async with session.post(control, json={"fault": "no such fault"}) as response:
            assert response.status == 400


async def test_it_runs_as_a_program_that_says_that_it_is_scripted(session):
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "otel_evals.testing.judge_server", "--tpr", "0", "--set", "model=scripted-1",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        line = (await program.stdout.readline()).decode()
        assert "scripted" in line
        url = re.search(r"http://\S+", line)[0]
        async with session.post(f"{url}/chat/completions", json=request("[truth:pass]")) as response:
            body = await response.json()
        assert body["model"] == "scripted-1"
        assert '"bad"' in body["choices"][0]["message"]["content"]
    finally:
        program.terminate()
        assert await program.wait() == 0


async def test_single_models_may_err_differently_and_the_truth_may_come_from_a_function(session):
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "otel_evals.testing.judge_server", "--until-stdin-closes",
        "--truth", "otel_evals.testing.judge_script:marked_truth", "--for", "wrong", "tpr=0", "--for", "wrong", "tnr=0",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    url = re.search(r"http://\S+", (await program.stdout.readline()).decode())[0]
    said = {}
    for model in ("right", "wrong"):
        asked = request("[truth:pass]") | {"model": model}
        async with session.post(f"{url}/chat/completions", json=asked) as response:
            said[model] = (await response.json())["choices"][0]["message"]["content"]
    assert '"good"' in said["right"]
    assert '"bad"' in said["wrong"]
    program.stdin.close()
    assert await program.wait() == 0
