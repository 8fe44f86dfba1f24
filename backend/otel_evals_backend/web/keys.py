"""The key table: the one place that says which key does what.

The handlers in `static/app.js`, the hints on the controls and the sheet behind `?` are made from it. A page offers a
group of keys by `{% set keys = ["lists"] %}` at its top; `everywhere` is always there. An action is

- `go:/path`: leads there · `focus:SELECTOR`: puts the cursor there · `click:SELECTOR`: presses what is there ·
- a word: a function that a module of the page registers by `on("word", function)` of `app.js`.
"""

from typing import Final

import msgspec


class Key(msgspec.Struct, frozen=True):
    """One row of the table."""

    keys: str
    """As pressed; two after each other are divided by a blank. `,` divides alternatives."""
    action: str
    says: str


KEYS: Final[dict[str, tuple[Key, ...]]] = {
    "everywhere": (
        Key("g o", "go:/", "Overview"),
        Key("g e", "go:/evaluations", "Evaluations"),
        Key("g r", "go:/review", "Review"),
        Key("g q", "go:/slices", "Quality"),
        Key("g s", "go:/settings", "Settings"),
        Key("/", "focus:[data-search]", "Search"),
        Key("t", "theme", "Light or dark"),
        Key("?", "help", "This sheet"),
        Key("Escape", "back", "Back, close, or leave a field"),
    ),
    "lists": (
        Key("j,ArrowDown", "list-next", "Next row"),
        Key("k,ArrowUp", "list-previous", "Previous row"),
        Key("Enter", "list-open", "Open the row"),
        Key("f", "focus:[data-filter]", "Filter"),
        Key("[", "click:[rel=prev]", "Page before"),
        Key("]", "click:[rel=next]", "Next page"),
        Key("v", "click:[data-save-view]", "Save this view"),
    ),
    "span": (
        Key("j", "click:[rel=next]", "Next of the list"),
        Key("k", "click:[rel=prev]", "Previous of the list"),
        Key("d", "click:[data-documents] > summary", "Documents"),
        Key("o", "click:[data-tools] > summary", "Tool calls"),
        Key("m", "click:[data-markdown]", "Markdown or plain"),
        Key("c", "click:[data-case]", "Make it a case"),
        Key("y", "copy-link", "Copy the link"),
    ),
    "review": (
        Key("p", "click:[data-verdict=pass]", "Pass"),
        Key("f", "click:[data-verdict=fail]", "Fail"),
        Key("u", "click:[data-verdict=unsure]", "Unsure"),
        Key("1…9", "reason", "Reasons, on and off"),
        Key("n", "focus:[name=note]", "Note"),
        Key("e", "focus:[name=corrected]", "Corrected answer"),
        Key("b", "click:[data-expected] > summary", "Expected behaviour"),
        Key("x", "click:[data-flag]", "Flag"),
        Key("s", "click:[data-skip]", "Skip"),
        Key("Ctrl+Enter", "submit", "Submit, from a field"),
        Key("Enter", "next", "Next, after the reveal"),
        Key("z", "click:[data-second]", "Second thought"),
        Key("c", "click:[data-case]", "Make it a case, after the reveal"),
        Key("d", "click:[data-documents] > summary", "Documents"),
        Key("o", "click:[data-tools] > summary", "Tool calls"),
        Key("m", "click:[data-markdown]", "Markdown or plain"),
    ),
    "charts": (
        Key("←, →", "", "Day before, next day"),
        Key("PageUp, PageDown", "", "A week"),
        Key("Home, End", "", "First, last"),
        Key("Enter", "", "Evaluations of that day"),
    ),
}
TITLES: Final = {
    "everywhere": "Everywhere",
    "lists": "Lists",
    "span": "One evaluation",
    "review": "Review",
    "charts": "On the slider of a chart",
}
