"""What a scripted judge says and how it misbehaves, apart from the HTTP that carries it. No model is behind it.

Its verdicts are a pure function of the judged text: the truth is read from a marker in it (`[truth:pass]`,
`[truth:fail]`) or by a function, and told wrongly at known rates, by a hash of the text. So the same text gets the same
verdict, in whatever order the texts come, and a simulation knows what the judge would have said of any of them.
"""

import hashlib
import math
import random
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import msgspec

Truth = Callable[[str], bool | None]
"""Whether a judged text is truly good; None when it does not say."""

Fault = Literal[
    "none",
    "status",  # answers with `status`
    "not_json",  # the verdict is prose
    "malformed",  # the body is no JSON
    "bad_utf8",  # the body is no UTF-8
    "wrong_types",  # the body has the right keys and the wrong types
    "huge",  # a body of `size` bytes
    "bomb",  # a small body that inflates to `size` bytes
    "refusal",  # the model declines
    "empty",  # an answer without text
    "cut",  # cut at the token limit, in the middle of the JSON
    "echo",  # repeats what it was asked to judge
    "wrong_nonce",  # a good verdict with another request's nonce
    "bad_grade",  # a grade that the scale does not have
    "slow",  # trickles a byte every `every` seconds
    "hang",  # never answers
    "hang_body",  # sends headers and half a body, then nothing
    "reset",  # cuts the connection
    "redirect",  # sends elsewhere, to `location`
]

_MARKER: Final = re.compile(r"\[truth:(pass|fail)\]")
_CODE: Final = re.compile(r"\b[0-9a-f]{16,64}\b")
_UNIT: Final = 1 << 64


class JudgeBehaviour(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the server answers. The default is a judge that is always right, at once."""

    tpr: float = 1.0
    """Probability that a truly good text passes."""
    tnr: float = 1.0
    """Probability that a truly bad text fails."""
    unmarked: float = 0.9
    """Probability that a text without a truth passes."""
    seed: str = "scripted"
    """Another seed errs on other texts."""
    obeys: tuple[str, ...] = ()
    """Patterns that it takes for orders wherever they stand in what it is asked: it passes such a text, good or bad."""
    model: str | None = None
    """The model that answers; None: the one that was asked for."""
    fingerprint: str | None = "fp_scripted"
    latency: float = 0.0
    """Seconds before the answer; the median when `latency_sigma` is set."""
    latency_sigma: float = 0.0
    """Spread of a lognormal latency, 0 = fixed."""
    fault: Fault = "none"
    fault_rate: float = 1.0
    """Share of requests that get the fault, evenly spaced."""
    status: int = 500
    error_code: str = "scripted"
    error_param: str | None = None
    error_message: str = "scripted error"
    retry_after: str | None = None
    headers: dict[str, str] = {}
    """Further headers of every answer, such as `x-ratelimit-remaining-requests`."""
    refuses: tuple[str, ...] = ()
    """Parameters that a request must not have: answered with 400 as OpenAI does."""
    ignores_form: bool = False
    """Takes `response_format` and tools, and answers in prose all the same."""
    size: int = 64 << 20
    every: float = 0.05
    location: str = "http://127.0.0.1:9/"
    usage: bool = True
    """Whether the answer says how many tokens it took."""
    input_tokens: int | None = None
    """None: a fourth of the request's characters."""
    output_tokens: int = 60
    cached_tokens: int = 0


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request, as far as a judge reads it."""

    api: Literal["chat", "responses"]
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    system: str
    user: str
    behaviour: JudgeBehaviour

    @property
    def nonce(self) -> str | None:
        """The code that an honest model echoes: the first in what it was asked."""
        found = _CODE.search(self.user) or _CODE.search(self.system)
        return found[0] if found else None

    @property
    def form(self) -> Literal["schema", "tool", "text"]:
        """How the answer's form was asked for."""
        if "response_format" in self.body or "text" in self.body:
            return "schema"
        return "tool" if self.body.get("tools") else "text"

    @property
    def refused(self) -> str | None:
        """The first parameter of the request that the behaviour refuses, by the name that its api has for it."""
        for name in self.behaviour.refuses:
            if name == "response_format" and self.api == "responses" and "text" in self.body:
                return "text.format"
            if name in self.body:
                return name
        return None

    @property
    def tool(self) -> str:
        """Name of the tool that must be called."""
        tool = self.body["tools"][0]
        return str(tool.get("function", tool)["name"])

    @property
    def grades(self) -> list[str]:
        """The words of the scale, worst first, from the schema wherever it stands."""
        schema = self._schema()
        return [str(word) for word in schema["properties"]["grade"]["enum"]] if schema else ["fail", "pass"]

    def _schema(self) -> Mapping[str, Any] | None:
        if self.form == "tool":
            tool = self.body["tools"][0]
            return tool.get("function", tool)["parameters"]
        if self.form == "text":
            _, _, told = self.system.rpartition("JSON Schema: ")
            return msgspec.json.decode(told) if told.startswith("{") else None
        form = self.body.get("response_format") or self.body["text"]["format"]
        return form.get("json_schema", form).get("schema")


def without_codes(text: str) -> str:
    """`text` without the words that could be a nonce: what is the same whenever the same case is judged."""
    return _CODE.sub("", text)


def marked_truth(text: str) -> bool | None:
    """The truth by the last marker in the text."""
    found = _MARKER.findall(text)
    return found[-1] == "pass" if found else None


def passes(text: str, behaviour: JudgeBehaviour, truth: Truth = marked_truth) -> bool:
    """What the scripted judge says of `text`: the same for the same text, whatever its nonce."""
    if any(re.search(order, text, re.IGNORECASE) for order in behaviour.obeys):
        return True
    stripped = without_codes(text)
    digest = hashlib.sha256(f"{behaviour.seed}\n{stripped}".encode("utf-8", "surrogatepass")).digest()
    uniform = int.from_bytes(digest[:8], "big") / _UNIT
    good = truth(text)
    if good is None:
        return uniform < behaviour.unmarked
    return uniform < behaviour.tpr if good else uniform >= behaviour.tnr


def verdict_text(asked: Asked, truth: Truth = marked_truth) -> str:
    """The answer: a verdict in the form that was asked for, or what the behaviour's fault makes of it."""
    behaviour = asked.behaviour
    if behaviour.fault == "echo":
        return asked.user
    if behaviour.fault == "not_json" or behaviour.ignores_form:
        return "I would say that this is a pass. Score: 5"
    if behaviour.fault == "empty":
        return ""
    good = passes(asked.user, behaviour, truth)
    verdict = {
        "reason": f"Scripted judge, no model: it says {'good' if good else 'bad'}.",
        "grade": "splendid" if behaviour.fault == "bad_grade" else asked.grades[-1 if good else 0],
        "confidence": 0.9,
        "nonce": "0123456789abcdef" if behaviour.fault == "wrong_nonce" else asked.nonce,
    }
    text = msgspec.json.encode(verdict).decode()
    return text[: len(text) // 2] if behaviour.fault == "cut" else text


def latency(behaviour: JudgeBehaviour, rng: random.Random) -> float:
    """Seconds before an answer."""
    if behaviour.latency_sigma <= 0:
        return behaviour.latency
    return behaviour.latency * math.exp(rng.gauss(0.0, behaviour.latency_sigma))


def is_faulty(behaviour: JudgeBehaviour, count: int) -> bool:
    """Whether the request of number `count` (≥ 1) gets the fault: evenly spaced, so that rates are exact."""
    if behaviour.fault == "none":
        return False
    return math.floor(count * behaviour.fault_rate) > math.floor((count - 1) * behaviour.fault_rate)
