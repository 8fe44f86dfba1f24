"""Asks models behind one OpenAI-compatible endpoint, with manners.

One `ModelClient` an endpoint and process, shared by all judges that use it, so that concurrency, pauses and the circuit
breaker are the endpoint's. `complete` ends within the endpoint's total deadline with a Completion or a CallFailure.
"""

import asyncio
import logging
import random
import ssl
from collections.abc import Mapping
from typing import Any, Final

import httpx2
import msgspec
import openai

from otel_evals.judges import failures
from otel_evals.judges.breaker import Breaker
from otel_evals.judges.capabilities import Capabilities
from otel_evals.judges.connection import open_client
from otel_evals.judges.failures import CallFailure
from otel_evals.judges.limits import Limiter, Paused, Sleep
from otel_evals.judges.manners import backoff, retry_after, spent_for
from otel_evals.judges.refusals import read_refusal
from otel_evals.judges.replies import Completion, read_reply
from otel_evals.judges.requests import PATHS, body, parameters
from otel_evals.judges.settings import EndpointSettings, ModelSettings
from otel_evals.judges.transport import UnusableBody
from otel_evals.records.clock import Clock
from otel_evals.records.units import Secret
from otel_evals.rubrics.question import Question

_LOG: Final = logging.getLogger(__name__)
_REFUSING: Final = frozenset({400, 422, 501})
"""Statuses by which endpoints refuse a parameter."""
_QUIET_SECONDS: Final = 300.0
"""Between two log lines on one kind of failure."""


