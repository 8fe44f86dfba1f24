"""A lazy attribute is computed once an owner, on first use."""

import pytest

from otel_evals.text.lazy import lazy


class Owner:
    def __init__(self, number: int) -> None:
        self.number = number
        self.computed = 0

    @lazy
    def double(self) -> int:
        """Twice the number."""
        self.computed += 1
        if self.number < 0:
            raise ValueError("negative")
        return 2 * self.number


def test_a_value_is_computed_on_first_use_and_kept():
    one, other = Owner(2), Owner(5)
    assert one.computed == 0
    assert (one.double, one.double, other.double) == (4, 4, 10)
    assert one.computed == other.computed == 1


def test_an_error_is_not_kept():
    owner = Owner(-1)
    for _ in range(2):
        with pytest.raises(ValueError, match="negative"):
            _ = owner.double
    owner.number = 3
    assert owner.double == 6
    assert owner.computed == 3


def test_the_class_shows_the_documentation():
    assert Owner.double.__doc__ == "Twice the number."
