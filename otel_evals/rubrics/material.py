"""Lays a case out as the material of a question: parts, each of entries, all cleaned and quoted.

Called by `question`. First the pieces are gathered as they are; of a huge case `thinning` chooses some; what is left is
cleaned. Of several answers (n > 1) the first is shown. A model's reasoning is not: it is no part of what the user got.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

import msgspec

from otel_evals.records.exchange import Exchange, Message, ToolCall, ToolDefinition, ToolResult
from otel_evals.records.judging import JudgeCase
from otel_evals.rubrics.fence import MARGIN, Cleaner, left_out, quoted
from otel_evals.rubrics.part import Part
from otel_evals.rubrics.piece import Piece
from otel_evals.rubrics.thinning import is_usual, most_entries, thin
from otel_evals.text.context import Origin, read_context, unwrap_instructions
from otel_evals.text.fold import well_formed

_INSTRUCTING: Final = ("system", "developer")
_ROLES: Final = frozenset({"user", "assistant", "tool"})
_STEPS: Final = frozenset({"model", "tool", "retrieval", "agent"})
"""Words that stand bare in our own lines; any other role or kind is a stranger's word and becomes `other`."""
_TAKEN_APART: Final = 2_000_000
"""Characters of prompts in which passages are looked for, some 15 ms; longer ones, and earlier ones, stay whole."""

T = TypeVar("T")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One text of a part. `heading` is a line of ours, `body` a stranger's lines, quoted; either may be empty."""

    heading: str = ""
    body: str = ""
    missing: int = 0
    """Characters of a very long text that are in no case shown, and are not in `body`."""
    stands_for: int = 0
    """Entries that are left out and in whose place this one says so."""

    def render(self) -> str:
        """The lines of the entry."""
        return "\n".join(filter(None, (self.heading, self.body)))


Material = dict[Part, tuple[Entry, ...]]
"""The parts that there are, in the order in which they are shown."""


def lay_out_whole(case: JudgeCase, shows: Iterable[Part], cleaner: Cleaner) -> Material | None:
    """The parts of `case` among `shows`, prompts as they were; None for a case too large to be cleaned whole."""
    layout = _Layout(case, cleaner.reach)
    pieces = layout.pieces(frozenset(shows))
    if not pieces.keys().isdisjoint(layout.gone) or not is_usual(pieces, cleaner.reach):
        return None
    return {part: tuple(_entry(piece, cleaner) for piece in some) for part, some in pieces.items()}


def lay_out_to_cut(case: JudgeCase, shows: Iterable[Part], cleaner: Cleaner) -> Material:
    """The parts of `case` among `shows`, ready to be cut.

    Passages that stand in the prompt are told from question and instructions and become documents, so that a cut can
    keep the question whole. Of a huge case each part is what is worth looking at, and says how much more there was.
    """
    wanted = frozenset(shows)
    layout = _Layout(case, cleaner.reach)
    layout.unwrap("shown as documents" if Part.DOCUMENTS in wanted else "left out")
    pieces = layout.pieces(wanted)
    if not is_usual(pieces, cleaner.reach):
        kept = thin(pieces, cleaner.reach)
        gone = {part: layout.gone.get(part, 0) + len(some) - len(kept[part]) for part, some in pieces.items()}
    else:
        kept, gone = pieces, layout.gone
    return {
        part: with_gap(part, [_entry(piece, cleaner) for piece in some], gone.get(part, 0))
        for part, some in kept.items()
    }


def with_gap(part: Part, entries: Sequence[Entry], gone: int) -> tuple[Entry, ...]:
    """`entries` with our own line where `gone` others are missing: before the turns that are left, else at the end."""
    if not gone:
        return tuple(entries)
    gap = Entry(heading=f"[… {gone} more left out …]", stands_for=gone)
    return (gap, *entries) if part is Part.CONVERSATION else (*entries, gap)


def _entry(piece: Piece, cleaner: Cleaner) -> Entry:
    """A piece, cleaned and quoted."""
    heading = piece.before + ", ".join(cleaner.name(name) for name in piece.names) + piece.after
    if piece.text is None:
        return Entry(heading=heading)
    head, missing, tail = cleaner.ends(piece.text, piece.shown)
    if missing:
        body = f"{quoted(head)}\n{left_out(missing)}\n{quoted(tail)}"
        return Entry(heading=heading, body=body, missing=missing)
    if head.strip():
        return Entry(heading=heading, body=quoted(head))
    return Entry(heading=heading or "(no visible text)")


