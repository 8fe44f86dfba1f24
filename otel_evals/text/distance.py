"""How many characters lie between two texts. Bounded, since texts of users have any length."""

from collections import Counter
from typing import Final

_MOST: Final = 500
"""Characters whose every pair is compared; what is longer is compared by words."""


def edit_distance(before: str, after: str) -> int:
    """Characters inserted, deleted or replaced from `before` to `after`: Levenshtein's distance.

    Of long texts that differ much it is an upper bound, counted by whole words.
    """
    start = 0
    end = min(len(before), len(after))
    while start < end and before[start] == after[start]:
        start += 1
    stop = 0
    while stop < end - start and before[-1 - stop] == after[-1 - stop]:
        stop += 1
    left, right = before[start : len(before) - stop], after[start : len(after) - stop]
    if not left or not right:
        return len(left) + len(right)
    if len(left) <= _MOST and len(right) <= _MOST:
        return _levenshtein(left, right)
    return min(max(len(left), len(right)), max(abs(len(left) - len(right)), _by_words(left, right)))


def _levenshtein(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            before, row[j] = row[j], before if a == b else 1 + min(before, row[j], row[j - 1])
    return row[-1]


def _by_words(left: str, right: str) -> int:
    """Characters of the words that one has and the other has not, the larger side."""
    ours, theirs = Counter(left.split()), Counter(right.split())
    gone = sum(len(word) * n for word, n in (ours - theirs).items())
    came = sum(len(word) * n for word, n in (theirs - ours).items())
    return max(gone, came)
