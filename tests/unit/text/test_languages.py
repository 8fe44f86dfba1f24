"""A language is told from little words, in one sum for all languages, or not at all."""

import pytest

from otel_evals.text.language_words import WORDS
from otel_evals.text.languages import detect, prose

FILLERS = ("lorem", "ipsum", "sitting", "amet", "consectetur", "adipiscing")


def text_of(language: str, share: int) -> str:
    """120 words, one in `share` of them a little word of `language` that no other language has."""
    others = {word for other, listed in WORDS.items() if other != language for word in listed.split()}
    own = [w for w in WORDS[language].split() if w not in others and "'" not in w]
    return " ".join(own[i // share % len(own)] if i % share == 0 else FILLERS[i % len(FILLERS)] for i in range(120))


@pytest.mark.parametrize("language", WORDS)
def test_every_language_is_told_by_its_own_little_words(language):
    assert detect(text_of(language, 3)) == language


def test_too_few_little_words_leave_it_open():
    assert detect(text_of("en", 3)) == "en"
    assert detect(text_of("en", 12)) is None


def test_two_languages_alike_leave_it_open():
    both = [word for pair in zip(text_of("en", 3).split(), text_of("id", 3).split(), strict=True) for word in pair]
    assert detect(" ".join(both)) is None


def test_an_english_beginning_settles_the_matter_whatever_follows():
    english = "this is what you should have been told about the way that we do it and why it has not been done before"
    assert detect(f"{english} {english} {text_of('id', 1)}") == "en"


def test_a_word_with_an_elided_article_counts_for_its_language():
    assert detect("lorem dell'acqua ipsum nell'anno amet sull'isola") == "it"
    assert detect("lorem acqua ipsum anno amet isola") is None


def test_letters_of_a_language_count_as_little_words():
    assert detect("straße größe mädchen lorem ipsum amet") == "de"


def test_no_count_runs_over_where_every_word_counts_twice():
    assert detect("für " * 200 + "über " * 200) == "de"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("see https://example.com/the/and for more", "see   for more"),
        ("call `the_and()` first", "call   first"),
        ("a <the and> tag", "a   tag"),
        ("note: this stays", "note: this stays"),
    ],
)
def test_prose_is_without_code_addresses_and_tags(text, kept):
    assert prose(text) == kept
