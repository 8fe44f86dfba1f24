"""What a check sees of one choice of an exchange: its texts, cut to a documented cap, and the hits of the pattern pass.

Everything is computed on first use and kept, so a check pays only for what no other check has asked for before.
Life cycle: the engine makes one `Scan` a choice, hands it to every check, and throws it away.
"""

from typing import Any, Final

from otel_evals.records.exchange import Choice, Exchange, Message, ToolCall
from otel_evals.text.context import Context, Origin, read_context
from otel_evals.text.fold import fold, well_formed
from otel_evals.text.lazy import lazy
from otel_evals.text.patterns import OPENING, Pattern, PatternPass, Target
from otel_evals.text.tokens import words

TEXT_CAP: Final = 64 * 1024
"""Characters of one text that checks look at: head and tail of a longer one, half each."""

_NO_ANSWER: Final = Choice(message=Message(role="assistant"))


def capped(text: str, cap: int = TEXT_CAP) -> str:
    """`text` without lone surrogates, or its head and tail when it is longer than `cap` characters."""
    if len(text) > cap:
        half = cap // 2
        text = f"{text[:half]}\n{text[-half:]}"
    return well_formed(text)


class Scan:
    """The texts of one choice of an exchange, shared by all checks."""

    def __init__(self, exchange: Exchange, patterns: PatternPass, choice: Choice | None = None) -> None:
        self.exchange = exchange
        self.choice = choice or (exchange.choices[0] if exchange.choices else _NO_ANSWER)
        self._patterns = patterns
        self._hits: dict[Target, frozenset[Pattern]] = {}

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls of this choice."""
        return self.choice.message.tool_calls

    @lazy
    def truncated(self) -> bool:
        """Whether a cap of ours hid a part of a text from the checks."""
        if len(self.choice.message.text) > TEXT_CAP:
            return True
        return any(len(message.text) > TEXT_CAP for message in self.exchange.messages)

    @lazy
    def answer(self) -> str:
        """The answer as written."""
        return capped(self.choice.message.text)

    @lazy
    def answer_folded(self) -> str:
        """The answer, folded."""
        return fold(self.answer)

    @lazy
    def answer_opening(self) -> str:
        """How the folded answer begins."""
        return self.answer_folded[:OPENING]

    @lazy
    def answer_words(self) -> list[str]:
        """The words of the folded answer."""
        return words(self.answer_folded)

    @lazy
    def question(self) -> str:
        """The last user turn that holds text (turns that only carry tool results are passed over)."""
        for message in reversed(self.exchange.messages):
            if message.role == "user" and message.text:
                return capped(message.text)
        return ""

    @lazy
    def question_folded(self) -> str:
        """The last user turn, folded."""
        return fold(self.question)

    @lazy
    def question_opening(self) -> str:
        """How the folded last user turn begins."""
        return self.question_folded[:OPENING]

    @lazy
    def question_words(self) -> list[str]:
        """The words of the folded last user turn."""
        return words(self.question_folded)

    @lazy
    def context(self) -> Context:
        """The passages that the model was given, wherever they stood, and the question without its wrapping."""
        return read_context(self.exchange, self.system, self.question)

    @lazy
    def system(self) -> str:
        """System (and developer) instructions, joined by newlines."""
        return capped(
            "\n".join([m.text for m in self.exchange.messages if m.role in ("system", "developer") and m.text])
        )

    @lazy
    def user_text(self) -> str:
        """Every user turn, joined by newlines."""
        texts = [m.text for m in self.exchange.messages if m.role == "user" and m.text]
        return capped("\n".join(texts)) if len(texts) > 1 else self.question

    @lazy
    def tool_results(self) -> str:
        """What tools returned, joined by newlines."""
        return capped("\n".join([r.text for m in self.exchange.messages for r in m.tool_results]))

    @lazy
    def documents(self) -> str:
        """The texts of the retrieved documents, joined by newlines."""
        return capped("\n".join([d.text for d in self.exchange.documents]))

    @lazy
    def untrusted(self) -> str:
        """What strangers may have written: user turns, tool results, documents, passages in system prompts."""
        texts = [self.user_text]
        if self.tool_results:
            texts.append(self.tool_results)
        if self.exchange.documents:
            texts.append(self.documents)
        # Without instructions there is no need to take the user's message apart.
        if self.system and (quoted := [p.text for p in self.context.passages if p.origin is Origin.SYSTEM]):
            texts.append(capped("\n".join(quoted)))
        return texts[0] if len(texts) == 1 else "\n".join([text for text in texts if text])

    @lazy
    def untrusted_folded(self) -> str:
        """The untrusted text, folded."""
        return self.question_folded if self.untrusted is self.question else fold(self.untrusted)

    def hits(self, target: Target) -> frozenset[Pattern]:
        """The patterns, of all checks, that occur in the text of `target`."""
        hits = self._hits.get(target)
        if hits is None:
            hits = self._hits[target] = self._patterns.match(target, getattr(self, target.value))
        return hits

    def matches(self, pattern: Pattern) -> bool:
        """Whether `pattern` (one that the check declared in `patterns()`) occurs in its target."""
        return pattern in self.hits(pattern.target)

    def find(self, pattern: Pattern) -> list[Any]:
        """The match objects of `pattern` in its target, in order; empty when the shared pass saw no hit."""
        if not self.matches(pattern):
            return []
        return list(self._patterns.compiled(pattern).finditer(getattr(self, pattern.target.value)))

    def compiled(self, pattern: Pattern) -> Any:
        """The compiled form of a declared pattern, for a text other than its target."""
        return self._patterns.compiled(pattern)
