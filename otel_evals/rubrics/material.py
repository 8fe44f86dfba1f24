"""Lays a case out as the material of a question: parts, each of entries, all cleaned and quoted.

Called by `question`. Of several answers (n > 1) the first is shown. A model's reasoning is not: it is no part of what
the user got.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from otel_evals.records.exchange import Message, ToolCall, ToolDefinition, ToolResult
from otel_evals.records.judging import JudgeCase
from otel_evals.rubrics.fence import Cleaner, left_out, quoted
from otel_evals.rubrics.part import Part
from otel_evals.text.context import Origin, read_context, unwrap_instructions
from otel_evals.text.fold import well_formed

_INSTRUCTING: Final = ("system", "developer")
_ROLES: Final = frozenset({"user", "assistant", "tool"})
_STEPS: Final = frozenset({"model", "tool", "retrieval", "agent"})
"""Words that stand bare in our own lines; any other role or kind is a stranger's word and becomes `other`."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One text of a part. `heading` is a line of ours, `body` a stranger's lines, quoted; either may be empty."""

    heading: str = ""
    body: str = ""
    missing: int = 0
    """Characters of a very long text that are in no case shown, and are not in `body`."""

    def render(self) -> str:
        """The lines of the entry."""
        return "\n".join(filter(None, (self.heading, self.body)))


Material = dict[Part, tuple[Entry, ...]]
"""The parts that there are, in the order in which they are shown."""


def lay_out(case: JudgeCase, shows: Iterable[Part], cleaner: Cleaner, *, unwrapped: bool) -> Material:
    """The parts of `case` among `shows`.

    With `unwrapped`, passages that stand in the prompt are told from question and instructions and become documents,
    so that a cut can keep the question whole; else prompts are shown as they were.
    """
    wanted = frozenset(shows)
    layout = _Layout(case, cleaner)
    if unwrapped:
        layout.unwrap("shown as documents" if Part.DOCUMENTS in wanted else "left out")
    parts = {part: tuple(entries) for part, entries in layout.parts() if part in wanted}
    return {part: entries for part, entries in parts.items() if entries}


class _Layout:
    """One case being laid out."""

    def __init__(self, case: JudgeCase, cleaner: Cleaner) -> None:
        self._case = case
        self._clean = cleaner
        messages = case.exchange.messages
        self._turns = [m for m in messages if m.role not in _INSTRUCTING]
        self._system = "\n".join(m.text for m in messages if m.role in _INSTRUCTING and m.text)
        asked = [i for i, m in enumerate(self._turns) if m.role == "user" and m.text]
        self._asked = asked[-1] if asked else None
        self._question = self._turns[asked[-1]].text if asked else ""
        self._passages = [(d.id, d.text) for d in case.exchange.documents if d.text]
        self._question_note = self._system_note = ""

    def unwrap(self, fate: str) -> None:
        """Takes passages out of question and instructions; `fate` says there what became of them."""
        note = f"(passages that stood here are {fate})"
        context = read_context(self._case.exchange, well_formed(self._system), well_formed(self._question))
        self._passages = [(p.id, p.text) for p in context.passages if p.origin is not Origin.TOOL]
        if context.question and context.question != self._question.strip():
            self._question, self._question_note = context.question, note
        wrapped = unwrap_instructions(well_formed(self._system))
        if wrapped.passages:
            self._system, self._system_note = wrapped.question, note

    def parts(self) -> Iterator[tuple[Part, Iterable[Entry]]]:
        """Every part, in order."""
        case, last = self._case, self._asked
        yield Part.INSTRUCTIONS, [*self._text(self._system), *_note(self._system_note)]
        yield Part.CONVERSATION, self._traffic(self._turns[: last or 0])
        yield Part.QUESTION, self._asking()
        yield Part.DOCUMENTS, self._documents()
        yield Part.TOOLS, self._tools(case.exchange.tools)
        yield Part.TOOL_CALLS, self._traffic(self._turns[0 if last is None else last + 1 :])
        yield Part.STEPS, self._steps()
        yield Part.ANSWER, self._answer()
        yield Part.REFERENCE, self._text(case.reference or "")

    def _text(self, text: str, heading: str = "") -> list[Entry]:
        return [self._entry(heading, text)] if text.strip() else []

    def _entry(self, heading: str, text: str) -> Entry:
        head, missing, tail = self._clean.ends(text)
        if missing:
            body = f"{quoted(head)}\n{left_out(missing)}\n{quoted(tail)}"
            return Entry(heading=heading, body=body, missing=missing)
        if head.strip():
            return Entry(heading=heading, body=quoted(head))
        return Entry(heading=heading or "(no visible text)")

    def _asking(self) -> list[Entry]:
        if self._asked is None:
            return []
        media = self._turns[self._asked].media
        return [*self._text(self._question), *_note(self._question_note), *self._media(media)]

    def _media(self, media: tuple[str, ...]) -> list[Entry]:
        kinds = ", ".join(self._clean.name(kind) for kind in media[:20])
        return [Entry(heading=f"(with media that are not shown: {kinds})")] if kinds else []

    def _documents(self) -> Iterator[Entry]:
        for number, (name, text) in enumerate(self._passages, 1):
            heading = f"document {number}" if name is None else f"document {number}, id {self._clean.name(name)}"
            yield self._entry(f"{heading}:", text)

    def _tools(self, tools: tuple[ToolDefinition, ...] | None) -> Iterator[Entry]:
        if tools is not None and not tools:
            yield Entry(heading="(no tools were offered)")
        for tool in tools or ():
            parameters = "" if tool.parameters is None else f"parameters: {_json(tool.parameters)}"
            text = "\n".join(filter(None, (tool.description, parameters)))
            yield self._entry(f"tool {self._clean.name(tool.name)}:", text)

    def _traffic(self, turns: Iterable[Message]) -> Iterator[Entry]:
        for turn in turns:
            role = turn.role if turn.role in _ROLES else "other"
            if turn.text.strip():
                yield self._entry(f"{role}:", turn.text)
            yield from self._media(turn.media)
            yield from self._calls(turn.tool_calls, role)
            yield from self._results(turn.tool_results)

    def _calls(self, calls: Iterable[ToolCall], role: str) -> Iterator[Entry]:
        for call in calls:
            text = call.arguments if isinstance(call.arguments, str) else _json(call.arguments)
            yield self._entry(f"{role} calls tool {self._clean.name(call.name)} with:", text)

    def _results(self, results: Iterable[ToolResult]) -> Iterator[Entry]:
        for result in results:
            name = f" {self._clean.name(result.name)}" if result.name else ""
            yield self._entry(f"result of tool{name}:", result.text)

    def _steps(self) -> Iterator[Entry]:
        for number, step in enumerate(self._case.steps, 1):
            kind = step.kind if step.kind in _STEPS else "other"
            heading = f"step {number}, {kind} {self._clean.name(step.name)}{' (failed)' if step.failed else ''}"
            given = self._text(step.input, f"{heading}, given:")
            got = self._text(step.output, f"{heading}, came back:")
            yield from [*given, *got] or [Entry(heading=heading)]

    def _answer(self) -> list[Entry]:
        choices = self._case.exchange.choices
        if not choices:
            return [Entry(heading="(there is no answer)")]
        message = choices[0].message
        entries = [*self._text(message.text), *self._media(message.media), *self._calls(message.tool_calls, "answer")]
        return entries or [Entry(heading="(the answer is empty)")]


def _note(text: str) -> list[Entry]:
    return [Entry(heading=text)] if text else []


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (RecursionError, ValueError, TypeError):
        return "(not to be shown: nested too deeply, or not JSON)"
