"""The Traceloop SDK: wrappers around the calls, and the prompt that a call was made from.

`traceloop.span.kind` marks workflows, tasks, agents and tools, whose arguments and results are JSON. A task that
returns a list of passages is a retriever in all but name. On a model's span only prompt and session are added.
"""

from typing import Any, ClassVar, Final

from otel_evals.messages.documents import read_documents
from otel_evals.messages.failure import error_type
from otel_evals.messages.jsons import decoded, structure
from otel_evals.messages.normal import text, version
from otel_evals.messages.shapes import fields_of, items_of
from otel_evals.messages.vendor_request import read_request
from otel_evals.messages.vendor_response import Response, read_response
from otel_evals.plugins.signs import Signs
from otel_evals.records.exchange import Document
from otel_evals.records.reading import Fragment, Reading, SpanRole
from otel_evals.records.span import STATUS_ERROR, LogView, SpanView
from otel_evals.semconv import gen_ai
from otel_evals.semconv.vendors import Traceloop as Key

_ROLES: Final = {
    "workflow": SpanRole.WRAPPER, "task": SpanRole.WRAPPER, "agent": SpanRole.AGENT, "tool": SpanRole.TOOL,
}  # fmt: skip
_KEYS: Final = (Key.SPAN_KIND, Key.SESSION, Key.THREAD, Key.PROMPT_VERSION, Key.PROMPT_KEY, Key.PROMPT_TEMPLATE)
_PASSAGE: Final = ('"text"', '"content"', '"page_content"', '"pageContent"', '"passage"', '"chunk"', '"snippet"')
_TEXTS: Final = ("text", "content", "page_content", "pageContent", "passage", "chunk", "snippet")
_MARKS: Final = ("id", "doc_id", "document_id", "chunk_id", "score", "similarity", "relevance_score", "source", "url")


class Traceloop:
    """Reads spans with `traceloop.` attributes."""

    id: ClassVar[str] = "traceloop"
    markers: ClassVar[tuple[bytes, ...]] = (b"traceloop.",)
    signs: ClassVar[Signs] = Signs(keys=frozenset(_KEYS))

    def detect(self, span: SpanView) -> bool:
        """Whether the span is a wrapper, or carries a prompt or a session of the SDK."""
        return not self.signs.keys.isdisjoint(span.attributes)

    def read(self, span: SpanView) -> Reading:
        """The wrapper's role with what it carries; on any other span the prompt and session only."""
        attributes = span.attributes
        kind = attributes.get(Key.SPAN_KIND)
        role = _role(span, kind)
        documents = _retrieved(attributes.get(Key.OUTPUT)) if role is SpanRole.WRAPPER and kind == "task" else None
        if documents is not None:
            role = SpanRole.RETRIEVAL
        elif role is SpanRole.WRAPPER:
            documents = _handed_on(attributes.get(Key.INPUT))
        return Reading(
            role=role,
            conversation_id=text(attributes.get(Key.SESSION)) or text(attributes.get(Key.THREAD)),
            prompt_name=text(attributes.get(Key.PROMPT_KEY)),
            prompt_version=version(attributes.get(Key.PROMPT_VERSION))
            or version(attributes.get(Key.PROMPT_VERSION_NAME)),
            prompt_template=text(attributes.get(Key.PROMPT_TEMPLATE)),
            documents=documents,
            **(_agent(span) if role is SpanRole.AGENT else {}),
        )

    def read_log(self, record: LogView) -> Fragment | None:  # noqa: ARG002 - the protocol's signature
        """Nothing: the SDK writes no log records of its own shape."""
        return None


def _role(span: SpanView, kind: Any) -> SpanRole | None:
    if kind is None:
        return None
    attributes = span.attributes
    if Key.REQUEST_TYPE in attributes or (gen_ai.INPUT_MESSAGES in attributes and gen_ai.REQUEST_MODEL in attributes):
        return None
    return _ROLES.get(kind, SpanRole.WRAPPER) if isinstance(kind, str) else SpanRole.WRAPPER


def _agent(span: SpanView) -> dict[str, Any]:
    attributes = span.attributes
    request = read_request(attributes.get(Key.INPUT))
    response = Response() if span.status_code == STATUS_ERROR else read_response(attributes.get(Key.OUTPUT))
    return {
        "messages": request.messages,
        "system": request.system,
        "choices": response.choices,
        "error_type": error_type(span),
        "truncated": request.truncated or response.truncated,
    }


def _retrieved(value: Any) -> tuple[Document, ...] | None:
    """The passages that a task returned: a list of objects, each with a text and an id or score."""
    if not isinstance(value, str) or not any(word in value for word in _PASSAGE):
        return None
    raw, _ = structure(value)
    return _documents(items_of(raw) or fields_of(raw).get("outputs"))


def _handed_on(value: Any) -> tuple[Document, ...] | None:
    """The documents that LangChain handed to the task that formats them; its retrievers have no span of their own."""
    if not isinstance(value, str) or '"page_content"' not in value:
        return None
    raw, _ = structure(value)
    return _documents(fields_of(raw).get("inputs"))


def _documents(listed: Any) -> tuple[Document, ...] | None:
    items = [_unwrapped(decoded(item)) for item in items_of(listed)]
    if not items or not all(_is_passage(item) for item in items):
        return None
    return read_documents(items)


def _unwrapped(item: Any) -> dict[str, Any]:
    fields = fields_of(item)
    return fields_of(fields["kwargs"]) if "lc" in fields and "kwargs" in fields else fields


def _is_passage(fields: dict[str, Any]) -> bool:
    if "role" in fields or not any(isinstance(fields.get(key), str) for key in _TEXTS):
        return False
    return "page_content" in fields or any(fields.get(key) is not None for key in _MARKS)
