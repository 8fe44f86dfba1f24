"""A judge that asks a model: rubric and case → question → endpoints in fallback order → verdict.

An ordinary plug-in under `plugins.protocols.Judge`; the composition root builds it, the engine calls it. It writes
nothing: whoever calls it emits the verdict, or counts the failure.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from otel_evals.judges.cache import CacheKey, VerdictCache, cache_key
from otel_evals.judges.client import ModelClient
from otel_evals.judges.failures import CallFailure, unreadable
from otel_evals.judges.prices import PriceTable
from otel_evals.judges.replies import Completion
from otel_evals.judges.settings import ModelSettings
from otel_evals.judges.snapshots import is_snapshot_of
from otel_evals.records.clock import Clock
from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.exchange import Usage
from otel_evals.records.judging import Estimate, JudgeCase, Need, Target, Verdict
from otel_evals.rubrics.answer import Unreadable, read_answer
from otel_evals.rubrics.question import Question, ask, system_text
from otel_evals.rubrics.rubric import Rubric
from otel_evals.rubrics.version import judge_version

_LOG: Final = logging.getLogger(__name__)
_BYTES_PER_TOKEN: Final = 3
"""Of UTF-8: English has four to five, languages without spaces about three, code about three."""
_FRAME_CHARACTERS: Final = 1500
"""Fences, the closing instructions and the schema."""


class LlmJudge:
    """One rubric, asked of one model.

    Args:
        rubric: what is decided; also gives name, target and needs.
        model: the pinned model and its parameters.
        clients: endpoints in fallback order; they belong to whoever built them, and are closed there.
        prices: for the cost of an answer.
        clock: for durations.
        nonce: a new unguessable word each call, such as `functools.partial(secrets.token_hex, 8)`.
        redact: takes out of a text what must not leave.
        max_chars: bound of a question.
        cache: verdicts on equal questions; None asks each time.
        redaction: what `redact` takes out, in words: part of the version, since it changes what is read.

    Raises:
        ConfigurationError: there is no endpoint.
    """

    def __init__(
        self,
        rubric: Rubric,
        model: ModelSettings,
        clients: Sequence[ModelClient],
        *,
        prices: PriceTable,
        clock: Clock,
        nonce: Callable[[], str],
        redact: Callable[[str], str],
        max_chars: int,
        cache: VerdictCache | None = None,
        redaction: str = "",
    ) -> None:
        if not clients:
            raise ConfigurationError(f"judge of {rubric.name}: it has no endpoint; write one under `endpoints`")
        self._rubric = rubric
        self._model = model
        self._clients = tuple(clients)
        self._prices = prices
        self._clock = clock
        self._nonce = nonce
        self._redact = redact
        self._max_chars = max_chars
        self._cache = cache
        self._version = judge_version(rubric, model=model.model, parameters=_deciding(model, max_chars, redaction))
        self._system_bytes = len(system_text(rubric).encode()) + _FRAME_CHARACTERS
        self._strangers: set[str] = set()

    @property
    def name(self) -> str:
        """Name of the evaluation: the rubric's."""
        return self._rubric.name

    @property
    def version(self) -> str:
        """Hash of rubric, answer schema, parameters and pinned model."""
        return self._version

    @property
    def target(self) -> Target:
        """What it looks at."""
        return self._rubric.target

    @property
    def needs(self) -> frozenset[Need]:
        """What a case must have."""
        return self._rubric.needs

    @property
    def model(self) -> str:
        """The pinned model."""
        return self._model.model

    def estimate(self, case: JudgeCase) -> Estimate:
        """One call with the whole question, answered at full length. Cost 0 when the model has no price."""
        characters = content = 0
        for text in _texts(case):
            characters += len(text)
            content += len(text.encode("utf-8", "surrogatepass"))
        if characters > self._max_chars:
            content = content * self._max_chars // characters
        asked = (content + self._system_bytes) // _BYTES_PER_TOKEN
        usage = Usage(input_tokens=asked, output_tokens=self._model.max_output_tokens)
        cost = self._prices.cost(self._model.model, usage)
        return Estimate(tokens=asked + self._model.max_output_tokens, cost=cost or 0.0)

    async def judge(self, case: JudgeCase) -> Verdict:
        """The verdict on `case`; see the protocol.

        Raises:
            JudgeFailure: no endpoint gave an answer that is a verdict.
        """
        started = self._clock.monotonic()
        nonce = self._nonce()
        question = ask(self._rubric, case, nonce=nonce, max_chars=self._max_chars, redact=self._redact)
        key = self._key(question, nonce)
        if key is not None and self._cache is not None and (known := self._cache.get(key)) is not None:
            return known
        verdict = self._read(await self._complete(question), nonce, started)
        if key is not None and self._cache is not None and not verdict.mismatched:
            self._cache.put(key, verdict)
        return verdict

    def _key(self, question: Question, nonce: str) -> CacheKey | None:
        if self._cache is None:
            return None
        return cache_key(self._version, question.system.replace(nonce, ""), question.user.replace(nonce, ""))

    async def _complete(self, question: Question) -> Completion:
        """The first endpoint's answer, in fallback order; the most telling failure when there is none."""
        failure: CallFailure | None = None
        for client in self._clients:
            try:
                return await client.complete(question, self._model)
            except CallFailure as raised:
                raised.cost = self._cost_of(raised)
                if not raised.next_endpoint:
                    raise
                if failure is None or failure.error_type == "circuit_open":
                    failure = raised
        assert failure is not None  # noqa: S101 - there is an endpoint, and each returns or raises
        raise failure

    def _read(self, completion: Completion, nonce: str, started: float) -> Verdict:
        mismatched = self._mismatch(completion)
        cost = self._cost(completion)
        try:
            answer = read_answer(completion.text, self._rubric, nonce)
        except Unreadable as error:
            failure = unreadable(
                completion.endpoint,
                "unreadable_answer",
                f"the answer is no verdict: {error}",
                usage=completion.usage,
                model=completion.model,
            )
            failure.cost = cost
            raise failure from None
        return Verdict(
            label=answer.label,
            score=answer.score,
            explanation=answer.explanation,
            grade=answer.grade,
            confidence=answer.confidence,
            model=completion.model,
            system_fingerprint=completion.system_fingerprint,
            usage=completion.usage,
            cost=cost,
            duration=max(0.0, self._clock.monotonic() - started),
            mismatched=mismatched,
        )

    def _cost(self, completion: Completion) -> float | None:
        """USD of an answer, by the model that answered; an endpoint's own name for the pinned one has its price."""
        answered = completion.model
        renamed = answered is None or (
            completion.asked != self._model.model and is_snapshot_of(answered, completion.asked)
        )
        return self._prices.cost(self._model.model if renamed or answered is None else answered, completion.usage)

    def _mismatch(self, completion: Completion) -> bool:
        """Whether another model than the pinned one answered. An endpoint that names none cannot be caught."""
        answered = completion.model
        known = (self._model.model, completion.asked)
        if answered is None or any(name and is_snapshot_of(answered, name) for name in known):
            return False
        if answered not in self._strangers and len(self._strangers) < 16:
            self._strangers.add(answered)
            _LOG.warning(
                "judge %s: endpoint %s answers with model %s where %s is pinned",
                self.name, completion.endpoint, answered, self._model.model,
            )  # fmt: skip
        return True

    def _cost_of(self, failure: CallFailure) -> float | None:
        """USD of a failure: what the endpoint billed for an answer that is none; 0 when it refused.

        None, unknown, when time ran out: it may have answered and billed after that, so the budget keeps what was
        reserved.
        """
        if failure.error_type == "timeout":
            return None
        if failure.outcome is not CoverageOutcome.UNPARSEABLE:
            return 0.0
        return self._prices.cost(failure.model or self._model.model, failure.usage)

    async def close(self) -> None:
        """Nothing is held: the clients are closed by whoever built them."""


def _deciding(model: ModelSettings, max_chars: int, redaction: str) -> Mapping[str, object]:
    return {**model.deciding(), "max_chars": max_chars, "redaction": redaction}


def _texts(case: JudgeCase) -> Iterator[str]:
    exchange = case.exchange
    for message in (*exchange.messages, *(choice.message for choice in exchange.choices[:1])):
        yield message.text
        for call in message.tool_calls:
            yield call.name
            yield str(call.arguments)
        for result in message.tool_results:
            yield result.text
    for document in exchange.documents:
        yield document.text
    for tool in exchange.tools or ():
        yield f"{tool.name}{tool.description}{tool.parameters}"
    for step in case.steps:
        yield step.input
        yield step.output
    yield case.reference or ""
