"""What was said, made fit for a page: by role, with sources and tool calls, as text or as harmless Markdown.

Everything here was written by strangers and by models. Text reaches the page escaped; Markdown is rendered without
HTML of its own and then cut down to a list of tags without links and images, so that nothing is fetched and nothing
can be pressed. The address of a link is shown as text; the page's script offers to open it on a second press.
Characters that steer a terminal or turn the direction of writing are shown by their number.

Used by the review page and by the page of a span, through the macros of `conversation.html`.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import msgspec
import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from otel_evals.records.exchange import Content, Document, Exchange, Message, ToolCall

_TAGS: Final = {
    "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5",
    "h6", "table", "thead", "tbody", "tr", "th", "td", "span",
}  # fmt: skip
_LINK_CLASS: Final = "inert-link"
_MARKDOWN_CAP: Final = 20_000
"""Characters that are rendered as Markdown; longer texts are shown as they are."""
_TEXT_CAP: Final = 200_000
"""Characters of one text that a page holds."""
LONG: Final = 1_200
"""Characters from which a text is folded, unless it is what is being looked at."""
_STEERING: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """`text` with characters that cannot be seen, or that turn the direction, shown by their number."""
    return _STEERING.sub(lambda found: f"⟦U+{ord(found[0]):04X}⟧", text.replace("\r\n", "\n"))


def markdown(text: str) -> Markup:
    """`text`, read as Markdown, as HTML that can do nothing."""
    if len(text) > _MARKDOWN_CAP:
        return Markup("<pre>{}</pre>").format(visible(text))
    rendered: str = _renderer().render(visible(text), {})
    clean = nh3.clean(rendered, tags=_TAGS, attributes={}, allowed_classes={"span": {_LINK_CLASS}}, link_rel=None)
    return Markup(clean)  # noqa: S704 - nh3 has just cleaned it


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A text of a page, in its two looks."""

    plain: str
    html: Markup
    long: bool
    cut: int
    """Characters that were left out of it, since nobody reads so far."""

    @property
    def begin(self) -> str:
        """How it begins, in a line."""
        return " ".join(self.plain[:200].split())[:100]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A tool call, or what a tool returned."""

    name: str
    text: str
    returned: bool


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One message."""

    role: str
    title: str
    passage: Passage | None
    reasoning: Passage | None = None
    calls: tuple[Call, ...] = ()
    media: tuple[str, ...] = ()
    note: str = ""
    folded: bool = False


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A retrieved passage."""

    title: str
    passage: Passage


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A call as people read it."""

    instructions: tuple[Turn, ...]
    earlier: tuple[Turn, ...]
    """Turns before the last question, oldest first."""
    question: tuple[Turn, ...]
    """The user's last turn, and the tool traffic after it."""
    answers: tuple[Turn, ...]
    sources: tuple[Source, ...]
    tools: tuple[Call, ...]
    """Tools that were offered: name and description."""
    missing: str = ""
    """Why nothing of it can be shown."""

    @property
    def calls(self) -> int:
        """Tool calls and returns in what is shown."""
        return sum(len(turn.calls) for turn in (*self.earlier, *self.question, *self.answers))


def conversation(exchange: Exchange | None) -> Conversation:
    """`exchange` as people read it; None stands for content that is not kept."""
    if exchange is None:
        return _nothing("What was said is not here: it was not kept, or its time is over.")
    if exchange.content is Content.OFF:
        return _nothing("The application does not send what was said.")
    system = [message for message in exchange.messages if message.role in ("system", "developer")]
    rest = [message for message in exchange.messages if message.role not in ("system", "developer")]
    last = max((place for place, message in enumerate(rest) if message.role == "user"), default=0)
    return Conversation(
        instructions=tuple(_turn(message, folded=True) for message in system),
        earlier=tuple(_turn(message, folded=len(message.text) > LONG // 4) for message in rest[:last]),
        question=tuple(_turn(message) for message in rest[last:]),
        answers=tuple(_turn(choice.message, note=_ending(choice.finish_reason)) for choice in exchange.choices),
        sources=tuple(_source(place, document) for place, document in enumerate(exchange.documents, 1)),
        tools=tuple(
            Call(name=visible(tool.name), text=visible(tool.description), returned=False)
            for tool in exchange.tools or ()
        ),
        missing="" if exchange.choices or exchange.failed else "Nothing says what was answered.",
    )


def _nothing(why: str) -> Conversation:
    return Conversation(instructions=(), earlier=(), question=(), answers=(), sources=(), tools=(), missing=why)


def passage(text: str) -> Passage:
    """A text in its two looks."""
    kept = text[:_TEXT_CAP]
    return Passage(plain=visible(kept), html=markdown(kept), long=len(kept) > LONG, cut=len(text) - len(kept))


_TITLES: Final = {
    "system": "Instructions",
    "developer": "Instructions",
    "user": "User",
    "assistant": "Application",
    "tool": "Tool",
}


def _turn(message: Message, *, folded: bool = False, note: str = "") -> Turn:
    calls = [Call(name=visible(call.name), text=_arguments(call), returned=False) for call in message.tool_calls]
    calls += [
        Call(name=visible(result.name or result.id or "tool"), text=visible(result.text[:_TEXT_CAP]), returned=True)
        for result in message.tool_results
    ]
    return Turn(
        role=message.role if message.role in _TITLES else "other",
        title=_TITLES.get(message.role, visible(message.role)[:40]),
        passage=passage(message.text) if message.text else None,
        reasoning=passage(message.reasoning) if message.reasoning else None,
        calls=tuple(calls),
        media=tuple(visible(kind) for kind in message.media),
        note=note,
        folded=folded,
    )


def _arguments(call: ToolCall) -> str:
    if isinstance(call.arguments, str):
        return visible(call.arguments[:_TEXT_CAP])
    if call.arguments is None:
        return ""
    return visible(msgspec.json.format(msgspec.json.encode(call.arguments), indent=2).decode()[:_TEXT_CAP])


def _source(place: int, document: Document) -> Source:
    named = visible(document.id or "")[:120]
    return Source(title=f"{place} · {named}" if named else str(place), passage=passage(document.text))


def _ending(reason: str | None) -> str:
    return {
        "length": "cut off at the limit of its length",
        "content_filter": "stopped by the provider's filter",
        "error": "ended by an error",
    }.get(reason or "", "")


@cache
def _renderer() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable(["table", "strikethrough"])
    made.add_render_rule("link_open", _link_open)
    made.add_render_rule("link_close", _link_close)
    made.add_render_rule("image", _image)
    return made


def _link_open(_self: Any, tokens: Sequence[Token], place: int, _options: Any, env: Any) -> str:
    env.setdefault("links", []).append(str(tokens[place].attrGet("href") or ""))
    return ""


def _link_close(_self: Any, _tokens: Sequence[Token], _place: int, _options: Any, env: Any) -> str:
    return _inert(env["links"].pop())


def _image(_self: Any, tokens: Sequence[Token], place: int, _options: Any, _env: Any) -> str:
    return f"[image: {escape(tokens[place].content)}]" + _inert(str(tokens[place].attrGet("src") or ""))


def _inert(address: str) -> str:
    return f' <span class="{_LINK_CLASS}">{escape(address)}</span>'
