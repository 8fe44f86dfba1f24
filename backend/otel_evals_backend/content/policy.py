"""What of a text may be stored: all of it, all but personal data and credentials, or nothing.

Called by `ingest` for everything that holds words of users, models or judges.
"""

from typing import Final

import msgspec

from otel_evals.forward.redaction import redact
from otel_evals.records.reading import Reading
from otel_evals_backend.content.readings import KeptReading, encode_reading
from otel_evals_backend.settings import ContentKept, ContentPolicy

_QUESTION: Final = 160
"""Characters of a question that lists show."""


class Policy:
    """The policy in force."""

    def __init__(self, kept: ContentKept) -> None:
        self._policy = kept.policy
        self._encrypts = kept.key is not None

    @property
    def keeps_content(self) -> bool:
        """Whether anything of what was said is kept."""
        return self._policy is not ContentPolicy.NONE

    @property
    def keeps_questions(self) -> bool:
        """Whether lists show how a question begins: they are not encrypted, so not where content is."""
        return self.keeps_content and not self._encrypts

    def reading(self, kept: KeptReading) -> KeptReading | None:
        """What may be stored of a reading."""
        if self._policy is ContentPolicy.FULL:
            return kept
        if self._policy is ContentPolicy.NONE:
            return None
        return msgspec.structs.replace(kept, reading=_redacted(kept.reading))

    def explanation(self, text: str | None) -> str | None:
        """What may be stored of an evaluator's sentence: no content by itself, but a judge may quote."""
        return text if text is None or self._policy is ContentPolicy.FULL else redact(text)

    def words(self, text: str | None) -> str | None:
        """What may be stored of a user's own words, such as a comment."""
        if text is None or self._policy is ContentPolicy.NONE:
            return None
        return text if self._policy is ContentPolicy.FULL else redact(text)

    def question(self, text: str | None) -> str | None:
        """The beginning of a question, for lists; None where content is encrypted, since lists are not."""
        if not text or not self.keeps_questions:
            return None
        # A word that is cut in two could not be recognised: redaction sees more than lists show.
        shown = text[: 4 * _QUESTION]
        if self._policy is ContentPolicy.REDACTED:
            shown = redact(shown)
        shown = " ".join(shown.split())
        return shown if len(shown) <= _QUESTION else f"{shown[: _QUESTION - 1]}…"


def _redacted(reading: Reading) -> Reading:
    """A reading without personal data and credentials: redaction edits JSON inside its strings."""
    text = encode_reading(reading).decode()
    clean = redact(text)
    return reading if clean is text else msgspec.json.decode(clean, type=Reading)
