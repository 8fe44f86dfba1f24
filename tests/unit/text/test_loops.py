"""The gates that clear a text of loops let none through."""

import pytest

from otel_evals.text.loops import comes_again, echoed_words, is_clear, looped_words, prose

ORDINARY = (
    "the pump moves water from the lower tank to the upper one. a valve keeps it there until the morning shift opens "
    "the outlet and fills the channels between the beds. in dry weeks the second pump joins in, which doubles the flow "
    "but also the noise. neighbours were told in writing, and nobody has complained so far. the filter must be rinsed "
    "every ten days, or the pressure drops below what the sprinklers need. whoever rinses it writes the date on the "
    "card by the door"
)
SENTENCE = "please write to our support team at any time"


def test_an_ordinary_text_is_clear():
    assert is_clear(ORDINARY)


@pytest.mark.parametrize("end", [". ", "\n", ".\n", "\u3002"])
def test_four_copies_of_a_sentence_are_seen_wherever_they_stand(end):
    parts = ORDINARY.split(". ")
    text = end.join(piece for part in parts[:4] for piece in (part, SENTENCE)) + end + parts[4]
    assert not is_clear(text)
    assert is_clear(text.replace(SENTENCE, "so it goes", 1))


def test_copies_after_different_ends_of_sentences_count_together():
    one, two, three, four, *_ = ORDINARY.split(". ")
    assert not is_clear(f"{SENTENCE}. {one}. {SENTENCE}. {two}\n{SENTENCE}\n{three}. {SENTENCE}. {four}.")


def test_a_piece_that_is_followed_by_its_copy_is_seen_behind_a_copy_of_the_probe_alone():
    piece = "the small blue lamp, the small blue lamps, "
    assert not is_clear(ORDINARY[:100] + piece * 12)


@pytest.mark.parametrize(("phrase", "copies"), [("no", 7), ("tick tock", 7), ("one two three", 5), ("a b c d e", 5)])
def test_the_least_of_loops_comes_again(phrase, copies):
    tokens = f"it said {' '.join([phrase] * copies)} until noon".split()
    assert looped_words(tokens) > 0
    assert comes_again(tokens)


def test_a_sentence_said_twice_does_not_come_again():
    assert not comes_again(f"{SENTENCE} or call {SENTENCE}".split())


@pytest.mark.parametrize(
    ("text", "echoed"),
    [
        ("the red house stood by the red house", 0),
        ("red house on the red house", 2),
        ("big red old house and big red old house", 4),
        ("house with that old red house", 0),
        ("he sold the house in june and she kept the house", 0),
        ("house and house", 1),
    ],
)
def test_an_echo_is_a_copy_with_few_function_words_between(text, echoed):
    assert echoed_words(text.split()) == echoed


@pytest.mark.parametrize("fence", ["```", "~~~"])
def test_code_and_tables_are_left_out(fence):
    assert "x = 1" not in prose(f"so:\n{fence}\nx = 1\n{fence}\nthat is all")
    assert "yes" not in prose("so:\n| yes | no |\nthat is all")


@pytest.mark.parametrize("text", ["a `name` and another `one`", "about ~3 or ~4", "plain"])
def test_single_marks_are_no_code(text):
    assert prose(text) == text
