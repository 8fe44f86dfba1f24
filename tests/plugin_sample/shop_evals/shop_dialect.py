"""`shop`: the calls that the shop's own client writes, `shop.llm.*`."""

from typing import Any, ClassVar

from otel_evals.api import Choice, Fragment, LogView, Message, Reading, SpanRole, SpanView

_MODEL, _QUESTION, _ANSWER = "shop.llm.model", "shop.llm.question", "shop.llm.answer"


class Shop:
    """Reader of the shop's spans."""

    id: ClassVar[str] = "shop"
    markers: ClassVar[tuple[bytes, ...]] = (b"shop.llm.",)

    def detect(self, span: SpanView) -> bool:
        """Whether the shop's client wrote the span."""
        return _MODEL in span.attributes

    def read(self, span: SpanView) -> Reading:
        """Model, question and answer; what has an odd type is left out."""
        question, answer = _text(span.attributes.get(_QUESTION)), _text(span.attributes.get(_ANSWER))
        return Reading(
            role=SpanRole.MODEL_CALL,
            request_model=_text(span.attributes.get(_MODEL)),
            messages=None if question is None else (Message(role="user", text=question),),
            choices=None if answer is None else (Choice(message=Message(role="assistant", text=answer)),),
        )

    def read_log(self, record: LogView) -> Fragment | None:
        """None: the shop's client writes no log records."""
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
