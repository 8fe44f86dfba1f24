"""Makes up the requests of the shop's customers, each with its answer, from a seed.

The same seed gives the same requests. Trace and span ids are not made here: whoever sends draws new ones.
"""

import random
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from otel_evals.demo.flaws import (
    CUT,
    RATES,
    SPOIL,
    STOPPED,
    TOOL_FAULTS,
    TRIAGE_FAULTS,
    WORSE_RATES,
    WORSE_VERSION,
    Talk,
    is_possible,
)
from otel_evals.demo.request import AppRequest, ModelCall, Retrieval, Step, ToolRun
from otel_evals.demo.scenarios import Scenarios, Topic
from otel_evals.records.exchange import Choice, Document, Message, ToolCall, ToolDefinition, ToolResult

_SUPPORT_MODELS: Final = (
    ("openai", "gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", 1.1),
    ("anthropic", "claude-haiku-4-5", "claude-haiku-4-5-20251001", 0.9),
)
_ADVICE_MODEL: Final = ("gcp.gemini", "gemini-2.5-flash", "gemini-2.5-flash", 0.8)
_ORDER_MODEL: Final = ("mistral_ai", "mistral-medium-3", "mistral-medium-2508", 1.3)
"""Provider, model that is asked for, model that answers, usual seconds of a call."""
_ORDER_PROMPT: Final = ("order-desk", "5")
_TRIAGE_PROMPT: Final = ("ticket-triage", "2")
"""Name and version."""
_NEWER_SHARE: Final = 0.5
"""Share of the support traffic that the newer prompt gets."""
_FOLLOW_UPS: Final = 0.25
"""Share of the questions that follow another one in the same conversation."""
_AGAIN_SECONDS: Final = 1.0
_ENGLISH_SHARE: Final = 0.6
_STATES: Final = ("in transit", "out for delivery", "delivered", "being packed")

Model = tuple[str, str, str, float]


