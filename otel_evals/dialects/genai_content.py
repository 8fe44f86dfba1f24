"""The oldest form of content in the conventions: whole prompts and completions as one text.

Span events `gen_ai.content.prompt` and `.completion` (Spring AI, OpenLIT before 1.35) or the span attributes
`gen_ai.prompt` and `gen_ai.completion`. The text is JSON messages, or lines that begin with a role, or plain.
"""

import re
from typing import Any, ClassVar, Final

from otel_evals.messages.genai import Turns, read_turns
from otel_evals.messages.jsons import parsed_arguments
from otel_evals.messages.standard import read_reasons, said
from otel_evals.plugins.signs import Signs
from otel_evals.records.exchange import Message, ToolCall
from otel_evals.records.reading import Fragment, Reading
from otel_evals.records.span import Attributes, LogView, SpanView
from otel_evals.semconv import gen_ai

_EVENTS: Final = (gen_ai.CONTENT_PROMPT_EVENT, gen_ai.CONTENT_COMPLETION_EVENT)
_ROLE_LINE: Final = re.compile(r"^(system|developer|user|assistant|tool): ", re.MULTILINE)
_CALLED: Final = "Function called with tools"
"""What OpenLIT writes in the place of an answer that only calls tools."""


class GenAiContent:
    """Reader of prompts and completions that are one text each."""

    id: ClassVar[str] = "genai_content"
    markers: ClassVar[tuple[bytes, ...]] = (gen_ai.PROMPT.encode(), gen_ai.COMPLETION.encode(), b"gen_ai.content.")
    signs: ClassVar[Signs] = Signs(keys=frozenset((gen_ai.PROMPT, gen_ai.COMPLETION)), events=frozenset(_EVENTS))

    def detect(self, span: SpanView) -> bool:
        """Whether a prompt or completion stands on the span whole."""
        attributes = span.attributes
        if gen_ai.PROMPT in attributes or gen_ai.COMPLETION in attributes:
            return True
        return bool(span.events) and any(event.name in _EVENTS for event in span.events)

    def read(self, span: SpanView) -> Reading:
        """Prompt and completion; those of events before those of attributes."""
        attributes = span.attributes
        prompt, completion = attributes.get(gen_ai.PROMPT), attributes.get(gen_ai.COMPLETION)
        for event in span.events:
            if event.name == gen_ai.CONTENT_PROMPT_EVENT:
                prompt = event.attributes.get(gen_ai.PROMPT, prompt)
            elif event.name == gen_ai.CONTENT_COMPLETION_EVENT:
                completion = event.attributes.get(gen_ai.COMPLETION, completion)
        reasons = read_reasons(attributes)
        inputs = _by_role_lines(prompt) or read_turns(prompt)
        found = said(inputs, _answer(completion, attributes), reasons=reasons)
        return Reading(
            content_off=found.off,
            truncated=found.truncated,
            messages=found.messages or None,
            choices=found.choices,
        )

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - never seen in log records
        """Nothing."""
        return None


def _by_role_lines(text: Any) -> Turns | None:
    """The turns of a text whose lines say who speaks (`user: …`); None when it does not begin so."""
    if not isinstance(text, str) or not _ROLE_LINE.match(text):
        return None
    starts = list(_ROLE_LINE.finditer(text))
    ends = [start.start() for start in starts[1:]] + [len(text)]
    messages = tuple(
        Message(role=start[1], text=text[start.end() : end].strip("\n"))
        for start, end in zip(starts, ends, strict=True)
    )
    return Turns(messages=messages, finish=(None,) * len(messages))


def _answer(text: Any, attributes: Attributes) -> Turns | None:
    if not isinstance(text, str) or not text.startswith(_CALLED):
        return read_turns(text, "assistant")
    name = attributes.get(gen_ai.TOOL_NAME)
    call_id = attributes.get(gen_ai.TOOL_CALL_ID)
    call = ToolCall(
        name=name if isinstance(name, str) else "",
        arguments=parsed_arguments(attributes.get(gen_ai.TOOL_ARGUMENTS_SHORT)),
        id=call_id if isinstance(call_id, str) else None,
    )
    return Turns(messages=(Message(role="assistant", tool_calls=(call,)),), finish=(None,))
