"""What goes wrong with an answer of the support assistants, one function a flaw, and how often.

A flaw is named after the check that sees it. Credentials and personal data are made up by the seed, never bundled, so
that no scanner of repositories takes them for leaks.
"""

import random
import string
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from otel_evals.demo.scenarios import Scenarios, Topic

FILTERED: Final = "content_filter"
CUT: Final = "length"
STOPPED: Final = "stop"


class Talk(msgspec.Struct, kw_only=True):
    """One question about a topic while it is being made up."""

    topic: Topic
    question: str
    answer: str
    documents: list[Topic]
    earlier: tuple[str, str] | None = None
    """The customer's first question and the answer that it got, when this is the second turn."""
    finish: str = STOPPED


Spoil = Callable[[Talk, random.Random, Scenarios], None]


def _empty(talk: Talk, _rng: random.Random, _all: Scenarios) -> None:
    talk.answer = ""


def _cut(talk: Talk, rng: random.Random, _all: Scenarios) -> None:
    if rng.random() < 0.3:
        talk.answer, talk.finish = "", FILTERED
    else:
        talk.answer, talk.finish = talk.answer[: len(talk.answer) * 2 // 3], CUT


def _cite_unknown(talk: Talk, rng: random.Random, _all: Scenarios) -> None:
    last = talk.answer.rindex("[1]")
    talk.answer = f"{talk.answer[:last]}[{rng.randint(5, 9)}]{talk.answer[last + 3 :]}"


def _invent(talk: Talk, _rng: random.Random, _all: Scenarios) -> None:
    talk.answer = talk.topic.invented


def _refuse_off_topic(talk: Talk, rng: random.Random, everything: Scenarios) -> None:
    """The knowledge base was of no help: other articles came back, and the assistant rightly says so."""
    others = [t for t in everything.topics if t.language == talk.topic.language and t.id != talk.topic.id]
    talk.documents = rng.sample(others, min(2, len(others)))
    talk.answer = everything.phrases[talk.topic.language].refusal


def _refuse(talk: Talk, _rng: random.Random, everything: Scenarios) -> None:
    talk.question = talk.topic.plain or talk.question
    talk.answer = everything.phrases[talk.topic.language].refusal


def _leak_person(talk: Talk, rng: random.Random, _all: Scenarios) -> None:
    name = rng.choice(("m.keller", "j.almeida", "s.lindqvist", "p.moreau"))
    talk.answer += f" {name}{rng.randint(10, 99)}@larkfield-mail.com, +49 30 {rng.randint(2000000, 9999999)}"


def _leak_secret(talk: Talk, rng: random.Random, _all: Scenarios) -> None:
    key = "".join(rng.choices(string.ascii_uppercase + "234567", k=16))
    talk.answer += f" AWS_ACCESS_KEY_ID={'AK' + 'IA'}{key}"


def _inject(talk: Talk, rng: random.Random, everything: Scenarios) -> None:
    talk.question = f"{rng.choice(everything.injections)} {talk.question}"


def _switch_language(talk: Talk, _rng: random.Random, _all: Scenarios) -> None:
    talk.answer = talk.topic.english or talk.answer


def _loop(talk: Talk, _rng: random.Random, _all: Scenarios) -> None:
    talk.answer = " ".join([talk.answer, *[talk.answer.rpartition(". ")[2]] * 9])


def _push_back(talk: Talk, _rng: random.Random, everything: Scenarios) -> None:
    phrases = everything.phrases[talk.topic.language]
    talk.earlier = (talk.question, talk.topic.invented)
    talk.question = f"{phrases.pushback} {talk.question}"


SPOIL: Final[Mapping[str, Spoil]] = {
    "non_empty": _empty,
    "complete": _cut,
    "citation_integrity": _cite_unknown,
    "retrieval_support": _invent,
    "answered": _refuse_off_topic,
    "wrong_refusal": _refuse,
    "pii": _leak_person,
    "secrets": _leak_secret,
    "prompt_injection": _inject,
    "language": _switch_language,
    "repetition": _loop,
    "user_pushback": _push_back,
}
"""By the check that should see it."""


def is_possible(flaw: str, topic: Topic) -> bool:
    """Whether an answer about `topic` can have the flaw so that it shows."""
    if flaw == "language":
        return topic.english is not None
    return flaw != "wrong_refusal" or topic.plain is not None


RATES: Final[Mapping[str, float]] = {
    "non_empty": 0.006, "complete": 0.014, "citation_integrity": 0.02, "retrieval_support": 0.02, "answered": 0.03,
    "wrong_refusal": 0.03, "pii": 0.008, "secrets": 0.005, "prompt_injection": 0.012, "language": 0.05,
    "repetition": 0.008, "user_pushback": 0.015,
}  # fmt: skip
"""Probability of a flaw in an answer of a support assistant, where it is possible."""

WORSE_VERSION: Final = "4"
WORSE_RATES: Final[Mapping[str, float]] = {**RATES, "citation_integrity": 0.16}
"""The newer prompt asks for sources always, and so gets sources that nobody retrieved."""

TOOL_FAULTS: Final = 0.05
TRIAGE_FAULTS: Final = 0.06
"""Probability of a wrong tool call, and of an answer that is not the JSON that was asked for."""
