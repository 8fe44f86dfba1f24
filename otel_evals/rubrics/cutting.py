"""Makes material fit: shares the room among parts and entries, and cuts what is longer than its share.

Called by `question`. The question is kept whole if at all possible; the others get a share by weight, and what one of
them does not need goes to the rest. Inside a part, documents share by the words that they have in common with the
answer, turns by how late they came. Each cut is said where it was made.
"""

from collections.abc import Sequence
from typing import Final

from otel_evals.rubrics.fence import QUOTE, left_out
from otel_evals.rubrics.material import Entry, Material, with_gap
from otel_evals.rubrics.part import Part
from otel_evals.rubrics.weighing import SHORTEST, WEIGHTS, common_words, share, weights

_QUESTION_SHARE: Final = 0.6
"""Share of the room up to which a question is kept whole whatever else there is; the rest is for what is judged."""
_MARK: Final = 48
"""Characters that the note of a cut takes at most."""
_TAIL: Final = {Part.DOCUMENTS: 0.0, Part.TOOLS: 0.0, Part.ANSWER: 0.6}
"""Share of a shortened text that is its end; of others half."""


def length(entries: Sequence[Entry]) -> int:
    """Characters that `entries` take, with their line ends."""
    return sum(len(entry.render()) + 1 for entry in entries)


def cut(material: Material, room: int) -> Material:
    """`material` in at most `room` characters; as it is when it fits."""
    sizes = {part: length(entries) for part, entries in material.items()}
    if sum(sizes.values()) <= room:
        return material
    rooms: dict[Part, int] = {}
    if Part.QUESTION in sizes:
        others = sum(sizes.values()) - sizes[Part.QUESTION]
        most = max(int(room * _QUESTION_SHARE), room - others)
        rooms[Part.QUESTION] = min(sizes[Part.QUESTION], most)
    rest = [part for part in material if part not in rooms]
    left = room - sum(rooms.values())
    rooms |= dict(zip(rest, share([sizes[p] for p in rest], [WEIGHTS[p] for p in rest], left), strict=True))
    about = common_words([entry.body for entry in material.get(Part.ANSWER, ()) or material.get(Part.QUESTION, ())])
    return {part: _fit(part, entries, rooms[part], about) for part, entries in material.items()}


def _fit(part: Part, entries: Sequence[Entry], room: int, about: frozenset[str]) -> tuple[Entry, ...]:
    if length(entries) <= room:
        return tuple(entries)
    if room < SHORTEST:
        return (Entry(heading="[… left out …]"),)
    gone = sum(entry.stands_for for entry in entries)
    entries = [entry for entry in entries if not entry.stands_for]
    sizes = [len(entry.render()) + 1 for entry in entries]
    heavy = weights(part, [entry.body for entry in entries], about)
    if gone or len(entries) > 1:
        room = max(0, room - _MARK)  # for the note on entries left out
    kept = _worth_it(sizes, heavy, room)
    rooms = dict(zip(kept, share([sizes[i] for i in kept], [heavy[i] for i in kept], room), strict=True))
    fitted = [_shorten(entries[i], rooms[i], _TAIL.get(part, 0.5)) for i in kept]
    gone += len(entries) - len(kept)
    return with_gap(part, fitted, gone)


def _worth_it(sizes: Sequence[int], heavy: Sequence[float], room: int) -> list[int]:
    """The entries that get enough room to say something: the weightiest, at least one, in their order."""
    kept = sorted(range(len(sizes)), key=lambda i: (-heavy[i], i))[: max(1, room // SHORTEST)]
    while len(kept) > 1:
        rooms = share([sizes[i] for i in kept], [heavy[i] for i in kept], room)
        if all(given >= min(sizes[i], SHORTEST) for i, given in zip(kept, rooms, strict=True)):
            break
        kept.pop()
    return sorted(kept)


def _shorten(entry: Entry, room: int, tail: float) -> Entry:
    """The entry with the middle of its body left out, or its end (`tail` 0)."""
    if len(entry.render()) + 1 <= room:
        return entry
    keep = max(0, room - 1 - (len(entry.heading) + 1 if entry.heading else 0) - _MARK - len(QUOTE))
    end = int(keep * tail)
    body = entry.body
    head, last = body[: keep - end], body[len(body) - end :] if end else ""
    pieces = [head.rstrip("\n"), left_out(len(body) - keep + entry.missing), QUOTE + last if last else ""]
    return Entry(heading=entry.heading, body="\n".join(filter(None, pieces)))
