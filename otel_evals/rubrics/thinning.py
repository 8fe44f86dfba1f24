"""Chooses, before anything is cleaned, what of a huge case is looked at, so that a question takes bounded time.

Called by `material`. Cleaning and redaction read some ten million characters a second and an event loop waits for them,
while a case may hold any number of texts of any length and a question shows some ten thousand characters. A case of
usual size is left as it is. Of a larger one each part keeps the entries that `cutting` would weigh most, each with its
two ends and a margin; the rest is counted, and said to be left out.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from otel_evals.rubrics.fence import MARGIN
from otel_evals.rubrics.part import Part
from otel_evals.rubrics.piece import EACH, Piece
from otel_evals.rubrics.weighing import SHORTEST, WEIGHTS, common_words, share, weights

_USUAL: Final = 262_144
"""What a case may cost to clean whole, besides twice what can be shown: some 30 ms."""
_RANKED: Final = 2_000
"""Entries of a part among which the weightiest are sought; later ones are not looked at."""
_READ: Final = 131_072
"""Characters of all documents together that are read to find those that have words in common with the answer."""

Pieces = Mapping[Part, Sequence[Piece]]


def is_usual(pieces: Pieces, reach: int) -> bool:
    """Whether a case of which `reach` characters can be shown may be cleaned whole."""
    left = _usual(reach)
    for part in pieces.values():
        for piece in part:
            left -= min(piece.cost, 2 * (reach + MARGIN))
            if left < 0:
                return False
    return True


def most_entries(reach: int) -> int:
    """Entries of a part beyond which no case is usual, so that further ones need not be looked at."""
    return _usual(reach) // EACH


def thin(pieces: Pieces, reach: int) -> dict[Part, Sequence[Piece]]:
    """Of each part what is looked at, in order; each piece knows what it may show."""
    answer = pieces.get(Part.ANSWER) or pieces.get(Part.QUESTION) or ()
    about = common_words([piece.text or "" for piece in answer], _READ)
    costs = [_cost(part, _usual(reach)) for part in pieces.values()]
    rooms = share(costs, [WEIGHTS[part] for part in pieces], _usual(reach))
    thinned: dict[Part, Sequence[Piece]] = {}
    for (part, all_), room in zip(pieces.items(), rooms, strict=True):
        kept = _chosen(part, all_, about, room, reach)
        _shorten(kept, reach)
        thinned[part] = kept
    return thinned


def _usual(reach: int) -> int:
    return _USUAL + 2 * reach


def _cost(part: Sequence[Piece], most: int) -> int:
    """What the pieces of a part take when only their ends are cleaned; no further than `most`."""
    cost = 0
    for piece in part:
        cost += min(piece.cost, 2 * MARGIN)
        if cost >= most:
            return most
    return cost


def _chosen(part: Part, all_: Sequence[Piece], about: frozenset[str], room: int, reach: int) -> list[Piece]:
    """The weightiest of `all_` that can be cleaned for `room`, at least one, in their order."""
    latest = part in (Part.CONVERSATION, Part.TOOL_CALLS)
    seen = list(all_[-_RANKED:] if latest else all_[:_RANKED])
    each = max(SHORTEST, _READ // max(1, len(seen)))
    bodies = [(piece.text or "")[:each] for piece in seen] if part is Part.DOCUMENTS else [""] * len(seen)
    heavy = weights(part, bodies, about)
    kept: list[int] = []
    for i in sorted(range(len(seen)), key=lambda i: (-heavy[i], i))[: max(1, reach // SHORTEST)]:
        room -= min(seen[i].cost, 2 * MARGIN)
        if kept and room < 0:
            break
        kept.append(i)
    return [seen[i] for i in sorted(kept)]


def _shorten(kept: Sequence[Piece], reach: int) -> None:
    rooms = share([len(piece.text or "") for piece in kept], [1.0] * len(kept), reach)
    for piece, room in zip(kept, rooms, strict=True):
        piece.shown = room
