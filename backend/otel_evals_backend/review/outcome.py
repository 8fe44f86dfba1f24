"""When an item is decided, by the labels that people gave it. Pure."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

MOST: Final = 3
"""People who are asked at most."""


class State(StrEnum):
    """Where an item stands."""

    OPEN = "open"
    ADJUDICATE = "adjudicate"
    """Two disagree; a third decides."""
    DONE = "done"
    MERGED = "merged"
    """Another item, of the same problem, stands for it."""
    DROPPED = "dropped"
    """Nobody can answer it any more, or an administrator took it out."""


class Verdict(StrEnum):
    """What a person says."""

    PASS = "pass"  # noqa: S105 - the label of a result
    FAIL = "fail"
    UNSURE = "unsure"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What an item's labels amount to."""

    state: State
    needed: int
    """Labels of different people, by what is known now."""
    final: Verdict | None = None
    """Once it is done."""


def standing(verdicts: Sequence[Verdict], needed: int) -> Standing:
    """What `verdicts`, one a person in the order in which they came, amount to when `needed` were wanted.

    Whoever is unsure leaves the question to another; two who disagree leave it to a third, whose word counts.
    """
    given = len(verdicts)
    if given < needed:
        return Standing(state=State.OPEN if given < 2 or not _split(verdicts) else State.ADJUDICATE, needed=needed)
    decided = [verdict for verdict in verdicts if verdict is not Verdict.UNSURE]
    if not _split(verdicts) and decided:
        return Standing(state=State.DONE, needed=needed, final=decided[0])
    if given >= MOST:
        last = verdicts[-1]
        return Standing(state=State.DONE, needed=needed, final=_majority(decided) if last is Verdict.UNSURE else last)
    return Standing(state=State.ADJUDICATE if decided and _split(verdicts) else State.OPEN, needed=given + 1)


def _split(verdicts: Sequence[Verdict]) -> bool:
    return Verdict.PASS in verdicts and Verdict.FAIL in verdicts


def _majority(decided: Sequence[Verdict]) -> Verdict:
    fails = sum(verdict is Verdict.FAIL for verdict in decided)
    if 2 * fails == len(decided):
        return Verdict.UNSURE
    return Verdict.FAIL if 2 * fails > len(decided) else Verdict.PASS
