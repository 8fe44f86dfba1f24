"""One stream, in which nobody can tell why an item is asked."""

import random

from otel_evals_backend.review.order import Reason, chosen_worth, priority, random_worth

DAY = 86_400_000_000_000


def test_what_users_disliked_where_the_risk_is_high_is_worth_most():
    low = chosen_worth({Reason.NEAR}, 0)
    high = chosen_worth({Reason.FEEDBACK, Reason.HIGH_RISK, Reason.JUDGES}, 2)
    assert 0 < low < chosen_worth({Reason.HIGH_RISK}, 2) < high <= 1


def test_among_random_items_the_drawn_number_alone_decides():
    assert random_worth(0.001, 0.5) > random_worth(0.4, 0.5)
    assert random_worth(0.001, 0.01) == random_worth(0.05, 0.5)


def test_random_and_chosen_items_mix():
    rng = random.Random(3)  # noqa: S311 - repeats
    reasons = [{Reason.HIGH_RISK}, {Reason.NEAR}, {Reason.FEEDBACK}, {Reason.CONFIDENCE, Reason.NEAR}]
    stream = [(chosen_worth(rng.choice(reasons), rng.randrange(3)), False) for _ in range(200)]
    stream += [(random_worth(rng.random() * 0.06, 0.06), True) for _ in range(200)]
    kinds = [kind for _, kind in sorted(stream, reverse=True)]
    assert 20 < sum(kinds[:100]) < 80
    assert 20 < sum(kinds[100:200]) < 90


def test_age_wins_in_the_end_and_the_order_of_two_items_never_changes():
    old, new = priority(0.3, 0), priority(1.0, 2 * 7 * DAY)
    assert old > new
    assert priority(0.3, 0) < priority(1.0, DAY)
