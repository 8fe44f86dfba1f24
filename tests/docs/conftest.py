"""The documentation as blocks of code and links, with the line that each begins at."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COPIED = re.compile(r"<!-- file: \S+ -->\n.*?<!-- end -->\n", re.DOTALL)


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    """The blocks of these languages on all pages, without the ones that are copies of files."""
    found: list[Block] = []
    for page in PAGES:
        text = _COPIED.sub(lambda m: "\n" * m[0].count("\n"), page.read_text(encoding="utf-8"))
        found += [
            Block(page.name, text.count("\n", 0, match.start()) + 1, match[1], match[2])
            for match in _FENCE.finditer(text)
            if match[1] in languages
        ]
    return found
