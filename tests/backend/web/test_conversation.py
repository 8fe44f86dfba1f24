"""What strangers and models wrote, on our pages: it can be read, and can do nothing."""

import re

import pytest

from otel_evals.records.exchange import Choice, Content, Document, Exchange, Message, ToolCall, ToolResult
from otel_evals_backend.web.conversation import conversation, markdown, visible

HOSTILE = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))",
    "![x](https://evil.example/p.png)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)", '<a href="https://evil.example">x</a>', "<svg/onload=alert(1)>",
    '[x](https://e.example/"onmouseover=alert(1))', "<https://evil.example>",
    "```\n</code></pre><script>1</script>\n```",
    "<style>*{display:none}</style>", "<iframe srcdoc='<script>1</script>'>", "&lt;script&gt;",
    "<!--><script>1</script>-->",
    "| <b onclick=1>x</b> |\n|--|\n| <form action=//e> |",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=1>",
    "[x]: javascript:alert(1)\n[x]", "<span class=inert-link>https://fake</span>", "# <input autofocus onfocus=1>",
    "\u202egnp.exe", "a\u200bb", "\x1b]0;title\x07", "\x00", "\ud800",
)  # fmt: skip
ALLOWED = re.compile(
    r"</?(?:p|br|hr|em|strong|s|code|pre|blockquote|ul|ol|li|h[1-6]|table|thead|tbody|tr|th|td|span)"
    r"(?: class=\"inert-link\")?>"
)


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_leaves_no_tag_but_harmless_ones_without_attributes(text):
    html = str(markdown(text))
    assert "<" not in ALLOWED.sub("", html)
    assert not re.search("[\x00-\x08\x0b-\x1f\u200b\u202a-\u202e\ud800-\udfff]", html)


def test_the_address_of_a_link_is_text():
    assert str(markdown("[our shop](https://shop.example/a?b=1&c=2)")).strip() == (
        '<p>our shop <span class="inert-link">https://shop.example/a?b=1&amp;c=2</span></p>'
    )


def test_characters_that_steer_are_shown_by_their_number():
    assert visible("a\u202eb\x1b[31m\tc\r\nd\x00") == "a⟦U+202E⟧b⟦U+001B⟧[31m\tc\nd⟦U+0000⟧"


def test_a_very_long_text_is_shown_as_it_is():
    assert str(markdown("*" * 30_000)).startswith("<pre>***")


def test_nested_markdown_ends():
    assert len(str(markdown("> " * 5000 + "x"))) < 200_000


def test_a_call_is_told_by_role_with_sources_and_tools():
    said = conversation(
        Exchange(
            messages=(
                Message(role="system", text="Be kind."), Message(role="user", text="First?"),
                Message(role="assistant", text="Yes."), Message(role="user", text="And <b>now</b>?"),
                Message(role="assistant", tool_calls=(ToolCall(name="find", arguments={"q": "now"}),)),
                Message(role="tool", tool_results=(ToolResult(text="<i>found</i>", name="find"),)),
            ),
            choices=(Choice(message=Message(role="assistant", text="Now."), finish_reason="length"),),
            documents=(Document(text="It is now.", id="d1"),),
        )
    )  # fmt: skip
    assert [turn.title for turn in said.instructions] == ["Instructions"]
    assert [turn.passage.plain for turn in said.earlier] == ["First?", "Yes."]
    assert said.question[0].passage.plain == "And <b>now</b>?"
    assert "&lt;b&gt;" in said.question[0].passage.html
    assert [(call.name, call.returned) for turn in said.question for call in turn.calls] == [
        ("find", False),
        ("find", True),
    ]
    assert (said.answers[0].passage.plain, said.answers[0].note) == ("Now.", "cut off at the limit of its length")
    assert [source.title for source in said.sources] == ["1 · d1"]


@pytest.mark.parametrize("exchange", [None, Exchange(content=Content.OFF)])
def test_where_nothing_is_kept_it_says_so(exchange):
    assert conversation(exchange).missing