class Requests:
    """An endless stream of requests for each of the three applications."""

    def __init__(self, everything: Scenarios, rng: random.Random) -> None:
        self._all = everything
        self._rng = rng
        self._english = [t for t in everything.topics if t.language == "en"]
        self._other = [t for t in everything.topics if t.language != "en"]
        self._tools = tuple(
            ToolDefinition(name=t.name, description=t.description, parameters=t.parameters) for t in everything.tools
        )

    def support(self, flaw: str | None = None) -> AppRequest:
        """A question to the support assistant; `flaw` asks for one, else chance decides."""
        version = WORSE_VERSION if self._rng.random() < _NEWER_SHARE else "3"
        return self._talk(("support-answer", version), self._rng.choice(_SUPPORT_MODELS), "/api/support", flaw)

    def advice(self, flaw: str | None = None) -> AppRequest:
        """A question to the product adviser."""
        return self._talk(("product-advice", "2"), _ADVICE_MODEL, "/api/products/advice", flaw)

    def again(self, request: AppRequest, *, rephrased: bool) -> AppRequest | None:
        """The customer's other try at a question, in the same conversation and now answered well.

        `rephrased`: in other words. None when there is nothing to ask again, or there are no other words for it.
        """
        asked = next((step.query for step in request.steps if isinstance(step, Retrieval)), None)
        topic = next((t for t in self._all.topics if t.question == asked), None)
        if topic is None or (rephrased and topic.plain is None):
            return None
        talk = Talk(
            topic=topic,
            question=topic.plain if rephrased and topic.plain is not None else topic.question,
            answer=topic.answer,
            documents=self._found(topic),
        )
        model = (request.provider, request.model, request.answered_by, _AGAIN_SECONDS)
        made = self._answered(talk, (request.prompt_name, request.prompt_version), model, request.route, None)
        return msgspec.structs.replace(made, conversation=request.conversation)

    def _talk(self, prompt: tuple[str, str], model: Model, route: str, flaw: str | None) -> AppRequest:
        _, version = prompt
        topic = self._topic(flaw)
        flaw = flaw or self._flaw(topic, WORSE_RATES if version == WORSE_VERSION else RATES)
        talk = Talk(topic=topic, question=topic.question, answer=topic.answer, documents=self._found(topic))
        if len(talk.documents) > 1 and self._rng.random() < _FOLLOW_UPS:
            before = talk.documents[1]
            talk.earlier = (before.question, before.answer.replace("[1]", "[2]"))
        if flaw is not None:
            SPOIL[flaw](talk, self._rng, self._all)
        return self._answered(talk, prompt, model, route, flaw)

    def _answered(self, talk: Talk, prompt: tuple[str, str], model: Model, route: str, flaw: str | None) -> AppRequest:
        documents = tuple(
            Document(id=f"kb/{t.language}/{t.id}", text=t.text, score=round(0.92 - 0.11 * rank, 2))
            for rank, t in enumerate(talk.documents)
        )
        call = ModelCall(
            messages=(self._instructions(prompt), *_turns(talk)),
            choice=Choice(message=Message(role="assistant", text=talk.answer), finish_reason=talk.finish),
            seconds=self._seconds(model, talk.answer),
        )
        steps = (Retrieval(query=talk.topic.question, documents=documents, seconds=self._rng.uniform(0.02, 0.09)), call)
        return self._request(route, prompt, model, steps, flaw)

    def _topic(self, flaw: str | None) -> Topic:
        topics = self._english if self._rng.random() < _ENGLISH_SHARE else self._other
        if flaw is not None:
            topics = [t for t in self._all.topics if is_possible(flaw, t)]
        return self._rng.choice(topics)

    def _flaw(self, topic: Topic, rates: Mapping[str, float]) -> str | None:
        chance = self._rng.random()
        for name, rate in rates.items():
            chance -= rate if is_possible(name, topic) else 0
            if chance < 0:
                return name
        return None

    def _found(self, topic: Topic) -> list[Topic]:
        """The article that answers, and another one that came along."""
        others = [t for t in self._all.topics if t.language == topic.language and t.id != topic.id]
        return [topic, *self._rng.sample(others, min(1, len(others)))]

    def order(self, flaw: str | None = None) -> AppRequest:
        """A question about an order: the model asks for a tool, sees its result, and answers."""
        rng, number = self._rng, f"LF-{self._rng.randint(10000, 99999)}"
        flaw = flaw or ("tool_calls" if rng.random() < TOOL_FAULTS else None)
        asked = (
            self._instructions(_ORDER_PROMPT),
            Message(role="user", text=f"Hi, where is my order {number}? It was a gift for the weekend."),
        )
        tool_call = self._tool_call(number, spoiled=flaw == "tool_calls")
        first = Message(role="assistant", tool_calls=(tool_call,))
        state, days = rng.choice(_STATES), rng.randint(1, 3)
        result = f'{{"order_id": "{number}", "state": "{state}", "carrier": "DHL", "days_left": {days}}}'
        if flaw is not None:
            result = '{"error": "the tool could not be called"}'
            text = f"I could look into the order {number} only in part. Please try again in a few minutes."
        else:
            text = f"Your order {number} is {state} with DHL; it should be with you in {days} days."
        answered = Message(role="tool", tool_results=(ToolResult(text=result, id=tool_call.id, name=tool_call.name),))
        steps = (
            self._ask(asked, Choice(message=first, finish_reason="tool_call")),
            ToolRun(call=tool_call, result=result, seconds=rng.uniform(0.05, 0.3)),
            self._ask(
                (*asked, first, answered),
                Choice(message=Message(role="assistant", text=text), finish_reason=STOPPED),
            ),
        )
        return self._request("/api/orders/chat", _ORDER_PROMPT, _ORDER_MODEL, steps, flaw)

    def _ask(self, messages: tuple[Message, ...], choice: Choice) -> ModelCall:
        return ModelCall(
            messages=messages,
            choice=choice,
            tools=self._tools,
            seconds=self._seconds(_ORDER_MODEL, choice.message.text),
        )

    def _tool_call(self, number: str, *, spoiled: bool) -> ToolCall:
        name, arguments = "lookup_order", {"order_id": number, "include_items": False}
        if spoiled and self._rng.random() < 0.5:
            name = "get_order_status"
        elif spoiled:
            arguments = {"order_id": number.lower(), "include_items": False}
        return ToolCall(id=f"call_{self._rng.getrandbits(48):012x}", name=name, arguments=arguments)

    def triage(self, flaw: str | None = None) -> AppRequest:
        """A customer's message that is sorted into a ticket, as JSON."""
        ticket = self._rng.choice(self._all.tickets)
        flaw = flaw or ("structured_output" if self._rng.random() < TRIAGE_FAULTS else None)
        fields = {"category": ticket.category, "priority": ticket.priority, "summary": ticket.summary}
        text, finish = msgspec.json.encode(fields).decode(), STOPPED
        if flaw is not None:
            text, finish = self._rng.choice((
                (f"```json\n{text}\n```", STOPPED),
                (text[:-20], CUT),
                (msgspec.json.encode({**fields, "priority": "urgent!"}).decode(), STOPPED),
                (msgspec.json.encode({"category": ticket.category}).decode(), STOPPED),
            ))  # fmt: skip
        call = ModelCall(
            messages=(self._instructions(_TRIAGE_PROMPT), Message(role="user", text=ticket.text)),
            choice=Choice(message=Message(role="assistant", text=text), finish_reason=finish),
            output_schema=self._all.triage_schema,
            seconds=self._seconds(_ADVICE_MODEL, text),
        )
        return self._request("/api/tickets", _TRIAGE_PROMPT, _ADVICE_MODEL, (call,), flaw)

    def _request(
        self, route: str, prompt: tuple[str, str], model: Model, steps: tuple[Step, ...], flaw: str | None
    ) -> AppRequest:
        return AppRequest(
            route=route,
            agent=prompt[0],
            provider=model[0],
            model=model[1],
            answered_by=model[2],
            prompt_name=prompt[0],
            prompt_version=prompt[1],
            conversation=f"conv_{self._rng.getrandbits(40):010x}",
            steps=steps,
            flaw=flaw,
        )

    def _instructions(self, prompt: tuple[str, str]) -> Message:
        name, version = prompt
        return Message(role="system", text=self._all.instructions[name][version])

    def _seconds(self, model: Model, text: str) -> float:
        return self._rng.lognormvariate(0.0, 0.35) * model[3] + len(text) / 1200


def _turns(talk: Talk) -> Iterator[Message]:
    """The customer's turns. The passages stand around the first question; a second turn is sent as it was written."""
    passages = "\n".join(f"[{number}] {t.text}" for number, t in enumerate(talk.documents, 1))
    asked = talk.question if talk.earlier is None else talk.earlier[0]
    yield Message(role="user", text=f"Context:\n{passages}\n\nQuestion: {asked}")
    if talk.earlier is not None:
        yield Message(role="assistant", text=talk.earlier[1])
        yield Message(role="user", text=talk.question)
