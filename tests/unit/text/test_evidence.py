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
    assert evidence(question, [f"{PASSAGE} {filler}"]) < evidence(question, [PASSAGE])


def test_text_on_another_topic_beside_it_does_not_make_evidence_weaker():
    filler = "Many people came to the market that morning with fruit and bread. " * 10
    question = "When was the bridge over the Soca in Kanal built?"
    assert evidence(question, [PASSAGE, filler]) == evidence(question, [PASSAGE])


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


def test_results_that_name_the_same_person_are_evidence_and_results_that_name_different_ones_are_not():
    question = "Who painted the old church in Kanal?"
    same = ["The church in Kanal was painted by Ana Oman.", "Ana Oman, painter of the church in Kanal, was born here."]
    different = ["The church in Kanal was seen by Ana Oman.", "Ivo Bric, priest of the church in Kanal, was born here."]
    assert evidence(question, different) < 0.5 < evidence(question, same)


def test_results_agree_on_a_date_however_the_rest_is_worded():
    question = "When did the museum of clocks open?"
    same = ["Doors of the museum of clocks: May 3, 2011.", "The clocks' museum opened on May 3, 2011 in the rain."]
    different = ["Doors of the museum of clocks: May 3, 2011.", "The clocks' museum was sold on June 9, 2015 at noon."]
    assert evidence(question, different) < evidence(question, same)


def test_the_day_on_which_a_result_was_published_is_no_date_to_agree_on():
    question = "When did the museum of clocks open?"
    stamped = ["May 3, 2011 ... The museum of clocks is open.", "May 3, 2011 ... Clocks in a museum of the city."]
    told = ["The museum of clocks is open: May 3, 2011.", "Clocks in a museum of the city since May 3, 2011."]
    assert evidence(question, stamped) < evidence(question, told)


def test_a_name_far_from_the_question_is_no_agreement():
    question = "Who painted the old church in Kanal?"
    far = " The weather was fine. Nothing else was said. Rain came later. In the end Ana Oman went home."
    passages = [f"The church in Kanal was painted.{far}", f"The old church in Kanal has a roof.{far}"]
    near = [f"The church in Kanal was painted by Ana Oman.{far}", f"Ana Oman painted the old church in Kanal.{far}"]
    assert evidence(question, passages) < evidence(question, near)


def test_one_note_that_answers_beside_one_on_another_topic_is_evidence():
    note = "Tickets can be returned for a full refund until 48 hours before departure at any ticket office."
    other = "The night train to the coast has a dining car."
    assert evidence("Until when can tickets be returned for a full refund?", [note, other]) > 0.75


def test_passages_on_another_topic_are_no_evidence_even_when_they_agree():
    question = "Who directed the film about the lighthouse keepers of Kanal?"
    assert evidence(question, ["Ana Oman sang at the film festival.", "Ana Oman sang."]) == 0.0
