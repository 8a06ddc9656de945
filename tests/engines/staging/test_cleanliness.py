"""`Cleanliness`, fed in any chunks, says what a look at the whole bytes says."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usagelake.domain.json_lines import MAX_LINE_BYTES
from usagelake.engines.staging import cleanliness
from usagelake.engines.staging.cleanliness import Cleanliness

PIECES = (
    *(b"a", b"\n", b"\n\n", b'{"id":"a"}\n', b"\t ", b"\x7f", b"\x02"),
    *("é".encode(), "☃".encode(), "𝄞".encode(), b"\xef\xbb\xbf", "\ufffd".encode(), "\u2028".encode()),
    *(b"\r", b"\r\n", b"\x00", b"\x01"),
    *(b"\xff", b"\xc3", b"\xa9", b"\xe2\x98", b"\xf0\x9d\x84", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80"),
)
CLEAN_PIECES = PIECES[:13]


def _is_clean(data: bytes, limit: int = MAX_LINE_BYTES) -> bool:
    """Judge the bytes by the definition; a first byte 0xEF counts as a byte order mark, whatever follows."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return (
        not data.startswith(b"\xef")
        and not any(foreign in data for foreign in b"\r\x00\x01")
        and all(len(line) <= limit for line in data.split(b"\n"))
    )


def _judged(chunks: list[bytes]) -> bool:
    judge = Cleanliness()
    for chunk in chunks:
        judge.feed(chunk)
    return judge.close()


def _cut(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut the bytes; no chunk is empty, as no storage yields one."""
    ends = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(ends)]


def _texts(pieces: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    return st.lists(st.sampled_from(pieces), max_size=30).map(b"".join)


BYTES = st.one_of(
    st.binary(max_size=40), st.text(max_size=30).map(lambda text: text.encode()), _texts(PIECES), _texts(CLEAN_PIECES)
)
CUTS = st.lists(st.integers(0, 200), max_size=40)


@given(BYTES, CUTS)
def test_any_chunks_are_judged_as_the_whole(data: bytes, cuts: list[int]) -> None:
    assert _judged(_cut(data, cuts)) is _is_clean(data)


@given(_texts(CLEAN_PIECES), CUTS, st.integers(1, 12))
def test_lines_are_measured_across_chunks(data: bytes, cuts: list[int], limit: int) -> None:
    """With a limit of a few bytes, which lines reach, hit and exceed in every way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cleanliness, "MAX_LINE_BYTES", limit)
        judged = _judged(_cut(data, cuts))
    # It may be stricter than the definition (a line of the limit whose end comes later), never laxer.
    assert judged <= _is_clean(data, limit)
    assert judged >= _is_clean(data, limit - 1)


@given(_texts(CLEAN_PIECES))
def test_single_bytes_are_judged_as_the_whole(data: bytes) -> None:
    assert _judged([data[at : at + 1] for at in range(len(data))]) is _is_clean(data)


@pytest.mark.parametrize("data", [b"", b"\n", b"a", b'{"id":"a"}\n', "é\n".encode(), "\ufeff"[1:].encode()])
def test_clean(data: bytes) -> None:
    assert _judged([data])


@pytest.mark.parametrize(
    "data",
    [
        *(b"\xef\xbb\xbf{}\n", b"\xef", "\uf000".encode()),
        *(b"a\rb", b"a\r\n", b"a\x00", b"\x01"),
        *(b"\xff", "é".encode()[:1], b"a\n\xf0\x9d", b"\xed\xa0\x80", "é".encode("latin-1") + b"\n"),
    ],
)
def test_not_clean(data: bytes) -> None:
    assert not _judged([data])
    assert not _judged([data[at : at + 1] for at in range(len(data))])


def test_a_byte_order_mark_is_clean_where_it_is_none() -> None:
    assert _judged([b"a\xef\xbb\xbf\n"])


@pytest.mark.parametrize("chunk_bytes", [4 * 1024 * 1024, MAX_LINE_BYTES, MAX_LINE_BYTES - 1, 65_537])
@pytest.mark.parametrize(
    ("lines", "clean"),
    [
        ([MAX_LINE_BYTES - 1], True),
        ([MAX_LINE_BYTES - 1] * 3, True),
        ([10, MAX_LINE_BYTES - 1, 0, 10], True),
        ([MAX_LINE_BYTES + 1], False),
        ([10, MAX_LINE_BYTES + 1, 10], False),
        ([0, 0, MAX_LINE_BYTES * 5], False),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b""])
def test_the_limit_of_a_line(lines: list[int], clean: bool, chunk_bytes: int, end: bytes) -> None:
    """The real one, of 1 MiB."""
    data = b"\n".join(b"x" * size for size in lines) + end
    assert _judged([data[at : at + chunk_bytes] for at in range(0, len(data), chunk_bytes)]) is clean
