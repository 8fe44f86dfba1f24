"""What an address of the list asks for: the filters, their chips, and the address again.

Every filter is a name from here with a bounded value; nothing of a request becomes a column or a piece of SQL.
"""

from hashlib import sha256
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

import msgspec
from fastapi import Depends, Query

from otel_evals.records.feedback import FeedbackSignal
from otel_evals_backend.web.ranges import InRange, Range

_TEXT: Final = r"^[^\x00]*$"
_LONG: Final = 256


Label = Literal["", "pass", "fail", "error"]
"""How a result ended."""
Band = Literal["", "low", "medium", "high", "none"]
"""Risk of a call; `none` = not evaluated."""
Reviewed = Literal["", "yes", "no"]
"""Whether a person has labelled the call."""
Source = Literal["", "online", "offline"]
"""Traffic, or a run over a data set."""
Feedback = Literal[
    "", "negative", "positive", "any", "none", "thumbs_up", "thumbs_down", "rating", "copy", "edit", "regenerate",
    "rephrase", "abandon", "correction",
]  # fmt: skip
"""What users did: a sign, any, none, or one signal."""
SIGNS: Final = {"negative": -1, "positive": 1}
SIGNALS: Final = frozenset(signal.value for signal in FeedbackSignal)

_SLICE: Final = {
    "service": "service", "environment": "environment", "model": "model", "prompt": "prompt_name",
    "version": "prompt_version",
}  # fmt: skip
_NAMES: Final = (*_SLICE, "metric", "label", "band", "coverage", "stratum", "feedback", "reviewed", "source", "q",
                 "trace")  # fmt: skip
_WORDS: Final = {
    "label": "result",
    "band": "risk",
    "coverage": "judging",
    "stratum": "drawn because",
    "version": "prompt version",
    "q": "explanation",
    "trace": "trace",
    "reviewed": "reviewed",
}


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """The filters of a list; "" = not asked for. The field names are those of the address."""

    service: str = ""
    environment: str = ""
    model: str = ""
    prompt: str = ""
    version: str = ""
    metric: str = ""
    """A name, or `name:type` where evaluators of several types decide it."""
    label: str = ""
    band: str = ""
    coverage: str = ""
    stratum: str = ""
    feedback: str = ""
    reviewed: str = ""
    source: str = ""
    q: str = ""
    trace: str = ""

    @property
    def given(self) -> tuple[tuple[str, str], ...]:
        """Name and value of those that are asked for."""
        return tuple((name, value) for name in _NAMES if (value := str(getattr(self, name))))

    @property
    def slice(self) -> dict[str, str]:
        """Columns of `slices` and what they must hold."""
        return {column: value for name, column in _SLICE.items() if (value := str(getattr(self, name)))}

    @property
    def offline(self) -> bool:
        """Whether runs over data sets are asked for, not traffic."""
        return self.source == "offline"

    @property
    def counted(self) -> bool:
        """Whether sums of spans alone know exactly how many match."""
        return not any(
            (self.metric, self.feedback, self.reviewed == "no", self.q, self.trace, self.offline,
             self.label in ("pass", "error"), self.label and self.reviewed)
        )  # fmt: skip

    def without(self, name: str) -> "Filters":
        """The same without one of them. Without its metric, a label asks about any result."""
        return msgspec.structs.replace(self, **{name: ""})


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Filters within a time range: all that the address of a list says, but for the place in it."""

    filters: Filters
    range: Range

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """The address, in one order."""
        return (*self.range.query, *self.filters.given)

    @property
    def query(self) -> str:
        """Behind the question mark."""
        return urlencode(self.parts)

    def address(self, path: str, **more: str) -> str:
        """`path` with these filters and `more`; empty values are left out."""
        return f"{path}?{urlencode([*self.parts, *((name, value) for name, value in more.items() if value)])}"

    def chips(self, path: str) -> list[tuple[str, str]]:
        """Text and address without it, of every filter."""
        return [
            (chip(name, value), msgspec.structs.replace(self, filters=self.filters.without(name)).address(path))
            for name, value in self.filters.given
        ]

    @property
    def digest(self) -> bytes:
        """Of what is asked for: a place in another list is no place in this one. The range may move on."""
        return sha256(repr(self.filters.given).encode()).digest()[:6]


def chip(name: str, value: str) -> str:
    """A filter in words."""
    if name == "reviewed":
        return "reviewed" if value == "yes" else "not reviewed"
    if name == "trace":
        return f"trace {value[:8]}…"
    if name == "q":
        return f"explanation: “{value}”"
    if name == "metric":
        return f"metric: {value.partition(':')[0]}"
    if name in ("label", "feedback", "band", "coverage", "stratum"):
        value = value.replace("_", " ")
    return f"{_WORDS.get(name, name)}: {value}"


Text = Annotated[str, Query(max_length=_LONG, pattern=_TEXT)]


def _filters(  # noqa: PLR0917 - one argument a filter: this is how the description of the API knows them
    service: Annotated[Text, Query(description="Service that made the call.")] = "",
    environment: Annotated[Text, Query(description="Deployment environment of it.")] = "",
    model: Annotated[Text, Query(description="Model that was asked.")] = "",
    prompt: Annotated[Text, Query(description="Name of the prompt.")] = "",
    version: Annotated[Text, Query(description="Version of the prompt: named, or `fp:` and its fingerprint.")] = "",
    metric: Annotated[Text, Query(description="Has a result of this metric; `name:type` = of that type.")] = "",
    label: Annotated[
        Label, Query(description="How that result ended. Without a metric: fail = any result failed.")
    ] = "",
    band: Annotated[Band, Query(description="Risk band.")] = "",
    coverage: Annotated[Text, Query(description="Outcome of judging, such as judged, pending, over_budget.")] = "",
    stratum: Annotated[Text, Query(description="Why it was drawn for judging.")] = "",
    feedback: Annotated[
        Feedback, Query(description="A signal of users, or negative, positive, any, none.")
    ] = "",
    reviewed: Annotated[
        Reviewed, Query(description="Whether a person labelled it. With a label and no metric: as people said.")
    ] = "",
    source: Annotated[Source, Query(description="Default: online, that is traffic.")] = "",
    q: Annotated[Text, Query(description="Words in the explanation of a result.")] = "",
    trace: Annotated[
        str, Query(description="Trace id, 32 hexadecimal digits; the range does not count then.",
                   pattern=r"^([0-9a-fA-F]{32})?$")
    ] = "",
) -> Filters:  # fmt: skip
    return Filters(
        service=service, environment=environment, model=model, prompt=prompt, version=version, metric=metric,
        label=label, band=band, coverage=coverage, stratum=stratum, feedback=feedback,
        reviewed=reviewed, source="" if source == "online" else source, q=q.strip(),
        trace=trace.lower(),
    )  # fmt: skip


def _asked(filters: Annotated[Filters, Depends(_filters)], shown: InRange) -> Asked:
    return Asked(filters=filters, range=shown)


AskedFor = Annotated[Asked, Depends(_asked)]
"""Parameter of a route that lists calls."""
