"""People are asked what the configuration's own rubrics and rules ask."""

import pytest

from otel_evals.checks.policy import PolicyRule
from otel_evals.config.judging import JudgeSection
from otel_evals.judges.settings import JudgeSettings, ModelSettings
from otel_evals.records.errors import ConfigurationError
from otel_evals_backend.review.questions import question_of
from otel_evals_backend.review.wordings import wordings
from otel_evals_backend.settings import BackendSettings, ReviewSettings
from tests.backend.conftest import started
from tests.backend.review.test_pages import reserve
from tests.backend.traffic import Call, judge, send, traces

RUBRIC = """name: house_style
title: Is the answer written in the style of the house?
target: exchange
needs: []
scale:
  - {word: foreign, label: fail, score: 0, meaning: It sounds like somebody else.}
  - {word: own, label: pass, score: 1, meaning: It sounds like us.}
text: Short sentences, no exclamation marks.
"""


class Config:
    """The parts of a configuration that are read."""

    def __init__(self, judge=(), policy=()):
        self.judge = JudgeSection(judges=tuple(judge))
        self.policy = tuple(policy)


def judge_of(path):
    return JudgeSettings(name="style", rubric_file=str(path), model=ModelSettings(model="m"))


@pytest.fixture
def rubric_file(tmp_path):
    path = tmp_path / "house.yaml"
    path.write_text(RUBRIC)
    return path


def test_a_rubric_of_the_configuration_is_the_question_word_for_word(rubric_file):
    question = question_of("house_style", wordings(Config([judge_of(rubric_file)])))
    assert question.ask == "Is the answer written in the style of the house?"
    assert question.guide == "Short sentences, no exclamation marks."
    assert (question.passes, question.fails) == (("It sounds like us.",), ("It sounds like somebody else.",))


def test_another_text_is_another_version(rubric_file):
    before = question_of("house_style", wordings(Config([judge_of(rubric_file)])))
    rubric_file.write_text(RUBRIC.replace("Short", "Very short"))
    after = question_of("house_style", wordings(Config([judge_of(rubric_file)])))
    assert before.version != after.version


def test_a_rule_says_what_it_looks_for():
    rule = PolicyRule(name="no_prices", forbidden=r"\d+ EUR", max_words=80, message="No prices, please.")
    question = question_of("policy_no_prices", wordings(Config(policy=[rule])))
    assert question.ask == "Does the answer keep the rule “no prices”?"
    assert question.guide.splitlines() == [
        "When it fails, it says: No prices, please.", r"must not occur in the answer: \d+ EUR", "at most 80 words",
    ]  # fmt: skip


def test_a_rubric_that_cannot_be_read_stops_the_start_by_name(tmp_path):
    with pytest.raises(ConfigurationError, match=r"missing\.yaml"):
        wordings(Config([judge_of(tmp_path / "missing.yaml")]))


async def test_the_item_shows_it_and_the_label_keeps_its_version(rubric_file, tmp_path, clock):
    said = wordings(Config([judge_of(rubric_file)]))
    settings = BackendSettings(review=ReviewSettings(audit=1, double=0))
    async with started(settings, tmp_path, clock, wordings=said) as backend:
        await send(backend, traces(Call(coverage="judged", results=(judge("house_style", "pass", score=0.9),))))
        item = await reserve(backend)
        shown = (await backend.client.get(f"/api/v1/review/items/{item}")).json()["question"]
        assert shown["ask"] == "Is the answer written in the style of the house?"
        assert shown["version"] == question_of("house_style", said).version != question_of("house_style", {}).version
        assert "Short sentences" in (await backend.client.get(f"/review/{item}")).text
