"""Inflating: whole or refused, bounded while it grows."""

import gzip
import random
import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.receive.admission import Admission
from otel_evals.receive.compression import UnsupportedEncoding, check_encoding, inflate
from otel_evals.receive.settings import LimitSettings
from otel_evals.records.errors import DecodeError, TooLarge, Unavailable
from otel_evals.records.units import ByteSize
from otel_evals.testing.clock import ManualClock

LIMIT = 20 << 20


class Ledger:
    """A ticket that remembers the most it held."""

    def __init__(self) -> None:
        self.held = self.most = 0

    def grow(self, size: int) -> None:
        self.held += size
        self.most = max(self.most, self.held)

    def shrink(self, size: int) -> None:
        self.held -= size


def _raw_deflate(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(body) + compressor.flush()


def _checked_zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True, write_content_size=False).compress(body)


CODECS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "raw": _raw_deflate,
    "zstd": zstandard.ZstdCompressor().compress,
    "checked": _checked_zstd,
}
NAMES = {"raw": "deflate", "checked": "zstd"}


async def inflated(codec: str, body: bytes, limit: int = LIMIT) -> bytes:
    return await inflate(NAMES.get(codec, codec), body, limit=limit, ticket=Ledger())


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 9 << 20])
@pytest.mark.parametrize("kind", ["even", "random"])
async def test_every_codec_gives_back_what_went_in(codec, size, kind):
    body = b"a" * size if kind == "even" else random.Random(7).randbytes(size)  # noqa: S311 - not a secret
    ledger = Ledger()
    assert await inflate(NAMES.get(codec, codec), CODECS[codec](body), limit=LIMIT, ticket=ledger) == body
    assert ledger.held == size


@pytest.mark.parametrize("codec", CODECS)
async def test_exactly_the_limit_passes_and_one_byte_more_does_not(codec):
    compress = CODECS[codec]
    assert len(await inflated(codec, compress(b"x" * 5000), 5000)) == 5000
    with pytest.raises(TooLarge):
        await inflated(codec, compress(b"x" * 5001), 5000)


@pytest.mark.parametrize("codec", CODECS)
async def test_a_body_cut_anywhere_is_refused(codec):
    body = CODECS[codec](random.Random(3).randbytes(400))  # noqa: S311
    for end in range(len(body)):
        with pytest.raises(DecodeError):
            await inflated(codec, body[:end])


@pytest.mark.parametrize("codec", CODECS)
@given(seed=st.binary(max_size=40), rubbish=st.binary(min_size=1, max_size=8), flip=st.integers(0, 10_000))
async def test_a_damaged_body_is_refused_or_decoded_and_nothing_else_is_raised(codec, seed, rubbish, flip):
    body = bytearray(CODECS[codec](seed * 3))
    body[flip % len(body)] ^= 1 + flip % 255
    for damaged in (bytes(body), rubbish, CODECS[codec](seed) + rubbish):
        try:
            await inflated(codec, damaged, 10_000)
        except (DecodeError, TooLarge):
            continue


async def test_several_members_or_frames_are_one_body():
    parts = [b"one", b"", b"three" * 100_000]
    assert await inflated("gzip", b"".join(gzip.compress(part) for part in parts)) == b"".join(parts)
    zstd = zstandard.ZstdCompressor().compress
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00skip"
    assert await inflated("zstd", skippable + b"".join(zstd(part) for part in parts)) == b"".join(parts)


async def test_very_many_members_are_refused_instead_of_worked_through():
    with pytest.raises(DecodeError):
        await inflated("gzip", gzip.compress(b"") * 100_000)


@pytest.mark.parametrize("codec", CODECS)
async def test_a_bomb_is_refused_at_the_limit_and_holds_no_more_than_a_step_beyond(codec):
    bomb = CODECS[codec](b"\0" * (128 << 20))
    ledger = Ledger()
    with pytest.raises(TooLarge):
        await inflate(NAMES.get(codec, codec), bomb, limit=LIMIT, ticket=ledger)
    assert ledger.most <= LIMIT + (4 << 20)


async def test_what_is_inflated_counts_as_bytes_in_flight():
    settings = LimitSettings(in_flight_bytes=ByteSize(2 << 20), soft_mark=1.0)
    room = Admission(settings, ManualClock(), lambda: 0)
    with pytest.raises(Unavailable):
        await inflate("gzip", gzip.compress(b"\0" * (8 << 20)), limit=LIMIT, ticket=room.open())


async def test_a_window_that_claims_too_much_memory_is_refused():
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with pytest.raises(DecodeError):
        await inflated("zstd", compressor.compress(b"x") + compressor.flush())


@pytest.mark.parametrize("encoding", ["br", "gzip,gzip", "gzip, deflate", "snappy", "*"])
def test_other_encodings_are_unsupported(encoding):
    with pytest.raises(UnsupportedEncoding):
        check_encoding(encoding)


def test_the_name_of_an_encoding_has_no_case():
    assert check_encoding(" GZip ") == "gzip"
    assert check_encoding("identity") == check_encoding("") == ""
