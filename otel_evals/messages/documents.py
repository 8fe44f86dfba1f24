"""Retrieved documents in the shapes that retrievers write them, as `Document` records.

The conventions give a document an id and a score but no key for its text, so the usual names are tried. Called by the
dialects that read retrieval spans.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from otel_evals.messages.jsons import decoded, structure
from otel_evals.records.exchange import Document

_TEXT_KEYS: Final = ("content", "text", "page_content", "pageContent", "passage", "chunk", "snippet", "body")
_ID_KEYS: Final = ("id", "doc_id", "document_id", "chunk_id", "doc_uri", "source", "url", "uri", "title")
_SCORE_KEYS: Final = ("score", "relevance_score", "similarity", "similarity_score")
_LIST_KEYS: Final = ("documents", "results", "matches", "data")
_NESTED: Final = ("document", "node", "doc", "kwargs")


def read_documents(value: Any) -> tuple[Document, ...] | None:
    """The documents in a list (typed or JSON text) or under `documents`; None when there is no list.

    Items without a text are left out: an id alone supports no answer.
    """
    raw, _ = structure(value)
    if isinstance(raw, dict):
        fields = cast("dict[str, Any]", raw)
        raw = next((fields[key] for key in _LIST_KEYS if isinstance(fields.get(key), list)), None)
    if not isinstance(raw, list):
        return None
    found = (read_document(decoded(item)) for item in cast("list[Any]", raw))
    return tuple(document for document in found if document is not None)


def read_document(raw: Any) -> Document | None:
    """One document: an object with a text-like field, or a plain text."""
    if isinstance(raw, str):
        return Document(text=raw) if raw else None
    if not isinstance(raw, dict):
        return None
    fields = cast("dict[str, Any]", raw)
    text = _first_text(fields, _TEXT_KEYS)
    metadata = decoded(fields.get("metadata"))
    if text is None:
        inner = next((decoded(fields[key]) for key in _NESTED if key in fields), None)
        document = read_document(inner)
        if document is None:
            return None
        return Document(text=document.text, id=_id(fields) or document.id, score=_score(fields) or document.score)
    own = _id(fields)
    if own is None and isinstance(metadata, dict):
        own = _id(cast("dict[str, Any]", metadata))
    return Document(text=text, id=own, score=_score(fields))


def _first_text(fields: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((v for k in keys if isinstance(v := fields.get(k), str) and v), None)


def _id(fields: Mapping[str, Any]) -> str | None:
    for key in _ID_KEYS:
        value = fields.get(key)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None


def _score(fields: Mapping[str, Any]) -> float | None:
    for key in _SCORE_KEYS:
        value = fields.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    return None
