"""The one number that decides over a span: a keyed hash of its trace, the same on every replica, replay and backend.

All rules compare the same number, so that a higher rate selects everything that a lower one does (permanent random
numbers), and the probability of a union of rules is exactly the largest of their rates. All spans of a trace share it:
they are judged, or not, together.

The definition, for other implementations:

    digest  = SHA-256( UTF-8(salt) || 00 || UTF-8(phase) || 00 || trace id, 16 bytes )
    uniform = (first 8 bytes of digest, big-endian, shifted right by 11 bits) / 2^53

Golden vector: trace id 0123456789abcdef0123456789abcdef, salt `otel-evals`:

    phase `judge`   5119472094777569 / 2^53 = 0.5683755793548039
    phase `human`   1310473265821001 / 2^53 = 0.14549175928701985
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Final

JUDGE: Final = "judge"
"""The phase in which spans are chosen for judges; any other name draws independent numbers."""
_UNIT: Final = 2.0**-53


def uniform(trace_id: bytes, salt: str, phase: str = JUDGE) -> float:
    """The number in [0, 1) of a trace in a phase. Raises ValueError for a salt or phase that holds a NUL."""
    return uniforms(salt, phase)(trace_id)


def uniforms(salt: str, phase: str = JUDGE) -> Callable[[bytes], float]:
    """`uniform` with salt and phase filled in, for many traces. Raises ValueError as `uniform` does."""
    if "\0" in salt or "\0" in phase:
        raise ValueError("a salt or phase cannot hold a NUL: it ends them in what is hashed")
    key = f"{salt}\0{phase}\0".encode()

    def number(trace_id: bytes) -> float:
        return (int.from_bytes(sha256(key + trace_id).digest()[:8], "big") >> 11) * _UNIT

    return number
