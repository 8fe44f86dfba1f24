import pytest

from otel_evals.records.exchange import Choice, Document, Exchange, Message, ToolResult
from otel_evals.text.fold import fold, well_formed
from otel_evals.text.patterns import Pattern, PatternPass, Target
from otel_evals.text.scan import TEXT_CAP, Scan

NO = PatternPass(())


def scan_of(answer: str = "", *messages: Message, documents: tuple[Document, ...] = (), patterns: PatternPass = NO):
    choice = Choice(message=Message(role="assistant", text=answer))
    return Scan(Exchange(messages=messages, choices=(choice,), documents=documents), patterns)


def test_folding_lowers_and_evens_out_quotes_spaces_and_hidden_characters():
    assert fold("I\u2019M\u00a0S\u200bORRY \u201cyes\u201d") == 'i\'m sorry "yes"'


@pytest.mark.parametrize(("given", "mended"), [("\ud83d\ude00", "\U0001f600"), ("a\ud800b", "a\ufffdb"), ("é", "é")])
def test_lone_surrogates_never_reach_a_check(given, mended):
    assert well_formed(given) == mended
    assert scan_of(given).answer == mended


def test_the_question_is_the_last_user_turn_with_text():
    scan = scan_of("", Message(role="user", text="one"), Message(role="user", text="two"), Message(role="user"))
    assert scan.question == "two"


def test_untrusted_is_what_strangers_wrote_and_not_the_system_prompt():
    scan = scan_of(
        "",
        Message(role="system", text="house rules"),
        Message(role="user", text="hello"),
        Message(role="tool", tool_results=(ToolResult(text="result"),)),
        documents=(Document(text="document"),),
    )
    assert scan.untrusted == "hello\nresult\ndocument"


def test_a_long_text_keeps_its_head_and_its_tail_and_says_that_it_was_cut():
    scan = scan_of("head" + "x" * 2 * TEXT_CAP + "tail")
    assert scan.answer.startswith("head")
    assert scan.answer.endswith("tail")
    assert len(scan.answer) <= TEXT_CAP + 1
    assert scan.truncated


def test_hits_are_shared_and_found_in_place():
    pattern = Pattern(Target.ANSWER_FOLDED, r"\bcat\b")
    other = Pattern(Target.ANSWER_FOLDED, r"\bdog\b")
    scan = scan_of("A Cat, a cat.", patterns=PatternPass((pattern, other)))
    assert scan.hits(Target.ANSWER_FOLDED) == {pattern}
    assert [m.start() for m in scan.find(pattern)] == [2, 9]
    assert scan.find(other) == []
