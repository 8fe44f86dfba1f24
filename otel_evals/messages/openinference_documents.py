"""Documents on OpenInference's retriever and reranker spans, as `Document` records.

Called by the OpenInference dialect. The flat keys hold them; LangChain's have their ids only in the span's output.
"""

from typing import Any

from otel_evals.messages.documents import read_documents
from otel_evals.messages.jsons import decoded, structure
from otel_evals.messages.rows import read_rows
from otel_evals.messages.shapes import fields_of, items_of, present
from otel_evals.records.exchange import Document
from otel_evals.records.span import Attributes
from otel_evals.semconv.vendors import OpenInference as Key


def read_retrieved(attributes: Attributes) -> tuple[Document, ...] | None:
    """What a retriever returned or a reranker kept; None when the span does not say."""
    retrieved, reranked = read_rows(attributes, (Key.DOCUMENTS, Key.RERANKED))
    rows = retrieved or reranked
    if not rows:
        raw, _ = structure(attributes.get(Key.OUTPUT_VALUE))
        listed = items_of(raw) or items_of(present(fields_of(raw), "documents", "results", "passages"))
        # Python representations of documents are not documents.
        objects = [fields for item in listed if (fields := fields_of(item))]
        return read_documents(objects) if objects else None
    whole: list[dict[str, Any]] = []
    for row in rows:
        fields = {field.removeprefix("document."): value for field, value in row.items()}
        whole.append({**fields, "id": fields.get("id") or fields_of(decoded(fields.get("metadata"))).get("doc_id")})
    if all(document["id"] is None for document in whole):
        _borrow_ids(whole, attributes.get(Key.OUTPUT_VALUE))
    return read_documents(whole)


def _borrow_ids(documents: list[dict[str, Any]], value: Any) -> None:
    """LangChain writes the ids of its documents only in the span's whole output, in the same order."""
    raw, _ = structure(value)
    listed = items_of(raw if isinstance(raw, list) else fields_of(raw).get("documents"))
    if len(listed) == len(documents):
        for document, other in zip(documents, listed, strict=True):
            document["id"] = fields_of(other).get("id")
