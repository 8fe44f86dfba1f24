"""Texts of a support assistant that answers from documents: what the generated GenAI spans say.

Sentences are put together from parts with numbers and names, so that no two spans say the same and no cache by content
flatters a result; answers rest on their documents and cite them, as real ones do, so that the checks have work to do.
Called by `bodies`, `checks` and `decide`.
"""

from random import Random
from typing import Final

import msgspec

_SUBJECTS: Final = (
    "The warranty of the {thing}", "Each {thing} in the catalogue", "A returned {thing}", "Our workshop in {town}",
    "The {thing} with serial number {number}", "The price of a {thing}", "An order from {town}",
    "The support team for the {thing}", "The manual of the {thing}", "A spare part for the {thing}",
)  # fmt: skip
_PREDICATES: Final = (
    "covers {number} months from the day of delivery", "is shipped within {small} working days",
    "must be registered under the account of the buyer", "costs {number} euros including tax",
    "can be exchanged at the shop in {town} until the end of the season",
    "needs firmware version {small}.{small} or later", "is refunded after the inspection by the workshop",
    "leaves the factory with a charger and {small} adapters", "was last changed in spring and holds until revoked",
    "is answered between {small} and {number} minutes after the first message",
)  # fmt: skip
_TAILS: Final = (
    "", " unless the seal is broken", " when the invoice is at hand", " in every country of the union",
    ", and express delivery is charged separately", " if the fault was reported in writing", " on weekdays",
)  # fmt: skip
_THINGS: Final = (
    "coffee grinder", "bicycle lamp", "desk heater", "label printer", "garden pump", "travel router", "sewing machine",
    "air filter", "projector", "kitchen scale", "drum kit", "soldering iron",
)  # fmt: skip
_TOWNS: Final = ("Porto", "Leeds", "Ghent", "Turku", "Graz", "Lyon", "Bilbao", "Aarhus", "Krakow", "Bari")
_ASKS: Final = (
    "How long does the warranty of the {thing} last, and who pays the shipping from {town}?",
    "Can I still exchange my {thing} that I bought in {town} {small} weeks ago?",
    "What do I need before the {thing} can be repaired?",
    "Which firmware does the {thing} need, and where do I find its number?",
)


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """One question with what it is answered from."""

    system: str
    """Instructions and the numbered documents."""
    question: str
    answer: str


def _sentence(rng: Random) -> str:
    pattern = rng.choice(_SUBJECTS) + " " + rng.choice(_PREDICATES) + rng.choice(_TAILS) + "."
    return _fill(rng, pattern)


def _fill(rng: Random, pattern: str) -> str:
    return pattern.format(
        thing=rng.choice(_THINGS), town=rng.choice(_TOWNS), number=rng.randint(12, 980), small=rng.randint(2, 11)
    )


def _sentences(rng: Random, size: int) -> list[str]:
    """Sentences of at least `size` characters together."""
    found: list[str] = []
    while size > 0:
        found.append(_sentence(rng))
        size -= len(found[-1]) + 1
    return found


def conversation(rng: Random, size: int) -> Conversation:
    """A conversation of about `size` characters: a quarter is the answer, most of the rest are documents."""
    documents = [_sentences(rng, size // 6) for _ in range(4)]
    numbered = "\n".join(f"[{i}] {' '.join(text)}" for i, text in enumerate(documents, 1))
    question = _fill(rng, rng.choice(_ASKS))
    system = f"You answer customers of the shop. Use only these documents and cite them by number.\n\n{numbered}"
    return Conversation(system=system, question=question, answer=_answer(rng, documents, size // 4))


def _answer(rng: Random, documents: list[list[str]], size: int) -> str:
    """Quotes with citations; one in ten goes wrong in a way that a check knows."""
    said: list[str] = []
    while size > 0:
        number = rng.randrange(len(documents))
        said.append(f"{rng.choice(documents[number])[:-1]} [{number + 1}].")
        size -= len(said[-1]) + 1
    match rng.randrange(40):
        case 0:
            said.append("See also the general terms [9].")
        case 1:
            said.append(f"Write to martha.{rng.randrange(10_000)}@example.org about it.")
        case 2:
            return "I'm sorry, but I can't help with that request."
        case 3:
            said = said[:1] * 12
        case _:
            pass
    return " ".join(said)
