"""A small rubric and ways to build cases, shared by the tests of this room."""

import pytest

from otel_evals.rubrics.rubric import load_rubric

YAML = """
name: politeness
title: Politeness
target: exchange
needs: [question, answer]
text: Decide whether the answer is polite.
scale:
  - {word: rude, label: fail, score: 0, meaning: It insults.}
  - {word: cool, label: pass, score: 0.5, meaning: Neither.}
  - {word: Polite, label: pass, score: 1, meaning: It is friendly.}
"""


@pytest.fixture(scope="session")
def politeness():
    return load_rubric(YAML, "politeness.yaml")


@pytest.fixture(scope="session")
def politeness_yaml():
    return YAML
