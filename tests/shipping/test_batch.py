"""UUIDs of version 7."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from usagelake.shipping.batch import uuid7


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_a_uuid_has_its_time_its_version_and_its_variant(milliseconds: int, randomness: bytes) -> None:
    """RFC 9562, section 5.7; the vector of its appendix A.6 is the docstring's example."""
    made = uuid7(milliseconds, randomness)
    assert made.int >> 80 == milliseconds
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


@given(st.integers(0, 61) | st.integers(64, 75))
def test_each_of_74_bits_makes_another_uuid(bit: int) -> None:
    """No randomness is thrown away."""
    assert uuid7(0, (1 << bit).to_bytes(10, "big")) != uuid7(0, bytes(10))
