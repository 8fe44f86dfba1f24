from otel_evals.text.evidence import evidence

PASSAGE = "The bridge over the Soca in Kanal was built in 1580 and rebuilt in 1920."


def test_more_of_the_questions_words_is_more_evidence():
    none = evidence("Which birds live in the delta of the Nile?", [PASSAGE])
    some = evidence("When was the church in Kanal painted?", [PASSAGE])
    most = evidence("When was the bridge over the Soca in Kanal built?", [PASSAGE])
    assert none < some < most


def test_the_same_words_in_a_longer_text_are_weaker_evidence():
    filler = "Many people came to the market that morning with fruit and bread. " * 10
    question = "When was the bridge over the Soca in Kanal built?"
    assert evidence(question, [PASSAGE, filler]) < evidence(question, [PASSAGE])


def test_a_date_is_what_when_asks_for():
    question = "When was the bridge in Kanal built?"
    assert evidence(question, ["The bridge in Kanal was built here."]) < evidence(
        question, ["The bridge in Kanal was built in 1580."]
    )


def test_accents_and_endings_do_not_matter():
    assert evidence("Who rebuilt bridges in São Luís?", ["Ana rebuilds a bridge in Sao Luis."]) > 0.5


def test_a_question_without_content_words_has_no_evidence():
    assert evidence("What is it?", [PASSAGE]) == 0.0
    assert evidence("", []) == 0.0
