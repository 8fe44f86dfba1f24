"""A scripted judge server, and judges whose pauses take no time."""

import asyncio
import itertools
import random

import pytest

from otel_evals.judges.cache import VerdictCache
from otel_evals.judges.client import ModelClient
from otel_evals.judges.llm import LlmJudge
from otel_evals.judges.prices import shipped_prices
from otel_evals.judges.settings import EndpointSettings, ModelSettings
from otel_evals.records.exchange import Choice, Exchange, Message
from otel_evals.records.judging import JudgeCase
from otel_evals.records.units import Duration, Secret
from otel_evals.rubrics.rubric import load_rubric
from otel_evals.testing.clock import ManualClock
from otel_evals.testing.judge_server import JudgeServer

KEY = "sk-THE-KEY-0123456789"
RUBRIC = """
name: grounded
title: Grounded
target: exchange
needs: [answer]
scale:
- {word: ungrounded, label: fail, score: 0.0, meaning: It says what the documents do not.}
- {word: grounded, label: pass, score: 1.0, meaning: It says what the documents say.}
text: Does the answer say what the documents say?
"""


class World:
    """One server and what talks to it."""

    def __init__(self, server: JudgeServer) -> None:
        self.server = server
        self.clock = ManualClock()
        self.slept: list[float] = []
        self.rubric = load_rubric(RUBRIC, "test")
        self._clients: list[ModelClient] = []
        self._nonces = (f"{number:016x}" for number in itertools.count(0xABCDEF0123456789))

    async def sleep(self, seconds: float) -> None:
        """Lets the clock go on instead of waiting."""
        self.slept.append(seconds)
        self.clock.advance(seconds)
        await asyncio.sleep(0)

    def client(self, *, url: str | None = None, **settings) -> ModelClient:
        """A client of the server, or of another address."""
        settings = {"timeout": Duration(20), "key_env": "ANY", **settings}
        client = ModelClient(
            EndpointSettings(url=url or self.server.url, **settings),
            clock=self.clock,
            rng=random.Random(1),  # noqa: S311 - spreads retries
            key=Secret(KEY),
            sleep=self.sleep,
        )
        self._clients.append(client)
        return client

    def judge(self, *clients: ModelClient, cache: VerdictCache | None = None, redact=str, **model) -> LlmJudge:
        """A judge over these endpoints, or a client of the server."""
        return LlmJudge(
            self.rubric,
            ModelSettings(**{"model": "gpt-4.1-mini", **model}),
            clients or [self.client()],
            prices=shipped_prices(),
            clock=self.clock,
            nonce=lambda: next(self._nonces),
            redact=redact,
            max_chars=24_000,
            cache=cache,
        )

    async def close(self) -> None:
        """Close all clients."""
        for client in self._clients:
            await client.close()


@pytest.fixture
async def world():
    async with JudgeServer() as server:
        world = World(server)
        yield world
        await world.close()


@pytest.fixture
def case():
    """Makes a case whose answer is this."""

    def make(answer: str = "It is blue. [truth:pass]") -> JudgeCase:
        return JudgeCase(
            exchange=Exchange(
                messages=(Message(role="user", text="What colour is it?"),),
                choices=(Choice(message=Message(role="assistant", text=answer)),),
            )
        )

    return make
