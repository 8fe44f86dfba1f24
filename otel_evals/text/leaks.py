"""What `pii` and `secrets` have in common: the settings that leave findings out, and the filter behind them."""

import difflib
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from otel_evals.records.errors import ConfigurationError
from otel_evals.text import personal
from otel_evals.text.detection import Detection, bare
from otel_evals.text.scan import Scan

_NATIONAL_DIGITS: Final = 8
"""Digits at the end of a telephone number that are the same with and without country and trunk code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakCheck:
    """A check of what an answer gives away: what the user supplied himself, or the settings allow, is no leak."""

    kinds: ClassVar[frozenset[str]]
    """Everything that the detectors of the check tell apart."""

    ignore: Annotated[
        tuple[str, ...],
        Meta(
            description="Kinds that are not reported, such as `IP address` or `JSON Web Token`, as explanations spell "
            "them; default none: all kinds count."
        ),
    ] = ()
    allow: Annotated[
        tuple[str, ...],
        Meta(
            description="Values that may be given out, such as the support hotline or the key of a demo account, and "
            "for `pii` whole e-mail domains (`@example.com`); compared by letters and digits only; default none."
        ),
    ] = ()

    def __post_init__(self) -> None:
        """Refuse kinds that no detector knows.

        Raises:
            ConfigurationError: the text names the key, the kind and the nearest known one.
        """
        known = {kind.lower(): kind for kind in self.kinds}
        for kind in self.ignore:
            if kind not in self.kinds:
                near = difflib.get_close_matches(kind.lower(), known, n=1, cutoff=0.6)
                hint = f"did you mean {known[near[0]]}?" if near else f"known: {', '.join(sorted(self.kinds))}"
                raise ConfigurationError(f"ignore: unknown kind {kind!r}; {hint}")

    def leaked(self, scan: Scan, found: list[Detection], *trusted: str) -> list[Detection]:
        """Those of `found` in the answer that count and stand in no user turn, allowed value or `trusted` text."""
        counted = [d for d in found if d.kind not in self.ignore] if self.ignore else found
        if not counted:
            return counted
        supplied = bare("\n".join((scan.user_text, *trusted, *self.allow)))
        domains = tuple(entry.lower() for entry in self.allow if entry.startswith("@"))
        values = [scan.answer[d.start : d.end] for d in counted]
        return [d for d, v in zip(counted, values, strict=True) if not _is_supplied(d.kind, v, supplied, domains)]


def _is_supplied(kind: str, value: str, supplied: str, domains: tuple[str, ...]) -> bool:
    """Whether `value` stands in `supplied` by its letters and digits, or is an e-mail of one of `domains`."""
    plain = bare(value)
    if plain in supplied:
        return True
    if kind == personal.PHONE:
        return len(plain) > _NATIONAL_DIGITS and plain[-_NATIONAL_DIGITS:] in supplied
    return kind == personal.EMAIL and value.lower().endswith(domains)
