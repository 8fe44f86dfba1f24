"""Typed values of the configuration: durations, byte sizes, secrets.

A settings class is a frozen keyword-only `msgspec.Struct`, each field an `Annotated` type whose `Meta(description=…)`
says unit, default and why; `config` composes them into one tree and decodes YAML through `decode_unit`.
"""

import re
from typing import Any, Final

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, None: 1.0}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|kB|KB|KiB|MB|MiB|GB|GiB)?")
_BYTES: Final = {
    "B": 1, "kB": 1000, "KB": 1000, "MB": 1000**2, "GB": 1000**3,
    "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, None: 1,
}  # fmt: skip


class Duration(float):
    """Seconds. Written in YAML as `500ms`, `5s`, `2m`, `1h`, `7d`, or a bare number of seconds."""

    __slots__ = ()

    @classmethod
    def parse(cls, value: object) -> "Duration":
        """The duration that a configuration value stands for; ValueError says which forms there are."""
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            return cls(value)
        if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
            return cls(float(match[1]) * _SECONDS[match[2]])
        raise ValueError(f"not a duration: {value!r} (write 500ms, 5s, 2m, 1h or a number of seconds)")


class ByteSize(int):
    """Bytes. Written in YAML as `64kB`, `4MiB`, `1GiB`, or a bare number of bytes."""

    __slots__ = ()

    @classmethod
    def parse(cls, value: object) -> "ByteSize":
        """The size that a configuration value stands for; ValueError says which forms there are."""
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return cls(value)
        if isinstance(value, str) and (match := _SIZE.fullmatch(value.strip())):
            return cls(float(match[1]) * _BYTES[match[2]])
        raise ValueError(f"not a size: {value!r} (write 64kB, 4MiB, 1GiB or a number of bytes)")


class Secret:
    """A credential. It prints as `***` wherever it may end up; `reveal()` is called at the door that needs it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The credential itself."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def decode_unit(kind: type, value: object) -> Any:
    """`dec_hook` of the settings tree: turns a YAML value into a Duration, ByteSize or Secret."""
    if kind is Duration:
        return Duration.parse(value)
    if kind is ByteSize:
        return ByteSize.parse(value)
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError(f"cannot read {value!r} as {kind.__name__}")
