"""Rubrics: the built-in ones are complete, users' own are read strictly, faults are told by file and field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.records.errors import ConfigurationError
from otel_evals.records.evaluation import Label
from otel_evals.records.judging import Need, Target
from otel_evals.rubrics.applies import missing
from otel_evals.rubrics.part import Part
from otel_evals.rubrics.question import answer_schema, system_text
from otel_evals.rubrics.rubric import builtin_rubrics, load_rubric

NAMES = sorted(builtin_rubrics())


def test_there_are_the_nine_built_in_rubrics():
    assert NAMES == [
        "answer_relevance",
        "context_relevance",
        "conversation_satisfaction",
        "faithfulness",
        "harmful_content",
        "instruction_following",
        "refusal_justified",
        "task_success",
        "tool_use",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_built_in_rubric_names_its_source_and_has_clear_examples_of_both_kinds(name):
    rubric = builtin_rubrics()[name]
    assert rubric.name == name
    assert "https://" in rubric.source
    assert len(rubric.examples.good) >= 3
    assert len(rubric.examples.bad) >= 3
    assert "Not judged here:" in rubric.text


@pytest.mark.parametrize("name", NAMES)
def test_a_built_in_rubric_applies_to_each_of_its_own_examples(name):
    rubric = builtin_rubrics()[name]
    for example in (*rubric.examples.good, *rubric.examples.bad):
        assert missing(rubric.needs, example.case()) is None, example.question


@pytest.mark.parametrize("name", NAMES)
def test_no_example_of_a_built_in_rubric_stands_in_it_twice(name):
    examples = builtin_rubrics()[name].examples
    everything = [*examples.good, *examples.bad]
    assert len(set(map(repr, everything))) == len(everything)


@pytest.mark.parametrize("name", NAMES)
def test_a_built_in_rubric_shows_the_parts_that_it_needs(name):
    rubric = builtin_rubrics()[name]
    shown_by = {
        Need.QUESTION: Part.QUESTION,
        Need.ANSWER: Part.ANSWER,
        Need.DOCUMENTS: Part.DOCUMENTS,
        Need.TOOLS: Part.TOOL_CALLS,
        Need.CONVERSATION: Part.CONVERSATION,
        Need.REFUSAL: Part.ANSWER,
        Need.INSTRUCTIONS: Part.INSTRUCTIONS,
        Need.REFERENCE: Part.REFERENCE,
    }
    assert {shown_by[need] for need in rubric.needs} <= rubric.shows


@pytest.mark.parametrize("name", NAMES)
def test_the_instructions_hold_the_criterion_and_every_grade(name):
    rubric = builtin_rubrics()[name]
    system = system_text(rubric)
    assert rubric.text.strip() in system
    assert all(f'"{grade.word}" ({grade.label.value})' in system for grade in rubric.scale)
    assert answer_schema(rubric)["properties"]["grade"]["enum"] == [grade.word for grade in rubric.scale]


def test_only_task_success_looks_at_whole_runs():
    assert [n for n in NAMES if builtin_rubrics()[n].target is Target.AGENT] == ["task_success"]


def test_a_rubric_of_ones_own_shows_everything_and_needs_neither_source_nor_examples(politeness):
    assert politeness.shows == frozenset(Part)
    assert politeness.source == ""
    assert politeness.examples.good == ()
    assert politeness.best.word == "Polite"


@pytest.mark.parametrize(("word", "found"), [("polite", "Polite"), (" RUDE ", "rude"), ("pass", None), ("", None)])
def test_a_grade_is_found_by_its_word_alone(politeness, word, found):
    grade = politeness.grade(word)
    assert (grade.word if grade else None) == found


def test_grades_that_pass_follow_those_that_fail(politeness):
    assert [grade.label for grade in politeness.scale] == [Label.FAIL, Label.PASS, Label.PASS]


FAULTS = [
    ("name: politeness", "name: Politeness Score", "name: must be snake_case"),
    ("name: politeness", "name: verdict", "reserved"),
    ("title: Politeness", "title: ' '", "title: must not be empty"),
    ("title: Politeness", "", "title"),
    ("title: Politeness", "title: [a]", "title: Expected `str`"),
    ("target: exchange", "target: span", "target: Invalid enum value"),
    ("needs: [question, answer]", "needs: [tea]", "needs"),
    ("text: Decide whether the answer is polite.", "text: ''", "text: must hold the criterion"),
    ("text: Decide whether the answer is polite.", f"text: {'x' * 8001}", "text: must hold the criterion"),
    ("word: rude", "word: no", "scale[0].word: Expected `str`, got `bool` (put quotes around it)"),
    ("word: rude", "word: polite", "scale: needs two grades or more, each with a word of its own"),
    ("word: rude", "word: ' rude'", "scale: a word"),
    ("label: fail", "label: pass", "scale: needs grades that fail"),
    ("label: fail", "label: bad", "scale[0].label"),
    ("score: 0,", "score: 0.7,", "scale: must go from worst to best"),
    ("score: 1,", "score: 2,", "scale: each score must be between 0 and 1"),
    ("score: 0,", "score: .nan,", "scale: each score must be between 0 and 1"),
    ("meaning: It insults.", "means: It insults.", "scale[0]"),
    ("title: Politeness", "title: Politeness\nweight: 3", "unknown field `weight`"),
    ("title: Politeness", "title: Politeness\ntitle: Again", "line 4: a key stands here for the second time"),
    ("title: Politeness", "title: &a Politeness\nsource: *a", "line 4: aliases"),
    ("title: Politeness", "title: 'Politeness", "not plain YAML"),
    ("title: Politeness", "title: !!python/object:os.system x", "not plain YAML"),
    ("title: Politeness", "shows: [steps]\ntitle: Politeness", "shows: must name the question or the answer"),
    ("title: Politeness", "title: \ud800", "half a character"),
    ("title: Politeness", "title: \x07", "a character that YAML does not allow"),
    ("title: Politeness", f"title: {'[' * 40}", "nested deeper"),
]


@pytest.mark.parametrize(("old", "new", "message"), FAULTS)
def test_a_fault_is_told_with_the_file_and_the_field(politeness_yaml, old, new, message):
    assert old in politeness_yaml
    with pytest.raises(ConfigurationError) as caught:
        load_rubric(politeness_yaml.replace(old, new, 1), "mine.yaml")
    assert str(caught.value).startswith("mine.yaml: ")
    assert message in str(caught.value)


PIECES = st.sampled_from(
    ["", "- ", "{", "}", "[", "]", ": ", "'", '"', "&a ", "*a", "<<: ", "!!str ", "null", "\n", "1e9", "\t"]
)


@given(st.data())
def test_a_damaged_file_is_a_rubric_or_a_configuration_error(politeness_yaml, data):
    start = data.draw(st.integers(0, len(politeness_yaml)))
    end = data.draw(st.integers(start, min(start + 5, len(politeness_yaml))))
    text = politeness_yaml[:start] + data.draw(PIECES) + politeness_yaml[end:]
    try:
        rubric = load_rubric(text, "mine.yaml")
    except ConfigurationError as error:
        assert str(error).startswith("mine.yaml: ")  # noqa: PT017 - either outcome is right, each has its own form
    else:
        assert len(rubric.scale) >= 2


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_raise_anything_but_a_configuration_error(text):
    with pytest.raises(ConfigurationError):
        load_rubric(text, "mine.yaml")