class ModelClient:
    """The client of one endpoint.

    Args:
        settings: the endpoint.
        key: its key; None when it wants none.
        headers: values of `settings.headers_env` by header.
        clock: for deadlines, pauses and dates in headers.
        rng: spreads retries.
        sleep: `asyncio.sleep`, or a test's.

    Raises:
        ConfigurationError: the key is no text for a header, or `ca_file` cannot be read.
    """

    def __init__(
        self,
        settings: EndpointSettings,
        *,
        clock: Clock,
        rng: random.Random,
        key: Secret | None = None,
        headers: Mapping[str, Secret] | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.settings = settings
        self.label = settings.label
        self.breaker = Breaker(settings.breaker, clock)
        self.limiter = Limiter(settings.concurrency, settings.requests_per_minute, clock=clock, sleep=sleep)
        self._clock = clock
        self._rng = rng
        self._sleep = sleep
        self._client = open_client(settings, key, headers or {})
        self._known: dict[str, Capabilities] = {}
        self._logged: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"ModelClient({self.label!r})"

    def capabilities(self, model: str) -> Capabilities:
        """What `model` takes here, as far as is known."""
        return self._known.setdefault(model, Capabilities(self.settings.api))

    async def complete(self, question: Question, model: ModelSettings) -> Completion:
        """The answer of `model` to `question`.

        Raises:
            CallFailure: there is none, after all retries that make sense within the endpoint's deadline.
        """
        total = self.settings.timeout
        deadline = self._clock.monotonic() + total
        phase = _Phase()
        try:
            async with asyncio.timeout(total):
                return await self._persist(question, model, deadline, phase)
        except TimeoutError:
            failure = phase.failure(self.label, total)
            if failure.sick:
                self._sick()
        except CallFailure as raised:
            failure = raised
        self._tell(failure)
        raise failure from None

    async def _persist(self, question: Question, model: ModelSettings, deadline: float, phase: "_Phase") -> Completion:
        tries = 0
        while True:
            try:
                return await self._in_turn(question, model, deadline, phase)
            except CallFailure as failure:
                tries += 1
                if not failure.retry or tries > self.settings.retries or self.breaker.is_open:
                    raise
                wait = backoff(tries, failure.retry_after, self._rng)
                if self._clock.monotonic() + wait >= deadline:
                    raise
                await self._sleep(wait)

    async def _in_turn(self, question: Question, model: ModelSettings, deadline: float, phase: "_Phase") -> Completion:
        """One try, once it is our turn and the breaker lets us."""
        if self.breaker.is_open:
            raise failures.open_failure(self.label)
        phase.waits()
        try:
            ticket = await self.limiter.acquire(deadline)
        except Paused:
            raise failures.waiting_failure(self.label, limited=True) from None
        try:
            if not self.breaker.admit():
                raise failures.open_failure(self.label)
            phase.asks()
            completion = await self._watched(question, model, ticket)
            self.limiter.went_well()
            return completion
        finally:
            self.limiter.release()

    async def _watched(self, question: Question, model: ModelSettings, ticket: int) -> Completion:
        """One try whose end the breaker and the limiter learn."""
        try:
            completion = await self._ask(question, model)
        except CallFailure as failure:
            if failure.sick:
                self._sick()
            else:
                self.breaker.succeeded()
            if failure.outcome == "rate_limited":
                self.limiter.too_many(ticket)
                self.limiter.pause(failure.retry_after or 0.0)
            raise
        except BaseException:
            # Cancelled, by the deadline or from outside: the deadline's owner says what that means for the endpoint.
            self.breaker.abandoned()
            raise
        self.breaker.succeeded()
        return completion

    async def _ask(self, question: Question, model: ModelSettings) -> Completion:
        """Ask until the endpoint takes the form of the request: it learns at most a handful of times."""
        api, known = self.settings.api, self.capabilities(model.model)
        name = self.settings.models.get(model.model, model.model)
        while True:
            form, given = known.form, parameters(api, model, known)
            response = await self._post(PATHS[api], body(api, question, name, form, given))
            if response.status_code == 200:
                self._heed(response)
                completion = read_reply(
                    api,
                    response.content,
                    endpoint=self.label,
                    form=form,
                    tool=question.tool_name,
                )
                if form is known.form:
                    known.answered(structured=completion.text.lstrip().startswith("{"))
                return msgspec.structs.replace(completion, asked=name)
            refusal = read_refusal(response.content)
            if response.status_code in _REFUSING and (
                known.form is not form
                or parameters(api, model, known) != given
                or known.learn(frozenset(given), refusal)
            ):
                continue
            raise failures.status_failure(
                self.label,
                response.status_code,
                code=refusal.code,
                retry_after=self._asked_to_wait(response),
            )

    async def _post(self, path: str, content: dict[str, Any]) -> httpx2.Response:
        """One request; any status is a response."""
        try:
            return await self._client.post(path, body=content, cast_to=httpx2.Response)
        except openai.APIStatusError as error:
            return error.response
        except openai.APITimeoutError:
            raise failures.connection_failure(self.label, "connect_timeout") from None
        except openai.APIConnectionError as error:
            word = "tls_error" if _is_tls(error) else "connection_error"
            raise failures.connection_failure(self.label, word) from None
        except UnusableBody as error:
            raise failures.unreadable(
                self.label, error.error_type, "its answer is too large or not decodable"
            ) from None

    def _asked_to_wait(self, response: httpx2.Response) -> float | None:
        asked = retry_after(response.headers, self._clock.time_ns())
        return spent_for(response.headers) if asked is None and response.status_code == 429 else asked

    def _heed(self, response: httpx2.Response) -> None:
        """A good answer may say that it was the last for now."""
        if (wait := spent_for(response.headers)) is not None:
            self.limiter.pause(wait)

    def _sick(self) -> None:
        if self.breaker.failed():
            pause = self.settings.breaker.pause
            _LOG.warning("judge endpoint %s: left alone for %g s after faults in a row", self.label, pause)

    def _tell(self, failure: CallFailure) -> None:
        """One line a kind of failure and five minutes, where somebody must mend something."""
        now = self._clock.monotonic()
        if failure.operator and now >= self._logged.get(failure.error_type, now):
            self._logged[failure.error_type] = now + _QUIET_SECONDS
            _LOG.error("%s", failure)

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.close()


class _Phase:
    """What a call was doing when its deadline came; by the event loop's clock, as that deadline is."""

    def __init__(self) -> None:
        self._asked: float | None = None

    def waits(self) -> None:
        """It waits for its turn."""
        self._asked = None

    def asks(self) -> None:
        """The endpoint has the request from now on."""
        self._asked = asyncio.get_running_loop().time()

    def failure(self, label: str, total: float) -> CallFailure:
        """The failure of a call that ran out of time, most of which may have gone on waiting for its turn."""
        if self._asked is not None and asyncio.get_running_loop().time() - self._asked >= total / 2:
            return failures.timeout_failure(label, total)
        return failures.waiting_failure(label, limited=False)


def _is_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError) or "SSL" in str(cause)[:200] or "CERTIFICATE" in str(cause)[:200]:
            return True
        cause = cause.__cause__ or cause.__context__
    return False
