"""Runs one check on one answer, as the engine would: for the tests of those who write checks."""

from collections.abc import Sequence
from typing import Any

from otel_evals.plugins.protocols import Check
from otel_evals.records.evaluation import Finding
from otel_evals.records.exchange import Choice, Document, Exchange, Message
from otel_evals.text.patterns import PatternPass
from otel_evals.text.scan import Scan


def evaluate(
    check: Check, answer: str, *, question: str = "", documents: Sequence[str] = (), **fields: Any
) -> Finding | None:
    """What `check` finds in one answer; None when it does not apply.

    Args:
        check: the check with its settings.
        answer: the model's answer.
        question: the user's turn.
        documents: texts that were retrieved before.
        fields: further fields of the `Exchange`.
    """
    exchange = Exchange(
        messages=(Message(role="user", text=question),),
        choices=(Choice(message=Message(role="assistant", text=answer), finish_reason="stop"),),
        documents=tuple(Document(text=text) for text in documents),
        **fields,
    )
    return check.evaluate(Scan(exchange, PatternPass(check.patterns())))
