"""The fingerprint of a line, as any engine computes it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.domain.content_hash import content_hash


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0xD41D8CD98F00B20),  # MD5 d41d8cd98f00b204e9800998ecf8427e (RFC 1321)
        ("a", 0x0CC175B9C0F1B6A),  # MD5 0cc175b9c0f1b6a831c399e269772661 (RFC 1321)
        ("é", 0x66DDCD97CFDEABB),  # of the bytes C3 A9
    ],
)
def test_the_first_sixty_bits_of_md5(text: str, expected: int) -> None:
    """Fifteen hexadecimal digits, leading zeros included."""
    assert content_hash(text) == expected


@settings(deadline=None)
@given(st.text())
def test_it_fits_a_bigint(text: str) -> None:
    """Every engine has a signed 64-bit column for it."""
    assert 0 <= content_hash(text) < 2**60
