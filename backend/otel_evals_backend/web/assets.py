"""The files that pages load: under one address that changes when any of them does, so that browsers keep them for good.

`/static/<digest>/app.js`: modules import each other by relative names, so all of them share the digest. The files are
read once, and compressed once.
"""

import gzip
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Asset(msgspec.Struct, frozen=True):
    """One file, ready to be sent."""

    media_type: str
    body: bytes
    compressed: bytes


@cache
def assets() -> dict[str, Asset]:
    """Every file by its name."""
    return {
        file.name: Asset(_TYPES[file.suffix], body := file.read_bytes(), gzip.compress(body, 9, mtime=0))
        for file in sorted(_FOLDER.iterdir())
        if file.suffix in _TYPES
    }


@cache
def digest() -> str:
    """A short hash of all files."""
    summed = sha256()
    for name, asset in assets().items():
        summed.update(name.encode() + b"\x00" + asset.body)
    return summed.hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a file. Raises KeyError for one that does not exist: a page must not point to nothing."""
    if name not in assets():
        raise KeyError(f"no file {name} in web/static")
    return f"/static/{digest()}/{name}"
