"""Exactly k traces of a window, each with its exact probability: the k smallest numbers of `uniform` (bottom-k).

Given all others, a trace is among the k smallest if and only if its number is below the (k+1)-th smallest of all, which
is therefore the inclusion probability of every member. It is final when the window is over, so members are judged then.

Spans of one trace share their number, so a reservoir holds k traces with all their spans: to cut a trace in two would
leave its spans without a known probability.

The processor draws in its judge store (`spool.draws`), for all workers at once; this is the model in memory, plain
enough to be checked by its definition, that its tests compare it with.
"""

from bisect import bisect_left


class BottomK:
    """The members so far, and the smallest number that is out."""

    def __init__(self, k: int) -> None:
        """Room for `k` traces, at least 1."""
        if k < 1:
            raise ValueError("a reservoir holds at least one trace")
        self._k = k
        self._keys: dict[float, list[str]] = {}
        self._order: list[float] = []
        self._threshold = 1.0

    def offer(self, u: float, key: str) -> tuple[str, ...]:
        """Take in the span `key` whose trace has the number `u`; the keys that are out because of it, for good.

        None when there is room; `key` itself when it does not get in; otherwise the keys of the trace that gives way
        (more than one when several of its spans were offered). To offer a key again changes nothing.
        """
        if u >= self._threshold:
            return (key,)
        known = self._keys.get(u)
        if known is not None:
            if key not in known:
                known.append(key)
            return ()
        if len(self._order) == self._k and u > self._order[-1]:
            self._threshold = u
            return (key,)
        self._order.insert(bisect_left(self._order, u), u)
        self._keys[u] = [key]
        if len(self._order) <= self._k:
            return ()
        self._threshold = self._order.pop()
        return tuple(self._keys.pop(self._threshold))

    def probability(self) -> float:
        """Inclusion probability of each member: the smallest number that is out, 1 while everything is in.

        It can only fall until the window is over, and a span is a member if and only if its number is below it.
        """
        return self._threshold

    @property
    def members(self) -> tuple[str, ...]:
        """Keys of the spans that are in, in the order of their numbers."""
        return tuple(key for u in self._order for key in self._keys[u])

    def __len__(self) -> int:
        """Traces that are in."""
        return len(self._order)
