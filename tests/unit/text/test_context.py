# ruff: noqa: RUF001 - texts in many languages
import pytest

from otel_evals.records.exchange import Choice, Document, Exchange, Message, ToolResult
from otel_evals.text.context import Context, Origin, unwrap
from otel_evals.text.patterns import PatternPass
from otel_evals.text.scan import Scan

WRAPPED = {
    "a numbered context with a question below": (
        "Context:\n[1] The moon is round.\nIt is far.\n\n[2] The sun is hot.\n\nQuestion: What is hot?",
        (("1", "The moon is round.\nIt is far."), ("2", "The sun is hot.")),
        "What is hot?",
    ),
    "the query engine prompt with dashes": (
        "Context information is below.\n------\nThe jar holds 2 l.\n\nIt is red.\n------\nQuery: How much?\nAnswer: ",
        ((None, "The jar holds 2 l."), (None, "It is red.")),
        "How much?",
    ),
    "a question above its context": (
        "Use the following pieces of context to answer.\nQuestion: which colour?\nContext: it is blue\nAnswer:",
        ((None, "it is blue"),),
        "which colour?",
    ),
    "labelled documents that an instruction announces": (
        "Answer only from the documents below and cite them.\n\n[jar-1] One year.\n[jar-3] No dents.",
        (("jar-1", "One year."), ("jar-3", "No dents.")),
        "Answer only from the documents below and cite them.",
    ),
    "documents in tags": (
        '<context>\n<document id="a1">\nHello\n</document>\n<document id="a2">Bye</document>\n</context>\nWho is it?',
        (("a1", "Hello"), ("a2", "Bye")),
        "Who is it?",
    ),
    "numbered sources without a heading": (
        "Source 1: snow is white\nSource 2: grass is green\n\nQuestion: why?",
        (("1", "snow is white"), ("2", "grass is green")),
        "why?",
    ),
    "id fields": ("doc_id: abc\nfirst\n\ndoc_id: def\nsecond", (("abc", "first"), ("def", "second")), ""),
    "German headings": ("Kontext:\nBerlin ist groß.\n\nFrage: Wie groß?", ((None, "Berlin ist groß."),), "Wie groß?"),
    "Chinese headings": (
        "上下文：\n天空是蓝色的。\n\n问题：天空是什么颜色？",
        ((None, "天空是蓝色的。"),),
        "天空是什么颜色？",
    ),
    "a context that holds questions itself": (
        "Context:\nQuestion: Is it open?\nAnswer: yes\n\nQuestion: When does it open?",
        ((None, "Question: Is it open?\nAnswer: yes"),),
        "When does it open?",
    ),
    "an article to work on": (
        "Please shorten the following article:\nOnce there was a jar.",
        ((None, "Once there was a jar."),),
        "Please shorten the following article:",
    ),
}


@pytest.mark.parametrize(("text", "passages", "question"), WRAPPED.values(), ids=WRAPPED)
def test_a_wrapped_question_is_taken_apart(text, passages, question):
    found = unwrap(text)
    assert (found.passages, found.question) == (passages, question)


@pytest.mark.parametrize(
    "text",
    [
        "How do I boil an egg: fast or slow?",
        "Sort this list:\n- [x] done\n- [ ] open",
        "See [the manual](http://example.org/m) and tell me more",
        "",
    ],
)
def test_an_ordinary_message_is_all_question(text):
    found = unwrap(text)
    assert (found.passages, found.question) == ((), text)


@pytest.mark.parametrize(
    "label",
    [
        "[a-1]",
        "> [a-1]",
        "\t* 【a-1】",
        "### Source a-1",
        "chunk #a-1",
        "\u017fource a-1",
        "Id: a-1",
        "QUELLE a-1",
        "- Reference a-1",
        "資料 a-1",
        "文档 a-1",
        '<Doc id="a-1">',
        "excerpt a-1",
        "fuente a-1",
    ],
)
def test_a_label_is_seen_however_its_line_begins(label):
    assert [name for name, _ in unwrap(f"[first] One.\n{label}\nTwo.").passages] == ["first", "a-1"]


@pytest.mark.parametrize("rule", ["---", "====", " ***", "\t```", '"""', "</context>"])
def test_a_rule_between_passages_belongs_to_none(rule):
    found = unwrap(f"Context:\nOne.\n{rule}\nTwo.\n\nQuestion: which?")
    assert found.passages == ((None, "One.\nTwo."),)


@pytest.mark.parametrize("line", ["Use the documents BELOW.", "The Following sources are given:"])
def test_an_instruction_announces_context_in_any_case(line):
    assert unwrap(f"{line}\n\nOne.\n\nTwo.").passages == ((None, "One."), (None, "Two."))


def test_a_text_cut_through_a_character_is_read():
    text = "[1] One \ud83d\n[2] Two follow.\nWhat?"
    assert [name for name, _ in unwrap(text).passages] == ["1", "2"]


def context_of(*messages: Message, documents: tuple[Document, ...] = ()) -> Context:
    exchange = Exchange(messages=messages, documents=documents, choices=(Choice(message=Message(role="assistant")),))
    return Scan(exchange, PatternPass(())).context


def test_passages_come_from_documents_system_user_and_tools_in_this_order():
    found = context_of(
        Message(role="system", text="Documents:\n[s-1] in the system"),
        Message(role="user", text="Context: by the user\n\nQuestion: what?"),
        Message(role="tool", tool_results=(ToolResult(text='[{"id": "t-1", "text": "by a tool"}]'),)),
        documents=(Document(id="d-1", text="retrieved"),),
    )
    assert [(p.origin, p.id, p.text) for p in found.passages] == [
        (Origin.DOCUMENT, "d-1", "retrieved"),
        (Origin.SYSTEM, "s-1", "in the system"),
        (Origin.USER, None, "by the user"),
        (Origin.TOOL, "t-1", "by a tool"),
    ]
    assert found.question == "what?"


def test_a_tool_result_that_is_no_list_of_documents_is_one_passage():
    found = context_of(
        Message(role="user", text="hi"), Message(role="tool", tool_results=(ToolResult(text='{"t": 4}'),))
    )
    assert [(p.id, p.text) for p in found.passages] == [(None, '{"t": 4}')]


def test_context_of_an_earlier_turn_is_still_context():
    found = context_of(
        Message(role="user", text="Context:\n[a] first\n\nQuestion: one?"),
        Message(role="assistant", text="yes"),
        Message(role="user", text="and then?"),
    )
    assert [p.id for p in found.passages] == ["a"]
    assert found.question == "and then?"
