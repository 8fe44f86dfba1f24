"""What is wrong with an answer of the shop, read back from the text that a judge is shown.

The scripted judge server of the demo is started with `otel_evals.demo.truth:truth`, so that it errs at known rates on
answers whose truth is known, without a mark in any text that people see. It works because every answer is one of the
bundled ones, or is spoiled in a way that `flaws` knows.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

import msgspec

from otel_evals.demo.scenarios import Topic, scenarios
from otel_evals.rubrics.rubric import builtin_rubrics

SPOILED_BY: Final[Mapping[str, frozenset[str]]] = {
    "faithfulness": frozenset({"retrieval_support", "citation_integrity", "wrong_refusal", "pii", "secrets"}),
    "answer_relevance": frozenset({"complete", "wrong_refusal", "repetition", "tool_calls"}),
    "instruction_following": frozenset({
        "language", "citation_integrity", "retrieval_support", "wrong_refusal", "structured_output",
    }),
}  # fmt: skip
"""Rubric → flaws that make an answer truly bad by it; any other answer of the shop is truly good."""

_BLOCK: Final = re.compile(r"⟦BEGIN (\w+) (\w+)⟧\n(.*?)\n⟦END \1 \2⟧", re.DOTALL)
_PROPERTY: Final = re.compile(r'Judge it by the property "([^\n]*)"\. Answer with')
_CITED: Final = re.compile(r"\[(\d+)\]")
_PASSAGE: Final = re.compile(r"^\[(\d+)\] ", re.MULTILINE)
_QUOTE: Final = "| "
_FENCE: Final = "```"
_KEY: Final = "AWS_ACCESS_KEY_ID"
_UNFINISHED_ORDER: Final = "only in part"


def truth(text: str) -> bool | None:
    """Whether the judged answer is truly good by the rubric that `text` asks about; None when it is not the shop's."""
    blocks = _blocks(text)
    asked = _PROPERTY.search(text)
    rubric = _rubric_titles().get(asked[1]) if asked else None
    if rubric is None or "answer" not in blocks:
        return None
    return read_flaw(blocks) not in SPOILED_BY[rubric]


def read_flaw(blocks: Mapping[str, str]) -> str | None:
    """The flaw of the answer in a question's blocks; None for a good one, and for flaws that lie outside the answer."""
    answer = _plain(blocks["answer"])
    asked = _plain(blocks.get("question", ""))
    shown = _plain(" ".join(text for name, text in blocks.items() if name != "answer"))
    if answer.startswith(("{", _FENCE)):
        return None if _is_ticket(answer) else "structured_output"
    if _UNFINISHED_ORDER in answer:
        return "tool_calls"
    topics = scenarios().topics
    if any(_plain(topic.invented) == answer for topic in topics):
        return "retrieval_support"
    if any(_plain(phrases.refusal) == answer for phrases in scenarios().phrases.values()):
        return "wrong_refusal" if any(_is_about(t, asked) and _plain(t.text) in shown for t in topics) else "answered"
    if any(t.english and _bare(t.english) == _bare(answer) and _plain(t.question) in asked for t in topics):
        return "language"
    return _spoiled(answer, _passages(blocks), (t.answer for t in topics))


def _spoiled(answer: str, passages: frozenset[str], good: Iterable[str]) -> str | None:
    """What was done to one of the good answers: cut, lengthened, or given another citation."""
    bare = _bare(answer)
    for known in map(_bare, good):
        if bare == known:
            return None if frozenset(_CITED.findall(answer)) <= passages else "citation_integrity"
        if known.startswith(bare):
            return "complete"
        if bare.startswith(known):
            added = bare[len(known) :]
            if _KEY in added:
                return "secrets"
            return "repetition" if known.endswith(added.split(". ")[0].strip(". ") + ".") else "pii"
    return None


def _blocks(text: str) -> dict[str, str]:
    """What strangers wrote in each block, without the quotation marks of the lines."""
    return {
        name: "\n".join(line.removeprefix(_QUOTE) for line in body.split("\n") if line.startswith(_QUOTE))
        for name, _, body in _BLOCK.findall(text)
    }


def _passages(blocks: Mapping[str, str]) -> frozenset[str]:
    """Numbers of the passages in the prompt."""
    return frozenset(_PASSAGE.findall("\n".join((blocks.get("conversation", ""), blocks.get("question", "")))))


def _is_about(topic: Topic, asked: str) -> bool:
    return any(question and _plain(question) in asked for question in (topic.question, topic.plain))


def _is_ticket(answer: str) -> bool:
    schema = scenarios().triage_schema
    try:
        ticket: Any = msgspec.json.decode(answer)
    except msgspec.DecodeError:
        return False
    return ticket.keys() >= set(schema["required"]) and ticket["priority"] in schema["properties"]["priority"]["enum"]


def _plain(text: str) -> str:
    return " ".join(text.split())


def _bare(text: str) -> str:
    """`text` without the numbers of its citations."""
    return _CITED.sub("[]", _plain(text))


@cache
def _rubric_titles() -> Mapping[str, str]:
    known = builtin_rubrics()
    return {known[name].title.strip(): name for name in SPOILED_BY}
