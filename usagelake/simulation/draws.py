"""Draws from a seeded generator, many at a time: numbers, identifiers, heavy-tailed values.

Only integers and the generator's own bits are used, never `math`: the same seed gives the same bytes
on every platform.
"""

from __future__ import annotations

import base64
import random
import struct
from math import isqrt

_UUID_COLUMNS = (*range(8), *range(9, 13), *range(14, 18), *range(19, 23), *range(24, 36))
_UUID_WIDTH = 37
_UUID_DIGITS = 32
_VERSION_COLUMN = 14
_VARIANT_COLUMN = 19
_TO_VARIANT = bytes.maketrans(b"0123456789abcdef", b"89ab89ab89ab89ab")
_EXTENDED_ID_WIDTH = 16


def seeded(seed: int, purpose: str) -> random.Random:
    """Return the generator for one purpose, independent of those for all other purposes.

    Args:
        seed: The simulation's seed.
        purpose: What is drawn, for example ``"billing_events/traffic"``.

    Returns:
        A generator that gives the same numbers for the same arguments, whatever Python's hash seed is.
    """
    return random.Random(f"{seed}/{purpose}")  # noqa: S311 - seeded on purpose: nothing here is a secret


def unsigned16(rng: random.Random, count: int) -> tuple[int, ...]:
    """Return `count` uniform integers from 0 to 65,535."""
    return struct.unpack(f"<{count}H", rng.randbytes(2 * count))


def unsigned32(rng: random.Random, count: int) -> tuple[int, ...]:
    """Return `count` uniform integers from 0 to 2^32 - 1."""
    return struct.unpack(f"<{count}I", rng.randbytes(4 * count))


def uuids(rng: random.Random, count: int) -> list[str]:
    """Return `count` UUIDs of version 4, written column by column because that is ten times faster."""
    digits = rng.randbytes(16 * count).hex().encode("ascii")
    text = bytearray(b"00000000-0000-4000-8000-000000000000\n") * count
    for digit, column in enumerate(_UUID_COLUMNS):
        if column == _VERSION_COLUMN:
            continue
        drawn = digits[digit::_UUID_DIGITS]
        text[column::_UUID_WIDTH] = drawn.translate(_TO_VARIANT) if column == _VARIANT_COLUMN else drawn
    return text.decode("ascii").split("\n")[:count]


def uuid7(rng: random.Random, epoch_ms: int) -> str:
    """Return a UUID of version 7 for an instant in milliseconds (RFC 9562, section 5.7)."""
    bits = epoch_ms << 80 | 0x7 << 76 | rng.getrandbits(12) << 64 | 0b10 << 62 | rng.getrandbits(62)
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def extended_request_ids(rng: random.Random, count: int) -> list[str]:
    """Return `count` ids as API Gateway writes them: 15 base64 characters and an equals sign."""
    text = bytearray(base64.b64encode(rng.randbytes(12 * count)))
    text[_EXTENDED_ID_WIDTH - 1 :: _EXTENDED_ID_WIDTH] = b"=" * count
    ids = text.decode("ascii")
    return [ids[at : at + _EXTENDED_ID_WIDTH] for at in range(0, len(ids), _EXTENDED_ID_WIDTH)]


def zipf_weights(count: int) -> list[int]:
    """Return the weights 1, 1/2, 1/3 … of `count` ranks, scaled to integers.

    >>> zipf_weights(3)
    [1000000, 500000, 333333]
    """
    return [1_000_000 // rank for rank in range(1, count + 1)]


def pareto_value(rng: random.Random, least: int, most: int, *, shape: int = 2) -> int:
    """Return one integer from `least` to `most` with a Pareto tail, by inverse transform in integers.

    Args:
        rng: Draws the value.
        least: The smallest value; with shape 2 the median is 1.4 times as large, with shape 1 twice.
        most: Larger values are cut to this.
        shape: 2 for a heavy tail, 1 for a heavier one.
    """
    drawn = 1 + rng.getrandbits(16)
    return min(most, (least << 16) // (isqrt(drawn << 16) if shape > 1 else drawn))


def table(weights: dict[int, int], size: int) -> list[int]:
    """Return a list of `size` entries in which each key stands in proportion to its weight.

    >>> table({7: 3, 9: 1}, 4)
    [7, 7, 7, 9]
    """
    total = sum(weights.values())
    entries: list[int] = []
    weighed = 0
    for value, weight in weights.items():
        weighed += weight
        entries += [value] * (size * weighed // total - len(entries))
    return entries
