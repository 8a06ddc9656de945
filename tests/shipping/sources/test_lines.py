"""A stream becomes the same lines, however it is cut into pieces."""

from __future__ import annotations

import doctest
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from usagelake.domain.json_lines import MAX_LINE_BYTES
from usagelake.shipping.sources import lines
from usagelake.shipping.sources.lines import LineSplitter

PIECES = st.lists(
    st.one_of(st.binary(max_size=30), st.sampled_from([b"\n", b"\r\n", b"ab\ncd", b"x" * 12, b"\x00", b""]))
)


def _split(pieces: list[bytes]) -> tuple[list[bytes], LineSplitter]:
    splitter = LineSplitter()
    found = [line for piece in pieces for line in splitter.feed(piece)]
    return found + splitter.end(), splitter


@given(PIECES)
def test_pieces_change_nothing(pieces: list[bytes]) -> None:
    """The lines are those of the whole stream, verbatim, cut at line feeds alone."""
    expected = b"".join(pieces).split(b"\n")
    assert _split(pieces)[0] == expected[:-1] + ([expected[-1]] if expected[-1] else [])


@given(PIECES)
def test_a_long_line_is_cut_and_its_rest_counted(pieces: list[bytes]) -> None:
    """One byte above the limit stays, so that it can be told; the lines around it are whole."""
    with patch.object(lines, "MAX_LINE_BYTES", 8):
        found, splitter = _split(pieces)
    whole = _split(pieces)[0]
    assert found == [line[:9] for line in whole]
    assert splitter.skipped == sum(max(0, len(line) - 9) for line in whole)


@given(PIECES)
def test_pending_is_what_stands_behind_the_last_line_feed(pieces: list[bytes]) -> None:
    """Also when some of it was skipped: a position is worked out from it."""
    with patch.object(lines, "MAX_LINE_BYTES", 8):
        splitter = LineSplitter()
        stream = b""
        for piece in pieces:
            splitter.feed(piece)
            stream += piece
            assert splitter.pending == len(stream) - (stream.rfind(b"\n") + 1)


def test_a_line_at_the_limit_is_whole() -> None:
    longest = b"x" * MAX_LINE_BYTES
    found, splitter = _split([longest, b"\n", longest, b"yz\n", b"next"])
    assert found == [longest, longest + b"y", b"next"]
    assert splitter.skipped == 1


def test_a_stream_without_line_feeds_takes_no_more_memory_than_a_line() -> None:
    splitter = LineSplitter()
    for _ in range(100):
        assert splitter.feed(b"x" * 100_000) == []
        assert len(splitter._begun) <= MAX_LINE_BYTES + 1
    assert splitter.pending == 10_000_000
    assert splitter.end() == [b"x" * (MAX_LINE_BYTES + 1)]
    assert splitter.end() == []


def test_the_example_of_the_docstring_holds() -> None:
    assert doctest.testmod(lines).failed == 0