class _Layout:
    """One case being laid out; nothing of it is read yet that need not be."""

    def __init__(self, case: JudgeCase, reach: int) -> None:
        self._case = case
        self._spelled = 2 * (reach + MARGIN)
        self._most = most_entries(reach)
        self.gone: dict[Part, int] = {}
        """Turns, documents, tools and steps that are beyond counting as pieces, by part."""
        messages = case.exchange.messages
        self._turns = [m for m in messages if m.role not in _INSTRUCTING]
        self._system = "\n".join(m.text for m in messages if m.role in _INSTRUCTING and m.text)
        asked = [i for i, m in enumerate(self._turns) if m.role == "user" and m.text]
        self._asked = asked[-1] if asked else None
        self._question = self._turns[asked[-1]].text if asked else ""
        self._documents = self._first(Part.DOCUMENTS, case.exchange.documents)
        self._passages = [(d.id, d.text) for d in self._documents if d.text]
        self._question_note = self._system_note = ""

    def unwrap(self, fate: str) -> None:
        """Takes passages out of question and instructions; `fate` says there what became of them."""
        note = f"(passages that stood here are {fate})"
        left = _TAKEN_APART - len(self._question)
        question = self._question if left >= 0 else ""
        left -= len(self._system)
        system = self._system if left >= 0 else ""
        context = read_context(self._prompts(max(0, left)), well_formed(system), well_formed(question))
        self._passages = [(p.id, p.text) for p in context.passages if p.origin is not Origin.TOOL]
        if context.question and context.question != self._question.strip():
            self._question, self._question_note = context.question, note
        wrapped = unwrap_instructions(well_formed(system))
        if wrapped.passages:
            self._system, self._system_note = wrapped.question, note

    def _prompts(self, most: int) -> Exchange:
        """The documents and the latest of the user's turns, which take at most `most` characters."""
        latest: list[Message] = []
        for turn in reversed(self._turns):
            if turn.role == "user" and turn.text:
                most -= len(turn.text)
                if most < 0:
                    break
                latest.append(Message(role="user", text=turn.text))
        return Exchange(messages=tuple(reversed(latest)), documents=tuple(self._documents))

    def _first(self, part: Part, some: Sequence[T]) -> Sequence[T]:
        return some if len(some) <= self._most else some[: self._let_go(part, some)]

    def _last(self, part: Part, some: Sequence[T]) -> Sequence[T]:
        return some if len(some) <= self._most else some[-self._let_go(part, some) :]

    def _let_go(self, part: Part, some: Sequence[object]) -> int:
        self.gone[part] = len(some) - self._most
        return self._most

    def pieces(self, wanted: frozenset[Part]) -> dict[Part, Sequence[Piece]]:
        """Every part among `wanted` that there is, in order."""
        return {part: pieces for part, some in self._parts() if part in wanted and (pieces := list(some))}

    def _parts(self) -> Iterator[tuple[Part, Iterable[Piece]]]:
        case, last = self._case, self._asked
        since = self._turns[0 if last is None else last + 1 :]
        yield Part.INSTRUCTIONS, [*_text(self._system), *_note(self._system_note)]
        yield Part.CONVERSATION, self._traffic(self._last(Part.CONVERSATION, self._turns[: last or 0]))
        yield Part.QUESTION, self._asking()
        yield Part.DOCUMENTS, self._retrieved()
        yield Part.TOOLS, self._tools(case.exchange.tools)
        yield Part.TOOL_CALLS, self._traffic(self._last(Part.TOOL_CALLS, since))
        yield Part.STEPS, self._steps()
        yield Part.ANSWER, self._answer()
        yield Part.REFERENCE, _text(case.reference or "")

    def _asking(self) -> list[Piece]:
        if self._asked is None:
            return []
        media = self._turns[self._asked].media
        return [*_text(self._question), *_note(self._question_note), *_media(media)]

    def _retrieved(self) -> Iterator[Piece]:
        for number, (name, text) in enumerate(self._passages, 1):
            if name is None:
                yield Piece(f"document {number}:", text=text)
            else:
                yield Piece(f"document {number}, id ", (name,), ":", text=text)

    def _tools(self, tools: tuple[ToolDefinition, ...] | None) -> Iterator[Piece]:
        if tools is not None and not tools:
            yield Piece("(no tools were offered)")
        for tool in self._first(Part.TOOLS, tools or ()):
            described = tool.description or ""
            if tool.parameters is None:
                yield Piece("tool ", (tool.name,), ":", text=described)
            else:
                text = f"{described}\nparameters: " if described else "parameters: "
                yield Piece("tool ", (tool.name,), ":", text=text, value=tool.parameters, spelled=self._spelled)

    def _traffic(self, turns: Iterable[Message]) -> Iterator[Piece]:
        for turn in turns:
            role = turn.role if turn.role in _ROLES else "other"
            if turn.text.strip():
                yield Piece(f"{role}:", text=turn.text)
            yield from _media(turn.media)
            yield from self._calls(turn.tool_calls, role)
            yield from _results(turn.tool_results)

    def _calls(self, calls: Iterable[ToolCall], role: str) -> Iterator[Piece]:
        for call in calls:
            before, names, after = f"{role} calls tool ", (call.name,), " with:"
            if isinstance(call.arguments, str):
                yield Piece(before, names, after, text=call.arguments)
            else:
                yield Piece(before, names, after, text="", value=call.arguments, spelled=self._spelled)

    def _steps(self) -> Iterator[Piece]:
        for number, step in enumerate(self._first(Part.STEPS, self._case.steps), 1):
            kind = step.kind if step.kind in _STEPS else "other"
            before, names, after = f"step {number}, {kind} ", (step.name,), " (failed)" if step.failed else ""
            told = [(w, t) for w, t in ((", given:", step.input), (", came back:", step.output)) if t.strip()]
            for words, text in told:
                yield Piece(before, names, after + words, text=text)
            if not told:
                yield Piece(before, names, after)

    def _answer(self) -> list[Piece]:
        choices = self._case.exchange.choices
        if not choices:
            return [Piece("(there is no answer)")]
        message = choices[0].message
        pieces = [*_text(message.text), *_media(message.media), *self._calls(message.tool_calls, "answer")]
        return pieces or [Piece("(the answer is empty)")]


def _text(text: str) -> list[Piece]:
    return [Piece(text=text)] if text.strip() else []


def _note(text: str) -> list[Piece]:
    return [Piece(text)] if text else []


def _media(media: tuple[str, ...]) -> list[Piece]:
    return [Piece("(with media that are not shown: ", media[:20], ")")] if media else []


def _results(results: Iterable[ToolResult]) -> Iterator[Piece]:
    for result in results:
        if result.name:
            yield Piece("result of tool ", (result.name,), ":", text=result.text)
        else:
            yield Piece("result of tool:", text=result.text)
