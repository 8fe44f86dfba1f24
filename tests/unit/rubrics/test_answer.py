"""Answers of judges: a verdict in the form that was asked for, or none at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.records.errors import OtelEvalsError
from otel_evals.records.evaluation import Label
from otel_evals.rubrics.answer import Unreadable, read_answer
from otel_evals.rubrics.question import REASON, answer_schema, ask
from otel_evals.rubrics.rubric import builtin_rubrics

NONCE = "q7w8e9r0t1y2u3i4"
FAITHFULNESS = builtin_rubrics()["faithfulness"]
VALID = {"reason": "The price is in the document.", "grade": "faithful", "confidence": 0.9, "nonce": NONCE}


def read(text):
    return read_answer(text, FAITHFULNESS, NONCE)


def changed(**fields):
    return json.dumps({**VALID, **fields})


def without(key):
    return json.dumps({k: v for k, v in VALID.items() if k != key})


def test_a_valid_answer_is_a_verdict():
    answer = read(json.dumps(VALID))
    assert answer.label is Label.PASS
    assert answer.score == 1.0
    assert answer.grade == "faithful"
    assert answer.confidence == 0.9
    assert answer.explanation == "The price is in the document."


@pytest.mark.parametrize(
    "text",
    [
        f"\n  {json.dumps(VALID)} \n",
        f"```json\n{json.dumps(VALID, indent=2)}\n```",
        f"```\n{json.dumps(VALID)}\n```\n",
        changed(grade=" Faithful "),
        changed(confidence=None),
        changed(confidence=1),
        without("confidence"),
        json.dumps(dict(reversed(VALID.items()))),
    ],
)
def test_white_space_one_block_case_and_order_do_not_matter(text):
    assert read(text).grade == "faithful"


NEARLY = [
    "",
    " \n",
    "faithful",
    "Score: 5",
    "5",
    "null",
    "[]",
    json.dumps([VALID]),
    json.dumps(json.dumps(VALID)),
    json.dumps({"answer": VALID}),
    json.dumps(VALID)[:-1],
    json.dumps(VALID)[:40],
    json.dumps(VALID) + json.dumps(VALID),
    json.dumps(VALID) + " That is my verdict.",
    "Here it is: " + json.dumps(VALID),
    f"Here:\n```json\n{json.dumps(VALID)}\n```",
    f"```json\n{json.dumps(VALID)}\n```\n```json\n{json.dumps(VALID)}\n```",
    f"```python\n{json.dumps(VALID)}\n```",
    f"```json\n{json.dumps(VALID)}",
    "\ufeff" + json.dumps(VALID),
    without("reason"),
    without("grade"),
    without("nonce"),
    changed(label="pass"),
    changed(reason=""),
    changed(reason=" \u200b "),
    changed(reason=None),
    changed(reason=["a"]),
    changed(reason=REASON),
    changed(grade="pass"),
    changed(grade="faithful!"),
    changed(grade="faithful, unfaithful"),
    changed(grade=1),
    changed(grade=None),
    changed(grade=["faithful"]),
    changed(confidence="0.9"),
    changed(confidence=True),
    changed(confidence=1.01),
    changed(confidence=-0.1),
    changed(confidence=10**400),
    json.dumps(VALID).replace("0.9", "NaN"),
    json.dumps(VALID).replace("0.9", "Infinity"),
    json.dumps(VALID).replace("0.9", "1e999"),
    json.dumps(VALID).replace("0.9", "9" * 5000),
    json.dumps(VALID).replace('"grade"', '"grade": "unfaithful", "grade"'),
    json.dumps(VALID).replace("{", '{"nonce": "x", '),
    changed(nonce=NONCE.upper()),
    changed(nonce=f" {NONCE}"),
    changed(nonce=""),
    changed(nonce=None),
    changed(nonce=[NONCE]),
    changed(reason="x" * 70_000),
    changed(reason="\u4e2d" * 22_000).encode().decode("unicode_escape"),
    "[" * 60_000,
    '{"a":' * 9_000,
    json.dumps(answer_schema(FAITHFULNESS)),
    "\ud800",
]


@pytest.mark.parametrize("text", NEARLY, ids=[f"{i}: {text[:24]!a}" for i, text in enumerate(NEARLY)])
def test_what_is_nearly_a_verdict_is_none_and_is_not_quoted(text):
    with pytest.raises(Unreadable) as caught:
        read(text)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, OtelEvalsError)
    assert len(str(caught.value)) < 80
    assert NONCE not in str(caught.value)


def test_an_echo_of_the_question_is_no_verdict():
    example = FAITHFULNESS.examples.bad[0]
    question = ask(FAITHFULNESS, example.case(), nonce=NONCE, max_chars=24_000, redact=str)
    for echo in (question.user, question.system, question.system + question.user, json.dumps(question.schema)):
        with pytest.raises(Unreadable):
            read(echo)


def test_the_explanation_is_short_legible_and_does_not_carry_the_nonce():
    reason = f"First\n\x1b[31mred\u202e\u200b {NONCE} and {NONCE.upper()} \ud800 " + "long " * 400
    answer = read(changed(reason=reason))
    assert len(answer.explanation) == 1000
    assert answer.explanation.startswith("First [31mred […] and […] ")
    assert answer.explanation.endswith("…")
    answer.explanation.encode()


TEXTS = st.text() | st.sampled_from(["faithful", "unfaithful", NONCE, "", "pass"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.fixed_dictionaries({}, optional=dict.fromkeys(("reason", "grade", "confidence", "nonce", "x"), VALUES))


@given(st.text() | VALUES.map(json.dumps) | OBJECTS.map(json.dumps))
def test_reading_raises_nothing_but_unreadable(text):
    try:
        answer = read(text)
    except Unreadable:
        return
    assert json.loads(text)["nonce"] == NONCE
    assert answer.grade in {"faithful", "partly_faithful", "unfaithful"}


@given(st.text().filter(lambda nonce: nonce != NONCE))
def test_no_answer_with_another_nonce_is_read(nonce):
    with pytest.raises(Unreadable, match="code"):
        read(changed(nonce=nonce))


@given(
    st.text().filter(lambda reason: any(c.isalnum() for c in reason)),
    st.sampled_from(FAITHFULNESS.scale),
    st.none() | st.floats(0, 1),
)
def test_a_valid_answer_comes_back_as_it_was_given(reason, grade, confidence):
    answer = read(changed(reason=reason, grade=grade.word, confidence=confidence))
    assert (answer.label, answer.score, answer.grade) == (grade.label, grade.score, grade.word)
    assert answer.confidence == confidence
    assert answer.explanation
