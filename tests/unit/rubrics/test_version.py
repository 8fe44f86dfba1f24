"""Versions of judges: whatever decides changes them, whatever only explains does not."""

import subprocess
import sys

import msgspec
import pytest

from otel_evals.records.evaluation import Label
from otel_evals.records.judging import Need, Target
from otel_evals.rubrics import cutting, fence, question
from otel_evals.rubrics import version as versions
from otel_evals.rubrics.part import Part
from otel_evals.rubrics.rubric import Examples, builtin_rubrics
from otel_evals.rubrics.version import judge_version

PARAMETERS = {"temperature": 0, "seed": 7, "max_chars": 24_000}
RUBRIC = builtin_rubrics()["faithfulness"]


def version(rubric=RUBRIC, model="judge-2026-01-01", parameters=PARAMETERS):
    return judge_version(rubric, model=model, parameters=parameters)


def with_grade(**fields):
    *others, last = RUBRIC.scale
    return (*others, msgspec.structs.replace(last, **fields))


EDITS = {
    "name": {"name": "groundedness"},
    "title": {"title": "Groundedness"},
    "target": {"target": Target.AGENT},
    "needs": {"needs": frozenset({Need.ANSWER})},
    "text": {"text": RUBRIC.text + " And be kind."},
    "shows": {"shows": frozenset(Part)},
    "number of grades": {"scale": RUBRIC.scale[1:]},
    "word of a grade": {"scale": with_grade(word="grounded")},
    "score of a grade": {"scale": with_grade(score=0.9)},
    "meaning of a grade": {"scale": with_grade(meaning="It is fine.")},
    "label of a grade": {
        "scale": (RUBRIC.scale[0], msgspec.structs.replace(RUBRIC.scale[1], label=Label.PASS), RUBRIC.scale[2])
    },
}


@pytest.mark.parametrize("fields", EDITS.values(), ids=EDITS)
def test_editing_any_part_that_decides_makes_a_new_version(fields):
    assert version(msgspec.structs.replace(RUBRIC, **fields)) != version()


def test_another_model_or_parameter_makes_a_new_version():
    seen = {
        version(),
        version(model="judge-2026-02-02"),
        version(parameters={**PARAMETERS, "temperature": 1}),
        version(parameters={**PARAMETERS, "max_chars": 12_000}),
        version(parameters={}),
    }
    assert len(seen) == 5


def test_editing_examples_or_the_source_makes_none():
    assert version(msgspec.structs.replace(RUBRIC, examples=Examples(), source="elsewhere")) == version()


def test_the_order_of_parameters_does_not_matter():
    assert version(parameters=dict(reversed(PARAMETERS.items()))) == version()


def test_a_version_is_twelve_hex_digits_and_every_rubric_has_its_own():
    all_of_them = [version(rubric) for rubric in builtin_rubrics().values()]
    assert len(set(all_of_them)) == len(all_of_them)
    assert all(len(v) == 12 and int(v, 16) >= 0 for v in all_of_them)


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (question, "_SYSTEM", question._SYSTEM + " Be quick."),
        (question, "_USER", question._USER + " Be quick."),
        (question, "REASON", "Why."),
        (fence, "QUOTE", "> "),
        (cutting, "_QUESTION_SHARE", 0.2),
    ],
    ids=["system", "user", "reason", "quote", "share of the question"],
)
def test_editing_our_own_template_or_layout_makes_a_new_version(monkeypatch, module, name, value):
    before = version()
    monkeypatch.setattr(module, name, value)
    versions._layout.cache_clear()
    try:
        assert version() != before
    finally:
        versions._layout.cache_clear()


def test_another_process_finds_the_same_version():
    code = (
        "from otel_evals.rubrics.rubric import builtin_rubrics; from otel_evals.rubrics.version import judge_version; "
        f"print(judge_version(builtin_rubrics()['faithfulness'], model='judge-2026-01-01', parameters={PARAMETERS!r}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "1"}
    )
    assert run.stdout.strip() == version()
