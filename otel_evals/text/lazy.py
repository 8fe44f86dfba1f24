"""Attributes that are computed on first use and kept, for the scan that all checks share.

What `functools.cached_property` does, without the lock that it takes in Python 3.11 on each first use: a scan lives in
one thread, for one evaluation, and the locks of its two dozen attributes would cost more than most of the values.
"""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class lazy(Generic[T]):  # noqa: N801 - a decorator, named in lower case as `property` is
    """A property whose first value stays: it goes to the `__dict__` of its owner, which is asked before this is."""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: object, kind: type) -> T: ...
    def __get__(self, owner: object | None, kind: type) -> Self | T:
        if owner is None:
            return self
        value = owner.__dict__[self._name] = self._compute(owner)
        return value
