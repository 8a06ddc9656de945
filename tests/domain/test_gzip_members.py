"""Decompressing in pieces: whole files come out whole, damaged ones as far as they can be read."""

from __future__ import annotations

import gzip
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.domain.gzip_members import GzipDamagedError, gunzip_chunks

TEXT = b"".join(b'{"id":"%d","quantity":%d}\n' % (number, number * number) for number in range(500))


def _read(chunks: list[bytes]) -> tuple[bytes, bool]:
    """Return what could be read, and whether the object was damaged."""
    read = b""
    try:
        for chunk in gunzip_chunks(chunks):
            read += chunk
    except GzipDamagedError:
        return read, True
    return read, False


def _cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("level", [0, 1, 9])
@pytest.mark.parametrize("size", [1, 7, 4096, 1 << 20])
def test_a_whole_file_is_read(level: int, size: int) -> None:
    """Every way to compress and to cut gives the same bytes."""
    assert _read(_cut(gzip.compress(TEXT, level), size)) == (TEXT, False)


@pytest.mark.parametrize("padding", [b"", b"\0", b"\0" * 10_000])
@pytest.mark.parametrize("size", [1, 4096, 1 << 20])
def test_members_and_padding(padding: bytes, size: int) -> None:
    """Members follow each other, and zeros behind a member are padding."""
    packed = gzip.compress(b"one") + padding + gzip.compress(b"") + gzip.compress(b"two") + padding
    assert _read(_cut(packed, size)) == (b"onetwo", False)


@pytest.mark.parametrize(
    ("packed", "read"),
    [
        pytest.param(b"", b"", id="no byte"),
        pytest.param(b"\x1f", b"", id="half a header"),
        pytest.param(b"\0" * 20, b"", id="zeros alone"),
        pytest.param(b"\0" + gzip.compress(b"one"), b"", id="zeros in front"),
        pytest.param(b"plain text", b"", id="no gzip"),
        pytest.param(zlib.compress(b"one"), b"", id="zlib's own format"),
        pytest.param(gzip.compress(b"one")[:-1], b"one", id="a byte short"),
        pytest.param(gzip.compress(b"one") + b"two", b"one", id="other bytes behind"),
        pytest.param(gzip.compress(b"one") + b"\0\0\x1f\x8b", b"one", id="another member cut short"),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_damage_is_told_after_what_could_be_read(packed: bytes, read: bytes, size: int) -> None:
    """The error comes last."""
    assert _read(_cut(packed, size)) == (read, True)


@pytest.mark.parametrize("at", [10, 100, 500, 1500])
def test_a_wrong_checksum_or_byte_is_damage(at: int) -> None:
    """A flipped byte is found, and everything before it is read."""
    packed = bytearray(gzip.compress(TEXT, 6))
    packed[at] ^= 0x55
    read, damaged = _read([bytes(packed)])
    assert damaged
    packed[at] ^= 0x55
    assert TEXT.startswith(_read([bytes(packed[:at])])[0])
    assert read[: len(_read([bytes(packed[: at - 1])])[0])] == _read([bytes(packed[: at - 1])])[0]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 9000))
def test_what_can_be_read_does_not_depend_on_the_chunks(seed: int, size: int) -> None:
    """Damage stops reading at one byte, wherever chunks are cut."""
    rng = random.Random(seed)
    content = TEXT[: rng.randrange(len(TEXT))]
    packed = bytearray(gzip.compress(content, rng.choice([1, 6, 9])))
    for _ in range(rng.randrange(3)):
        packed[rng.randrange(len(packed))] ^= 1 << rng.randrange(8)
    del packed[len(packed) - rng.choice([0, 0, rng.randrange(len(packed))]) :]
    assert _read(_cut(bytes(packed), size)) == _read(_cut(bytes(packed), 1))


def test_a_bomb_comes_in_pieces() -> None:
    """What expands a thousand times does not come at once."""
    packed = gzip.compress(b"\0" * 50_000_000)
    sizes = [len(chunk) for chunk in gunzip_chunks([packed])]
    assert sum(sizes) == 50_000_000
    assert max(sizes) < 5_000_000
