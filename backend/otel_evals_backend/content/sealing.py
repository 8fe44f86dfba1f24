"""Compresses what is stored, and encrypts it when there is a key.

AES-256-GCM; a sealed body begins with the mark of its key, so that keys can be changed: the first key of the setting
seals, all of them open. A body is bound to its span and part, so that rows cannot be exchanged unseen.
"""

import base64
import binascii
import os
from hashlib import sha256
from typing import Final

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from otel_evals.records.errors import ConfigurationError
from otel_evals_backend.content.readings import KeptReading, decode, encode
from otel_evals_backend.settings import ContentKept

_KEY: Final = 32
_MARK: Final = 4
_NONCE: Final = 12
_SEALED: Final = "sealed:"
"""How an encrypted text begins."""
_LARGEST: Final = 64 << 20
"""Bytes that a stored body may have: what we wrote is smaller, a damaged row may claim anything."""


class Sealer:
    """Seals and opens readings with the keys of the settings.

    Raises:
        ConfigurationError: a key cannot be read.
    """

    def __init__(self, kept: ContentKept) -> None:
        self._compressor = zstandard.ZstdCompressor(level=3)
        self._decompressor = zstandard.ZstdDecompressor()
        keys = [] if kept.key is None else [_key(text) for text in kept.key.reveal().split(",")]
        self._keys = {sha256(b"otel-evals content key" + key).digest()[:_MARK]: AESGCM(key) for key in keys}

    @property
    def encrypts(self) -> bool:
        """Whether there is a key."""
        return bool(self._keys)

    def seal(self, span: bytes, part: int, kept: KeptReading) -> bytes:
        """The stored form of a reading."""
        return self._seal(_place(span, part), encode(kept))

    def open(self, span: bytes, part: int, body: bytes, *, encrypted: bool) -> KeptReading | None:
        """The reading; None when its key is not here any more, or the row was tampered with or damaged."""
        found = self._open(_place(span, part), body, encrypted=encrypted)
        return None if found is None else decode(found)

    def seal_text(self, place: str, text: str) -> str:
        """`text` for a column of text: as it is without a key, else encrypted, bound to `place`, in base64."""
        if not self._keys:
            return text
        return _SEALED + base64.b64encode(self._seal(place.encode(), text.encode("utf-8", "surrogatepass"))).decode()

    def open_text(self, place: str, stored: str) -> str | None:
        """What `seal_text` was given; None when its key is not here any more, or the row was tampered with."""
        if not stored.startswith(_SEALED):
            return stored
        try:
            body = base64.b64decode(stored[len(_SEALED) :], validate=True)
        except binascii.Error:
            return None
        found = self._open(place.encode(), body, encrypted=True)
        return None if found is None else found.decode("utf-8", "surrogatepass")

    def _seal(self, place: bytes, plain: bytes) -> bytes:
        body = self._compressor.compress(plain)
        for mark, cipher in self._keys.items():
            nonce = os.urandom(_NONCE)
            return mark + nonce + cipher.encrypt(nonce, body, place)
        return body

    def _open(self, place: bytes, body: bytes, *, encrypted: bool) -> bytes | None:
        if encrypted:
            cipher = self._keys.get(body[:_MARK])
            if cipher is None:
                return None
            nonce = body[_MARK : _MARK + _NONCE]
            try:
                body = cipher.decrypt(nonce, body[_MARK + _NONCE :], place)
            except (InvalidTag, ValueError):
                return None
        try:
            return self._decompressor.decompress(body, max_output_size=_LARGEST)
        except zstandard.ZstdError:
            return None


def _place(span: bytes, part: int) -> bytes:
    return span + part.to_bytes(8, "big", signed=True)


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip().translate(str.maketrans("-_", "+/")), validate=True)
    except binascii.Error as error:
        raise ConfigurationError("backend.content.key: not base64; make one with `openssl rand -base64 32`") from error
    if len(key) != _KEY:
        raise ConfigurationError(
            f"backend.content.key: {len(key)} bytes instead of {_KEY}; make one with `openssl rand -base64 32`"
        )
    return key
