"""When an item is decided."""

import pytest

from otel_evals_backend.review.outcome import State, Verdict, standing

P, F, U = Verdict.PASS, Verdict.FAIL, Verdict.UNSURE


@pytest.mark.parametrize(
    ("verdicts", "needed", "state", "wanted", "final"),
    [
        ((), 1, State.OPEN, 1, None),
        ((P,), 1, State.DONE, 1, P),
        ((F,), 1, State.DONE, 1, F),
        ((P,), 2, State.OPEN, 2, None),
        ((P, P), 2, State.DONE, 2, P),
        ((P, F), 2, State.ADJUDICATE, 3, None),
        ((P, F, F), 3, State.DONE, 3, F),
        ((P, F, P), 3, State.DONE, 3, P),
        ((P, F, U), 3, State.DONE, 3, U),
        ((U,), 1, State.OPEN, 2, None),
        ((U, P), 2, State.DONE, 2, P),
        ((U, U), 2, State.OPEN, 3, None),
        ((U, U, F), 3, State.DONE, 3, F),
        ((U, U, U), 3, State.DONE, 3, U),
        ((P, F), 3, State.ADJUDICATE, 3, None),
    ],
)
def test_labels_amount_to(verdicts, needed, state, wanted, final):
    now = standing(verdicts, needed)
    assert (now.state, now.needed, now.final) == (state, wanted, final)
