"""Keeps what is judged from being read as what is asked: cleans strangers' text and puts it between fences.

What holds for whatever a stranger writes, and is what `question` builds on:

- The fence characters ⟦ and ⟧ and the nonce stand in our own lines only.
- Each line of a stranger's text begins with `| `, so that no line of it can be one of ours.
- Nothing invisible is left, and no token that a chat template would take for the start or end of a turn.
"""

import re
from collections.abc import Callable
from typing import Final

from otel_evals.text.fold import well_formed

QUOTE: Final = "| "
"""What each line of a stranger's text begins with."""
HIDDEN: Final = "[…]"
"""What stands where the nonce stood."""

_NONCE: Final = re.compile(r"[A-Za-z0-9]{8,64}")
_LINE_ENDS: Final = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f"  # control characters
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # fillers and joiners that show nothing
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # zero width, direction
    "\ufe00-\ufe0f\U000e0000-\U000e0fff"  # variation selectors and tags, in which whole messages can be hidden
    "\U0001d173-\U0001d17a]"
)
_TURN_TOKEN: Final = re.compile(
    r"<(?=[|\uff5c\u2502]|<?/?(?:s|bos|eos|pad|unk|think|tool_calls?|tool_response|start_of_turn|end_of_turn|system|user"
    r"|assistant|human|instructions?|sys)>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|THINK)\])",
    re.IGNORECASE,
)
"""How turns begin and end in the chat templates of open models: a server may read them in any text."""
_LIKE_FENCES: Final = {"\u27e6": "[[", "\u27e7": "]]", "\u301a": "[[", "\u301b": "]]"}
"""Ours, and those that look like them."""
_FENCES: Final = str.maketrans(_LIKE_FENCES)
_NAME_LENGTH: Final = 80
MARGIN: Final = 16_384
"""Characters beyond what can be shown that are redacted with it: more than any credential or address has."""


def check_nonce(nonce: str) -> str:
    """`nonce`. Raises ValueError unless it has 8 to 64 letters and digits: a shorter one can be met by chance."""
    if not _NONCE.fullmatch(nonce):
        raise ValueError("a nonce has 8 to 64 ASCII letters and digits")
    return nonce


def visible(text: str) -> str:
    """`text` well formed, with a newline for every line end and without characters that show nothing."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return _INVISIBLE.sub("", _LINE_ENDS.sub("\n", well_formed(text)))


class Cleaner:
    """Makes strangers' text fit for a fence: visible, redacted, and without anything that could be ours."""

    def __init__(self, nonce: str, redact: Callable[[str], str], reach: int) -> None:
        self.reach = reach
        """Characters of either end of a text that may be shown."""
        self._nonce = nonce.casefold()
        self._nonces = re.compile(re.escape(nonce), re.IGNORECASE)
        self._redact = redact
        self._known: dict[str, str] = {}

    def ends(self, text: str, shown: int | None = None) -> tuple[str, int, str]:
        """`text`, cleaned, or its two ends with the number of characters between them.

        `shown`: characters of either end that may be shown, where that is less than of any text.

        Only what can be shown is cleaned, and a margin that is then dropped: what the slice went through, such as half
        of an address that redaction cannot know, lies in the margin.
        """
        slice_ = (self.reach if shown is None else shown) + MARGIN
        if len(text) <= 2 * slice_:
            return self.text(text), 0, ""
        head, tail = self.text(text[:slice_])[:-MARGIN], self.text(text[-slice_:])[MARGIN:]
        return head, len(text) - len(head) - len(tail), tail

    def text(self, text: str) -> str:
        """`text`, cleaned; its lines are not yet quoted.

        Redaction comes after the invisible characters are gone, which would hide an address from it, and before
        anything is cut, which would leave half of one.
        """
        cleaned = self._known.get(text)
        if cleaned is None:  # a case that is too long is laid out twice, and redaction is the dearest part of it
            cleaned = self._known[text] = self._cleaned(text)
        return cleaned

    def _cleaned(self, text: str) -> str:
        bare = visible(text)
        shown = self._redact(bare)
        if shown != bare:
            shown = visible(shown)
        # Most texts hold none of these; to look for one character is far quicker than to look for a pattern.
        if "<" in shown or "[" in shown:
            shown = _TURN_TOKEN.sub(r"\g<0> ", shown)
        if not shown.isascii():
            shown = shown.translate(_FENCES) if any(fence in shown for fence in _LIKE_FENCES) else shown
        return self._nonces.sub(HIDDEN, shown) if self._nonce in shown.casefold() else shown

    def name(self, text: str) -> str:
        """`text` as a name between double quotes in one of our lines: one line, at most 80 characters."""
        slice_ = _NAME_LENGTH + MARGIN
        shown = self.text(text) if len(text) <= slice_ else self.text(text[:slice_])[:-MARGIN] + "…"
        line = " ".join(shown.replace('"', "'").split())
        return f'"{line if len(line) <= _NAME_LENGTH else line[: _NAME_LENGTH - 1] + "…"}"'


def left_out(characters: int) -> str:
    """Our own line where `characters` are missing."""
    return f"[… {characters} characters left out …]"


def quoted(text: str) -> str:
    """Cleaned `text` with each line as a quotation."""
    return QUOTE + text.replace("\n", "\n" + QUOTE)


def fenced(name: str, nonce: str, body: str) -> str:
    """`body`, of quoted lines and lines of our own, between its fences."""
    return f"⟦BEGIN {name} {nonce}⟧\n{body}\n⟦END {name} {nonce}⟧"
