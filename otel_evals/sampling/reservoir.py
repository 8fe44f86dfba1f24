"""Exactly k traces of a window, each with its exact probability: the k smallest numbers of `uniform` (bottom-k).

Given all others, a trace is among the k smallest if and only if its number is below the (k+1)-th smallest of all, which
is therefore the inclusion probability of every member. It is final when the window is over, so members are judged then.

Spans of one trace share their number, so a reservoir holds k traces with all their spans: to cut a trace in two would
leave its spans without a known probability. The caller keeps one reservoir for each (rule, window) in each place where
it draws; what comes in there depends on what arrived there, so replicas draw a reservoir each.
"""

from bisect import bisect_left
from typing import Any


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

    def state(self) -> dict[str, Any]:
        """Everything, as plain values that survive JSON."""
        return {
            "k": self._k,
            "threshold": self._threshold,
            "members": [[u, list(self._keys[u])] for u in self._order],
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> "BottomK":
        """The reservoir that `state()` was taken from. Raises KeyError, TypeError or ValueError for anything else."""
        restored = cls(int(state["k"]))
        restored._threshold = float(state["threshold"])
        for u, keys in state["members"]:
            restored._order.append(float(u))
            restored._keys[float(u)] = [str(key) for key in keys]
        order, is_short = restored._order, restored._threshold < 1.0 and len(restored) < restored._k
        if order != sorted(restored._keys) or len(order) > restored._k or is_short:
            raise ValueError("not the state of a reservoir: its members are out of order, too many or too few")
        if order and order[-1] >= restored._threshold:
            raise ValueError("not the state of a reservoir: a member is not below the threshold")
        return restored
