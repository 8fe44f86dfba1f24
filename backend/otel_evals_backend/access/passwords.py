"""Passwords: argon2id in a thread, a few at a time, since each takes 64 MiB and a tenth of a second."""

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

SHORTEST: Final = 12
LONGEST: Final = 256
"""Characters. Longer ones are refused before anything is computed."""
_AT_ONCE: Final = 2


class Passwords:
    """Hashes and verifies. One for the process."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """The hash to keep, with salt and parameters in it.

        Raises:
            ValueError: too short or too long; the text says so.
        """
        if not SHORTEST <= len(password) <= LONGEST:
            raise ValueError(f"a password has {SHORTEST} to {LONGEST} characters")
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, _bytes(password))

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether it is the password. Takes as long when there is none to compare with, so that nobody learns that."""
        if len(password) > LONGEST:
            return False
        if kept is None:
            if self._nobodys is None:
                self._nobodys = await self.hash("x" * SHORTEST)
            kept, known = self._nobodys, False
        else:
            known = True
        async with self._turn:
            right = await asyncio.to_thread(self._verify, kept, _bytes(password))
        return right and known

    def outdated(self, kept: str) -> bool:
        """Whether it was made with other parameters than today's: hash again, the password is at hand."""
        return self._hasher.check_needs_rehash(kept)

    def _verify(self, kept: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (Argon2Error, InvalidHashError):
            return False


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
