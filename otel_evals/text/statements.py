"""Whether an answer that says that it lacks something states something else that holds.

"The warranty is 24 months [1]. The documents don't mention the colour." answers one of two questions. Called by
`text.refusals`, only for answers that hold a refusing phrase.
"""

import re
from collections.abc import Sequence
from typing import Final

from otel_evals.text.context import Context
from otel_evals.text.fold import fold

_SENTENCE: Final = re.compile(r"(?:[^.!?。！？\n]|[.!?](?=\S))+")  # noqa: RUF001 - full-width marks end sentences too
"""A sentence without its closing mark. A mark within a word or number ends none."""
_CITATION: Final = re.compile(r"\[[\w.:#-]{1,40}\]|【[^】\n]{1,40}】|<sup>|\(source:? [^)\n]{1,60}\)")
_OF_SOURCES: Final = re.compile(
    r"^\W*(?:(?:the|these|those|this|your|all|both|any|provided|given|retrieved|available|supplied|only) )*"
    r"(?:documents?|contexts?|passages?|sources?|(?:search )?results?|articles?|excerpts?|snippets?|texts?)\b"
)
"""A sentence about the sources ("the documents cover shipping [1]"): its citations support no answer."""
_QUANTITY: Final = re.compile(r"(?<![\w\[#.,:])(\d+(?:[.,:]\d+)*)(?: ?([^\W\d_]+|%))?")
"""A number and the word behind it; not the number of a citation."""
_TELLING_DIGITS: Final = 2
"""Characters from which a number is seldom in the context by chance; a shorter one has to stand there with its word."""


def states_something(answer: str, refusing: Sequence[int], context: Context) -> bool:
    """Whether a sentence of the folded `answer`, none of those around the places `refusing`, states what holds.

    It does when it cites a source, or names a number that the context has and the question has not.
    """
    passages = fold("\n".join([p.text for p in context.passages]))
    if not passages:
        return False
    found, last = _quantities(passages), max(refusing, default=-1)
    asked = {number for number, _ in _QUANTITY.findall(fold(context.question))}
    for sentence in _SENTENCE.finditer(answer):
        if sentence.start() <= last and any(sentence.start() <= place < sentence.end() for place in refusing):
            continue
        said = sentence.group()
        if _CITATION.search(said) and not _OF_SOURCES.search(said):
            return True
        if any(number not in asked for number, _ in _quantities(said) & found):
            return True
    return False


def _quantities(text: str) -> set[tuple[str, str]]:
    """What a text counts: each number with its word, and each longer number by itself."""
    found: set[tuple[str, str]] = set()
    for number, word in _QUANTITY.findall(text):
        if word:
            found.add((number, word))
        if len(number) >= _TELLING_DIGITS:
            found.add((number, ""))
    return found
