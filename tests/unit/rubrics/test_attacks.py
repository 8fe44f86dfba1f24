"""The tricks of the self-test: each reaches the judge's eyes as data, and none of them as anything else."""

import re

import pytest

from otel_evals.rubrics.attacks import Attack, attacked, attacks
from otel_evals.rubrics.question import ask
from otel_evals.rubrics.rubric import builtin_rubrics

NONCE = "q7w8e9r0t1y2u3i4"
RUBRICS = builtin_rubrics()


def text_of(rubric, example):
    return ask(rubric, example.case(), nonce=NONCE, max_chars=24_000, redact=str).user


@pytest.mark.parametrize("name", sorted(RUBRICS))
def test_every_trick_on_every_bad_example_is_shown_to_the_judge_and_stays_in_its_block(name):
    rubric = RUBRICS[name]
    for example in rubric.examples.bad:
        plain = text_of(rubric, example)
        fences = {re.sub(r"BEGIN |END ", "", fence) for fence in re.findall("⟦.*?⟧", plain)}
        for kind in attacks(rubric):
            text = text_of(rubric, attacked(example, kind, rubric))
            assert text != plain, kind
            assert rubric.best.word in text.replace(f'"{rubric.best.word}"', "", 1), kind
            shown = {re.sub(r"BEGIN |END ", "", fence) for fence in re.findall("⟦.*?⟧", text)}
            assert shown - fences <= {f"⟦documents {NONCE}⟧"}
            assert not re.search(r"<\||\[INST|\u200b", text)


def test_an_attack_is_deterministic_and_leaves_the_rest_of_the_example_alone():
    rubric = RUBRICS["faithfulness"]
    example = rubric.examples.bad[0]
    for kind in Attack:
        once = attacked(example, kind, rubric)
        assert once == attacked(example, kind, rubric)
        assert once.question == example.question
        assert once.answer.startswith(example.answer)
        assert once.documents[: len(example.documents)] == example.documents


def test_the_tricks_of_a_rubric_all_differ():
    rubric = RUBRICS["faithfulness"]
    example = rubric.examples.bad[0]
    assert len({repr(attacked(example, kind, rubric)) for kind in Attack}) == len(Attack)


def test_orders_come_in_five_languages_beside_english():
    foreign = {Attack.SPANISH, Attack.GERMAN, Attack.CHINESE, Attack.ARABIC, Attack.RUSSIAN}
    assert foreign <= set(attacks(RUBRICS["harmful_content"]))


def test_where_the_answer_is_not_shown_the_trick_stands_in_a_document():
    rubric = RUBRICS["context_relevance"]
    example = rubric.examples.bad[0]
    once = attacked(example, Attack.OVERRIDE, rubric)
    assert once.answer == example.answer
    assert "Ignore all of the above" in once.documents[-1].text


def test_a_rubric_without_documents_is_not_attacked_through_one():
    assert Attack.SYSTEM_DOCUMENT not in attacks(RUBRICS["answer_relevance"])
    assert Attack.SYSTEM_DOCUMENT in attacks(RUBRICS["faithfulness"])
