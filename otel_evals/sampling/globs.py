"""Lists of words in which `*` stands for any characters: how rules name services, models and attribute values.

Linear in the value, whatever the pattern: values come from outside, and a regular expression made of several stars
would take polynomial time on some of them.
"""

from collections.abc import Callable, Sequence


def any_glob(globs: Sequence[str]) -> Callable[[str], bool]:
    """Whether a value is one of `globs`. Upper and lower case differ; `*` alone takes every value."""
    words = frozenset(glob for glob in globs if "*" not in glob)
    starred = tuple(_one_glob(glob) for glob in globs if "*" in glob)
    if not starred:
        return words.__contains__
    return lambda value: value in words or any(matches(value) for matches in starred)


def _one_glob(glob: str) -> Callable[[str], bool]:
    head, *middle, tail = glob.split("*")
    shortest = len(head) + len(tail)

    def matches(value: str) -> bool:
        if len(value) < shortest or not value.startswith(head) or not value.endswith(tail):
            return False
        at, end = len(head), len(value) - len(tail)
        for piece in middle:  # the earliest place of each leaves the most room for the next
            at = value.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    return matches
