"""What counts for more where not all can be shown: parts by kind, documents by the answer's words, turns by lateness.

Called by `thinning` before anything is cleaned and by `cutting` afterwards, so that both prefer the same.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from otel_evals.rubrics.part import Part
from otel_evals.text.fold import fold
from otel_evals.text.tokens import words

WEIGHTS: Final = {
    Part.ANSWER: 3, Part.DOCUMENTS: 3, Part.REFERENCE: 2, Part.STEPS: 2, Part.TOOL_CALLS: 2, Part.QUESTION: 2,
    Part.INSTRUCTIONS: 1, Part.CONVERSATION: 1, Part.TOOLS: 1,
}  # fmt: skip
"""Shares of the parts in what room there is, where they do not fit."""
SHORTEST: Final = 120
"""Characters of an entry under which a piece of it says nothing: it is left out, and its room goes to others."""


def share(sizes: Sequence[int], weights: Sequence[float], room: int) -> list[int]:
    """How much of `room` each gets: by weight, never more than its size, and all of the room that is asked for."""
    given = [0] * len(sizes)
    open_: set[int] = set(range(len(sizes)))
    while open_ and room > 0:
        total = sum(weights[i] for i in open_)
        content = {i for i in open_ if sizes[i] <= room * weights[i] / total}
        if not content:
            for i in open_:
                given[i] = int(room * weights[i] / total)
            break
        for i in content:
            given[i] = sizes[i]
        room -= sum(sizes[i] for i in content)
        open_ -= content
    return given


def weights(part: Part, bodies: Sequence[str], about: frozenset[str]) -> list[float]:
    """How much each entry of a part counts; `about` are the words of what is judged."""
    if part is Part.DOCUMENTS:
        shared = [len(about & common_words((body,))) for body in bodies]
        most = max(1, *shared)
        return [1 + 3 * count / most for count in shared]
    if part in (Part.CONVERSATION, Part.TOOL_CALLS):
        return [1 + i / len(bodies) for i in range(len(bodies))]
    return [1.0] * len(bodies)


def common_words(texts: Iterable[str], reach: int | None = None) -> frozenset[str]:
    """The words by which texts are compared; of each text those of its first `reach` characters."""
    return frozenset(word for text in texts for word in words(fold(text[:reach])) if len(word) > 3)
