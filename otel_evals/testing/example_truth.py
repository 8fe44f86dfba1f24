"""The truth of the rubrics' own examples and of the attacks on them, for a scripted judge that `judge test` asks.

python -m otel_evals.testing.judge_server --truth otel_evals.testing.example_truth:example_truth --tpr .98 --tnr .5
"""

from collections.abc import Iterator, Mapping
from functools import cache

from otel_evals.forward.redaction import redact
from otel_evals.rubrics.attacks import attacked, attacks
from otel_evals.rubrics.example import Example
from otel_evals.rubrics.question import ask
from otel_evals.rubrics.rubric import Rubric, builtin_rubrics
from otel_evals.testing.judge_script import without_codes

_NONCE = "0123456789abcdef"


def example_truth(text: str) -> bool | None:
    """Whether the judged text is that of a good example; an attacked bad one is bad. None for anything else."""
    return _known().get(without_codes(text))


@cache
def _known() -> Mapping[str, bool]:
    """The truth by what the judge reads, with and without redaction."""
    known: dict[str, bool] = {}
    for rubric in builtin_rubrics().values():
        for example, good in _cases(rubric):
            for redacting in (redact, str):
                question = ask(rubric, example.case(), nonce=_NONCE, max_chars=24_000, redact=redacting)
                known[without_codes(question.user)] = good
    return known


def _cases(rubric: Rubric) -> Iterator[tuple[Example, bool]]:
    yield from ((example, True) for example in rubric.examples.good)
    for example in rubric.examples.bad:
        yield example, False
        yield from ((attacked(example, kind, rubric), False) for kind in attacks(rubric))
