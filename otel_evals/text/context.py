"""Tells what the model was given from what it was asked: the passages of context with their ids, and the question.

Applications put retrieved text wherever it is convenient: on a retriever span, in a tool's result, in the system
prompt, or around the question in the user's own message ("Context: … Question: …"). Checks that weigh an answer
against its context (`wrong_refusal`, `retrieval_support`, `citation_integrity`) and those that look at the bare
question (`language`) ask `Scan.context`, which calls `read_context` once a choice.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Final, cast

import msgspec

from otel_evals.records.exchange import Exchange
from otel_evals.text.patterns import compile_expression


class Origin(StrEnum):
    """Where a passage stood."""

    DOCUMENT = "document"
    USER = "user"
    SYSTEM = "system"
    TOOL = "tool"


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of context. `id` is what a citation may call it, as written; None when it carries no name."""

    text: str
    id: str | None = None
    origin: Origin = Origin.DOCUMENT


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The passages in the order documents, system, user, tool results; and the question without its wrapping."""

    passages: tuple[Passage, ...] = ()
    question: str = ""


class Wrapped(msgspec.Struct, frozen=True, kw_only=True):
    """One message taken apart."""

    passages: tuple[tuple[str | None, str], ...] = ()
    """(id, text) of each passage."""
    question: str = ""
    """What the message asks, outside its passages."""


_NOUN: Final = (
    r"(?:contexts?|documents?|passages?|sources?|search results?|results|excerpts?|snippets?|chunks|articles?"
    r"|knowledge(?: base)?|background|references|evidence|kontext|dokumente?|quellen|contexto|documentos|fuentes|fontes"
    r"|contexte|contesto|documenti|fonti|bronnen|kontekst|dokumenty|źródła|bağlam|belgeler|контекст|документы|источники"
    r"|コンテキスト|文脈|資料|参考資料|上下文|背景|参考资料|资料|문맥|컨텍스트|참고 ?자료|السياق|المستندات|संदर्भ|दस्तावेज़)"
)
_ASK: Final = (
    r"(?:questions?|query|user input|frage|pregunta|consulta|pergunta|domanda|vraag|pytanie|soru|вопрос|запрос"
    r"|質問|问题|問題|질문|السؤال|سؤال|प्रश्न|सवाल)"
)
_REPLY: Final = (
    r"(?:answer|response|antwort|respuesta|réponse|resposta|risposta|antwoord|odpowiedź|cevap|ответ"
    r"|回答|答案|답변|الإجابة|उत्तर)"
)
_KIND: Final = (
    r"(?:source|document|doc|passage|chunk|result|article|excerpt|snippet|reference|quelle|dokument|fuente|文档|資料)"
)
_COLON: Final = "[:\uff1a]"
_LEAD: Final = r"[ \t>#*_=-]*"
_ADJECTIVES: Final = (
    r"(?:(?:the|here|are|is|retrieved|relevant|provided|given|background|supporting|reference|additional|following|some"
    r"|source|text|input|your|my|our|company|search) ){0,4}"
)
_CONTEXT_HEADING: Final = re.compile(
    rf"{_LEAD}(?:{_ADJECTIVES}{_NOUN}(?: information)?(?: is| are)?(?: given| provided| listed| shown)?(?: below)?"
    rf"[ *_]*{_COLON}|context information is below|#+[ *]*(?:\w+ )?{_NOUN}[ *]*$|<{_NOUN}>)[*_. ]*",
    re.IGNORECASE,
)
_ANNOUNCES: Final = re.compile(r"follow|below", re.IGNORECASE)
_INTRODUCTION: Final = re.compile(
    rf"(?=.{{0,400}}(?:\b(?:following|below)\b[^.:]{{0,60}}\b{_NOUN}\b|\b{_NOUN}\b[^.:]{{0,40}}\b(?:below|follow)\b))"
    r".*[.:]\s*$",
    re.IGNORECASE,
)
_QUESTION_HEADING: Final = re.compile(
    rf"{_LEAD}(?:(?:\w+ ){{0,2}}?{_ASK}[ *_]*{_COLON}|#+[ *]*(?:\w+ )?{_ASK}[ *]*$|<(?:\w+_)?{_ASK}>)[* ]*",
    re.IGNORECASE,
)
_ANSWER_HEADING: Final = re.compile(rf"{_LEAD}(?:\w+ )?{_REPLY}[ *_]*{_COLON}\W*$|</", re.IGNORECASE)
_RULE: Final = re.compile(r"[ \t]*(?:-{3,}|={3,}|\*{3,}|`{3,}|\"{3}|</.*)[ \t]*$")
_NAME: Final = r"[\w.:/#@+-]{1,80}"
_LABEL: Final = re.compile(
    rf"{_LEAD}(?:\[\^?(?P<bracket>{_NAME}|{_KIND}[ #]*{_NAME})\](?!\()|【(?P<corner>{_NAME})】"
    r"|<(?:document|doc|source|passage|chunk|result)s?\b[^>]*?(?:id|index|name|source)\s*=\s*[\"']?"
    rf"(?P<tag>[^\"'>\s]+)[^>]*>|{_KIND}[ _-]*(?:id)?\s*[#:=]?\s*(?P<number>\d+|{_NAME}(?=\s*$))\s*(?:[:.)\]-]|$)"
    rf"|(?:{_KIND}[ _-])?id\s*[:=]\s*[\"']?(?P<field>{_NAME}))[*_:.,) ]*",
    re.IGNORECASE,
)
_CHECK_BOX: Final = frozenset({"x", "X", " "})
_GATE: Final[Any] = compile_expression(
    rf"(?im)^{_LEAD}(?:\[|【|<(?:{_NOUN}|{_KIND}|{_ASK})|#+[ *]*(?:\S+ )?{_NOUN}|(?:{_KIND}[ _-])?id\s*[:=]|{_KIND} *\d"
    rf"|(?:[^\s:]+ ){{0,4}}(?:{_NOUN}|{_ASK})[^\n:\x{{ff1a}}]*{_COLON}|context information is)|\b(?:following|below)\b"
)
"""Whether a text holds any sign of context at all: one linear pass, so that ordinary prompts cost next to nothing."""
_HEADING_SIGNS: Final = (":", "\uff1a", "<", "#", "below", "BELOW")
_CLOSING_TAG: Final = re.compile(r"\s*</\w+>\s*$")
_TEXT_KEYS: Final = ("text", "content", "page_content", "snippet", "body", "passage", "document")
_ID_KEYS: Final = ("id", "doc_id", "document_id", "source", "url", "title", "name")
_DOCUMENT_CAP: Final = 200
"""Passages of one message beyond this number are not told apart any more."""


def read_context(exchange: Exchange, system: str, question: str) -> Context:
    """The context of `exchange`, given its joined system text and its last user turn (both already capped)."""
    passages = [Passage(text=d.text, id=d.id) for d in exchange.documents if d.text]
    if system:
        passages += _passages(unwrap(system).passages, Origin.SYSTEM)
    asked = question
    if question:
        wrapped = unwrap(question)
        asked = wrapped.question or ("" if wrapped.passages else question)
        passages += _passages(_earlier(exchange, question), Origin.USER)
        passages += _passages(wrapped.passages, Origin.USER)
    for message in exchange.messages:
        for result in message.tool_results:
            passages += _passages(_tool_passages(result.text), Origin.TOOL)
    return Context(passages=tuple(passages), question=asked.strip())


def unwrap(text: str) -> Wrapped:
    """`text` taken apart. A text without any sign of context is all question."""
    if not _GATE.search(text):
        return Wrapped(question=text)
    lines = text.split("\n")
    if (context := _first(lines, _CONTEXT_HEADING)) is None and (context := _introduction(lines)) is None:
        labelled = _labelled(lines)
        if sum(name is not None for name, _ in labelled) < 2:
            return _bare_question(text, lines)
        context = next(i for i, line in enumerate(lines) if _label(line))
        return _split(lines, context, heading=0)
    match = _CONTEXT_HEADING.match(lines[context])
    if match is None:
        return _split(lines, context, heading=len(lines[context]), keep=True)
    return _split(lines, context, heading=match.end())


def _bare_question(text: str, lines: Sequence[str]) -> Wrapped:
    asked = _first(lines, _QUESTION_HEADING)
    if asked is None or asked > 0:
        return Wrapped(question=text)
    return Wrapped(question=_question(lines, asked))


def _split(lines: Sequence[str], context: int, *, heading: int, keep: bool = False) -> Wrapped:
    """Cuts at the context heading (`heading` characters long) and at the question heading that belongs to it.

    A question heading above the context wins; below it the last one does, as the context may hold questions itself.
    """
    asked = _first(lines[:context], _QUESTION_HEADING)
    body = [lines[context][heading:], *lines[context + 1 :]]
    if asked is not None:
        question = _question(lines[:context], asked)
        return Wrapped(passages=_cut(_without_answer_heading(body)), question=question)
    below = [i for i, line in enumerate(body) if i and _QUESTION_HEADING.match(line)]
    if below:
        return Wrapped(passages=_cut(body[: below[-1]]), question=_question(body, below[-1]))
    rules = [i for i, line in enumerate(body) if _RULE.match(line)]
    if rules and (tail := "\n".join(body[rules[-1] + 1 :]).strip()):
        return Wrapped(passages=_cut(body[: rules[-1]]), question=tail)
    before = lines[: context + 1] if keep else lines[:context]
    return Wrapped(passages=_cut(body), question="\n".join(before).strip())


def _question(lines: Sequence[str], start: int) -> str:
    match = _QUESTION_HEADING.match(lines[start])
    rest = [lines[start][match.end() if match else 0 :], *lines[start + 1 :]]
    return "\n".join(_without_answer_heading(rest)).strip()


def _without_answer_heading(lines: Sequence[str]) -> Sequence[str]:
    end = len(lines)
    while end and (not lines[end - 1].strip() or _ANSWER_HEADING.match(lines[end - 1])):
        end -= 1
    return lines[:end]


def _cut(lines: Sequence[str]) -> tuple[tuple[str | None, str], ...]:
    """Context lines as passages: at their labels when they have any, else at blank lines."""
    labelled = [p for p in _labelled(lines) if p[1]]
    if any(name is not None for name, _ in labelled):
        return tuple(labelled if labelled[0][0] is None and len(labelled) == 1 else _named_first(labelled))
    text = "\n".join(line for line in lines if not _RULE.match(line))
    return tuple((None, p.strip()) for p in re.split(r"\n[ \t]*\n", text, maxsplit=_DOCUMENT_CAP) if p.strip())


def _named_first(passages: Sequence[tuple[str | None, str]]) -> Iterable[tuple[str | None, str]]:
    """Drops the unnamed text before the first label: it introduces the passages and is none."""
    return passages[1:] if passages[0][0] is None else passages


def _labelled(lines: Sequence[str]) -> list[tuple[str | None, str]]:
    passages: list[tuple[str | None, list[str]]] = [(None, [])]
    for line in lines:
        found = _label(line) if len(passages) < _DOCUMENT_CAP else None
        if found:
            passages.append((found[0], [line[found[1] :]]))
        elif not _RULE.match(line):
            passages[-1][1].append(line)
    joined = ((name, _CLOSING_TAG.sub("", "\n".join(text)).strip()) for name, text in passages)
    return [(name, text) for name, text in joined if name is not None or text]


def _label(line: str) -> tuple[str, int] | None:
    match = _LABEL.match(line)
    if not match:
        return None
    name = match[match.lastgroup or "bracket"]
    return None if name in _CHECK_BOX else (name, match.end())


def _first(lines: Sequence[str], pattern: re.Pattern[str]) -> int | None:
    return next((i for i, line in enumerate(lines) if _may_head(line) and pattern.match(line)), None)


def _may_head(line: str) -> bool:
    return any(sign in line for sign in _HEADING_SIGNS)


def _introduction(lines: Sequence[str]) -> int | None:
    """The line that announces context ("the documents below …"), when something follows it."""
    for i, line in enumerate(lines[:-1]):
        if _ANNOUNCES.search(line) and _INTRODUCTION.match(line):
            return i if any(rest.strip() for rest in lines[i + 1 :]) else None
    return None


def _earlier(exchange: Exchange, question: str) -> Iterator[tuple[str | None, str]]:
    """Passages that earlier user turns of the conversation brought along."""
    for message in exchange.messages:
        if message.role == "user" and message.text and message.text != question:
            yield from unwrap(message.text).passages


def _tool_passages(text: str) -> Iterator[tuple[str | None, str]]:
    """A tool's result: the documents in it when it is a JSON list of documents, else the whole of it."""
    items = _json_documents(text) if text[:1] in ("[", "{") else ()
    yield from items or ((None, text),) if text else ()


def _json_documents(text: str) -> tuple[tuple[str | None, str], ...]:
    try:
        value: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return ()
    if isinstance(value, dict):
        lists = [cast("list[Any]", v) for v in cast("dict[str, Any]", value).values() if isinstance(v, list)]
        value = lists[0] if lists else None
    items = cast("list[Any]", value) if isinstance(value, list) else []
    found = [_json_document(item) for item in items[:_DOCUMENT_CAP]]
    return tuple(f for f in found if f is not None) if all(found) else ()


def _json_document(item: object) -> tuple[str | None, str] | None:
    fields = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
    body = next((fields[k] for k in _TEXT_KEYS if isinstance(fields.get(k), str)), None)
    if body is None:
        return None
    name = next((fields[k] for k in _ID_KEYS if isinstance(fields.get(k), str | int)), None)
    return None if name is None else str(name), body


def _passages(found: Iterable[tuple[str | None, str]], origin: Origin) -> list[Passage]:
    return [Passage(text=text, id=name, origin=origin) for name, text in found if text]
