"""Finds out whether anybody answers before hundreds of questions are put, and says what to do when nobody does.

Called by both verbs.
"""

from collections.abc import Sequence
from typing import Final

from otel_evals.selftest.asking import Asking, Call, Outcome

_SHARE: Final = 0.5
"""Of the time: by then the first answer must have come."""
_ADVICE: Final = {
    "connection_error": "is it running, and is the address right (with /v1 where the server has it)?",
    "connect_timeout": "is the address right, and does a firewall stand between?",
    "tls_error": "check https in the address, and `ca_file` of the endpoint for an authority of your own",
    "timeout": "is the model too slow? Raise `timeout` of the endpoint",
}


async def knock(
    answerers: Sequence[str], calls: Sequence[Call], asking: Asking, outcomes: dict[int, Outcome], *, seconds: float
) -> dict[str, str]:
    """Make the first call of each answerer; those from whom nothing comes, with what came instead.

    An answer that cannot be read is an answer. The outcomes go into `outcomes`, so that no call is made twice.

    Args:
        answerers: who answers each of `calls`.
        calls: all calls that are planned.
        asking: makes them.
        outcomes: by the position of the call.
        seconds: for everything; the first answer must have come in half of it.
    """
    first = {answerer: position for position, answerer in reversed(list(enumerate(answerers)))}
    limit = seconds * _SHARE
    await asking.run(calls, outcomes, sorted(first.values()), seconds=limit)
    silent: dict[str, str] = {}
    for answerer, position in first.items():
        outcome = outcomes.get(position)
        if outcome is None:
            silent[answerer] = f"no answer within {limit:g} s; is it loading the model? Try again when it has"
        elif outcome.unreachable:
            silent[answerer] = advised(outcome)
    return silent


def advised(outcome: Outcome) -> str:
    """What an unreachable outcome came to, and what to do."""
    failure = outcome.failure
    assert failure is not None  # noqa: S101 - an unreachable outcome has one
    advice = _ADVICE.get(failure.error_type)
    return f"{failure}; {advice}" if advice else str(failure)
