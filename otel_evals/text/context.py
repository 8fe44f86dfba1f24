"""Tells what the model was given from what it was asked: the passages of context with their ids, and the question.

Applications put retrieved text wherever it is convenient: on a retriever span, in a tool's result, in the system
prompt, or around the question in the user's own message ("Context: … Question: …"). Checks that weigh an answer
against its context (`wrong_refusal`, `retrieval_support`, `citation_integrity`) and those that look at the bare
question (`language`) ask `Scan.context`, which calls `read_context` once a choice.

A little above the usual length: headings, labels and rules are steps of one reading of the same lines, and the
expressions that they go by stand apart in `context_marks` already.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, cast

import msgspec

from otel_evals.records.exchange import Exchange
from otel_evals.text.context_marks import (
    ANSWER_HEADING,
    CHECK_BOX,
    CONTEXT_HEADING,
    INTRODUCTION,
    INTRODUCTION_END,
    LABEL,
    QUESTION_HEADING,
    RULE,
    has_announcement,
    has_mark,
)
from otel_evals.text.fold import well_formed


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


_TEXT_KEYS: Final = ("text", "content", "page_content", "snippet", "body", "passage", "document")
_ID_KEYS: Final = ("id", "doc_id", "document_id", "source", "url", "title", "name")
_KEPT: Final = 128
"""Instructions, and as many turns, that are remembered taken apart, up to 64 kB each with their pieces."""
_KEPT_LENGTH: Final = 16 * 1024
"""Characters of a text up to which it is remembered."""
_HEAD: Final = 400
"""Characters of a line in which a mark has to stand."""
_HEADING: Final = 200
"""Characters of a line in which a heading has to end."""
_LABEL_STARTS: Final = frozenset(" \t>#*_=-[<aAcCdDeEfFiIpPqQrRsS")
"""Plain characters with which a line that bears a label can begin."""
_RULE_STARTS: Final = frozenset(' \t-=*`"<')
_BLANK: Final = re.compile(r"\n[ \t]*\n")
_DOCUMENT_CAP: Final = 200
"""Passages of one message beyond this number are not told apart any more."""


def read_context(exchange: Exchange, system: str, question: str) -> Context:
    """The context of `exchange`, given its joined system text and its last user turn (both already capped)."""
    passages = [Passage(text=well_formed(d.text), id=d.id) for d in exchange.documents if d.text]
    if system and (found := unwrap_instructions(system).passages):
        passages += _cut_out(found, Origin.SYSTEM)
    asked = question
    if question:
        wrapped = unwrap(question)
        asked = wrapped.question or ("" if wrapped.passages else question)
        passages += _cut_out(_earlier(exchange, question), Origin.USER)
        if wrapped.passages:
            passages += _cut_out(wrapped.passages, Origin.USER)
    for message in exchange.messages:
        for result in message.tool_results:
            told = _tool_passages(result.text)
            passages += _cut_out(((name, well_formed(text)) for name, text in told), Origin.TOOL)
    if exchange.documents and len(passages) > len(exchange.documents):
        passages = _told_once(passages, len(exchange.documents))
    return Context(passages=tuple(passages), question=asked.strip())


def _told_once(passages: Sequence[Passage], documents: int) -> list[Passage]:
    """Without what stands in the prompt too: retrieved documents mostly come twice, and words repeated so mislead.

    A passage of the prompt goes when it has the name of a document and holds its text; unnamed, when it is its text.
    """
    texts = {(p.id, " ".join(p.text.split())) for p in passages[:documents]}
    by_name = {name: text for name, text in texts if name is not None}
    bare = {text for _, text in texts}
    kept = list(passages[:documents])
    for passage in passages[documents:]:
        text = " ".join(passage.text.split())
        told = by_name.get(passage.id) if passage.id is not None else None
        if not (told is not None and told in text) and not (passage.id is None and text in bare):
            kept.append(passage)
    return kept


def unwrap_instructions(text: str) -> Wrapped:
    """`unwrap` for instructions, which come again and again, with a memory that no turns push them out of."""
    return _kept_instructions(text) if len(text) <= _KEPT_LENGTH else _unwrap(text)


def unwrap(text: str) -> Wrapped:
    """`text` taken apart. A text without any sign of context is all question.

    Remembered: a turn is asked for by more than one stage, and every later call of its conversation brings it again.
    """
    return _kept_turn(text) if len(text) <= _KEPT_LENGTH else _unwrap(text)


_Label = tuple[str, int]
"""The name on a label, and where the label ends in its line."""


def _unwrap(text: str) -> Wrapped:
    lines = text.split("\n")
    top = well_formed(text if len(text) <= _HEAD else "\n".join([line[:_HEAD] for line in lines]))
    # A line that begins with a bracket, the most usual mark, is quickly seen.
    if "\n[" not in top and not has_mark(top):
        return Wrapped(question=text)
    announced = has_announcement(top)
    heads = _heads(lines) if announced or ":" in top or "<" in top or "#" in top or "\uff1a" in top else []
    context = _first(lines, heads, CONTEXT_HEADING)
    if context is not None:
        match = CONTEXT_HEADING.match(lines[context])
        return _split(lines, context, heads, heading=match.end() if match else 0)
    if announced and (context := _introduction(lines)) is not None:
        return _split(lines, context, heads, heading=len(lines[context]), keep=True)
    labels = [_label(line) for line in lines]
    labelled = [i for i, label in enumerate(labels) if label]
    if len(labelled) > 1:
        return _split(lines, labelled[0], heads, heading=0, labels=labels[labelled[0] :])
    return _bare_question(text, lines, heads)


_kept_instructions = lru_cache(maxsize=_KEPT)(_unwrap)
_kept_turn = lru_cache(maxsize=_KEPT)(_unwrap)


def _bare_question(text: str, lines: Sequence[str], heads: Sequence[int]) -> Wrapped:
    asked = _first(lines, heads, QUESTION_HEADING)
    if asked is None or asked > 0:
        return Wrapped(question=text)
    return Wrapped(question=_question(lines, asked))


def _split(
    lines: Sequence[str],
    context: int,
    heads: Sequence[int],
    *,
    heading: int,
    keep: bool = False,
    labels: Sequence[_Label | None] | None = None,
) -> Wrapped:
    """Cuts at the context heading (`heading` characters long) and at the question heading that belongs to it.

    A question heading above the context wins; below it the last one does, as the context may hold questions itself.
    `heads` are the lines that may be a heading, `labels` those of the context as far as they are known.
    """
    asked = _first(lines, [i for i in heads if i < context], QUESTION_HEADING) if heads else None
    body = [lines[context][heading:], *lines[context + 1 :]]
    if asked is not None:
        question = _question(lines[:context], asked)
        return Wrapped(passages=_cut(_without_answer_heading(body), labels), question=question)
    below = [i - context for i in heads if i > context and QUESTION_HEADING.match(lines[i])]
    if below:
        return Wrapped(passages=_cut(body[: below[-1]], labels), question=_question(body, below[-1]))
    rules = [i for i, line in enumerate(body) if line[:1] in _RULE_STARTS and RULE.match(line)]
    if rules and (tail := "\n".join(body[rules[-1] + 1 :]).strip()):
        return Wrapped(passages=_cut(body[: rules[-1]], labels), question=tail)
    before = lines[: context + 1] if keep else lines[:context]
    return Wrapped(passages=_cut(body, labels), question="\n".join(before).strip())


def _question(lines: Sequence[str], start: int) -> str:
    match = QUESTION_HEADING.match(lines[start])
    rest = [lines[start][match.end() if match else 0 :], *lines[start + 1 :]]
    return "\n".join(_without_answer_heading(rest)).strip()


def _without_answer_heading(lines: Sequence[str]) -> Sequence[str]:
    end = len(lines)
    while end and (not lines[end - 1].strip() or ANSWER_HEADING.match(lines[end - 1])):
        end -= 1
    return lines[:end]


def _cut(lines: Sequence[str], labels: Sequence[_Label | None] | None = None) -> tuple[tuple[str | None, str], ...]:
    """Context lines as passages: at their labels when they have any, else at blank lines."""
    if labels is None:
        labels = [_label(line) for line in lines]
    if any(labels) and (named := _named(_labelled(lines, labels))):
        return tuple(named)
    text = "\n".join([line for line in lines if line[:1] not in _RULE_STARTS or not RULE.match(line)])
    return tuple([(None, p.strip()) for p in _BLANK.split(text, maxsplit=_DOCUMENT_CAP) if p.strip()])


def _named(passages: Sequence[tuple[str | None, str]]) -> Sequence[tuple[str | None, str]]:
    """Drops the unnamed text before the first label: it introduces the passages and is none."""
    return passages[1:] if passages and passages[0][0] is None else passages


def _labelled(lines: Sequence[str], labels: Sequence[_Label | None]) -> list[tuple[str | None, str]]:
    passages: list[tuple[str | None, list[str]]] = [(None, [])]
    for line, label in zip(lines, labels, strict=False):  # labels may be known beyond the end of the context
        if label and len(passages) < _DOCUMENT_CAP:
            passages.append((label[0], [line[label[1] :]]))
        elif line[:1] not in _RULE_STARTS or not RULE.match(line):
            passages[-1][1].append(line)
    joined = [(name, _without_closing_tag("\n".join(text).strip())) for name, text in passages]
    return [passage for passage in joined if passage[1]]


def _without_closing_tag(text: str) -> str:
    start = text.rfind("</") if text.endswith(">") else -1
    return text[:start].rstrip() if start >= 0 else text


def _label(line: str) -> _Label | None:
    start = line[:1]
    if not (start in _LABEL_STARTS or start > "\x7f") or not (match := LABEL.match(line)):
        return None
    name = match[match.lastgroup or "bracket"]
    return None if name in CHECK_BOX else (name, match.end())


def _first(lines: Sequence[str], heads: Iterable[int], pattern: re.Pattern[str]) -> int | None:
    """The first of `lines` among `heads` that begins with `pattern`."""
    for i in heads:
        if pattern.match(lines[i]):
            return i
    return None


def _heads(lines: Sequence[str]) -> list[int]:
    """The lines that may be a heading."""
    return [i for i, line in enumerate(lines) if _may_head(line[:_HEADING])]


def _may_head(line: str) -> bool:
    return ":" in line or "<" in line or "#" in line or "\uff1a" in line or "below" in line or "BELOW" in line


def _introduction(lines: Sequence[str]) -> int | None:
    """The line that announces context ("the documents below …"), when something follows it."""
    for i, line in enumerate(lines[:-1]):
        if not line.rstrip().endswith(INTRODUCTION_END) or not has_announcement(line[:_HEAD]):
            continue
        if INTRODUCTION.search(line, 0, _HEAD):
            return i if any(rest.strip() for rest in lines[i + 1 :]) else None
    return None


def _earlier(exchange: Exchange, question: str) -> Iterator[tuple[str | None, str]]:
    """Passages that earlier user turns of the conversation brought along."""
    for message in exchange.messages:
        if message.role == "user" and message.text and message.text != question:
            yield from unwrap(well_formed(message.text)).passages


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


def _cut_out(found: Iterable[tuple[str | None, str]], origin: Origin) -> list[Passage]:
    """`found` in texts that are well formed, as passages."""
    return [Passage(text=text, id=name, origin=origin) for name, text in found if text]
