"""Splitting an object into lines: the rules of docs/contracts.md, one by one, and wherever chunks are cut."""

from __future__ import annotations

import gzip
import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.domain.json_lines import MAX_LINE_BYTES, MAX_OPENING_BRACKETS, Line, read_object, split_lines
from usagelake.domain.quarantine import MAX_TEXT_BYTES, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD = [
    pytest.param(b"", [], id="no bytes"),
    pytest.param(b"\n\r\n \t\r\n", [], id="blank lines only"),
    pytest.param(b"{}", ["{}"], id="no line feed at the end"),
    pytest.param(b"{}\n[]\n", ["{}", "[]"], id="two lines"),
    pytest.param(b"{}\r\n[]\r\n", ["{}", "[]"], id="CR LF"),
    pytest.param(b" \t{}\r \n", ["{}"], id="white space around"),
    pytest.param(b"\x0b{}\x0c\n", ["\x0b{}\x0c"], id="other white space stays"),
    pytest.param('\u00a0{}\u2028"\u0085"\n'.encode(), ['\u00a0{}\u2028"\u0085"'], id="Unicode's stays too"),
    pytest.param(b'{"a":\r1}\r{"b":2}\n', ['{"a":\r1}', '{"b":2}'], id="a bare CR splits nothing but a joint"),
    pytest.param(b"\xef\xbb\xbf{}\n", ["{}"], id="byte order mark"),
    pytest.param(b"\xef\xbb\xbf\n{}", ["{}"], id="byte order mark on a blank line"),
    pytest.param(b"\xef\xbb\xbf", [], id="byte order mark alone"),
    pytest.param(b"\xef\xbb\xbf\xef\xbb\xbf{}\n", ["\ufeff{}"], id="only the first byte order mark is dropped"),
    pytest.param(b"{}\n\xef\xbb\xbf{}\n", ["{}", "\ufeff{}"], id="only at the object's start"),
    pytest.param(b'{"a":1}{"b":2}\n', ['{"a":1}', '{"b":2}'], id="joined"),
    pytest.param(b'{"a":1} \t\r {"b":2}{}\n', ['{"a":1}', '{"b":2}', "{}"], id="joined with white space"),
    pytest.param(b'{"a":"}{"}\n', ['{"a":"}{"}'], id="a joint within a string of valid JSON"),
    pytest.param(b'{"a":"}{"}{}\n', ['{"a":"}', '{"}', "{}"], id="a joint within a string of a joined line"),
    pytest.param(b'{"a":1}x{"b":2}\n', ['{"a":1}x{"b":2}'], id="a letter is no joint"),
    pytest.param(b"}{}{\n", ["}", "{}", "{"], id="joints alone"),
    pytest.param(b"[{}][{}]\n", ["[{}][{}]"], id="arrays are not parted"),
    pytest.param(b"{} 17 {}", ["{} 17 {}"], id="nor are numbers"),
    pytest.param(b"garbage\n", ["garbage"], id="what is no JSON goes to its source"),
]


@pytest.mark.parametrize(("data", "texts"), GOOD)
def test_lines_are_split(data: bytes, texts: list[str]) -> None:
    """Each rule of the contract, by the bytes that need it."""
    assert list(split_lines(data)) == [Line(text) for text in texts]


BAD = [
    pytest.param(b"\xff", "\ufffd", Reason.NOT_UTF8, id="a wrong byte"),
    pytest.param(b" \xc3\r", "\ufffd", Reason.NOT_UTF8, id="half a character"),
    pytest.param(b"{}{\xff}", "{}{\ufffd}", Reason.NOT_UTF8, id="one line, though joined"),
    pytest.param(b"\xed\xa0\x80", "\ufffd\ufffd\ufffd", Reason.NOT_UTF8, id="a surrogate"),
    pytest.param(b"\xef\xbb", "\ufffd", Reason.NOT_UTF8, id="half a byte order mark"),
    pytest.param(b"x" * (MAX_LINE_BYTES + 1), "x" * MAX_TEXT_BYTES, Reason.LINE_TOO_LONG, id="a byte too long"),
    pytest.param(
        b"\xff" * (MAX_LINE_BYTES + 1),
        "\ufffd" * (MAX_TEXT_BYTES // 3),
        Reason.LINE_TOO_LONG,
        id="too long is judged before UTF-8",
    ),
    pytest.param(
        b"x" + "é".encode() * MAX_LINE_BYTES,
        "x" + "é" * (MAX_TEXT_BYTES // 2 - 1),
        Reason.LINE_TOO_LONG,
        id="cut between characters",
    ),
    pytest.param(
        b"{} " + b" " * MAX_LINE_BYTES + b"{}",
        "{} " + " " * (MAX_TEXT_BYTES - 3),
        Reason.LINE_TOO_LONG,
        id="too long is judged before joints",
    ),
]


@pytest.mark.parametrize(("piece", "text", "reason"), BAD)
@pytest.mark.parametrize("chunk", [1 << 30, 100_003])
def test_a_bad_piece_is_one_line_with_its_reason(piece: bytes, text: str, reason: Reason, chunk: int) -> None:
    """A piece that is no text is one bad line, and its neighbours are whole."""
    data = b"{}\n" + piece + b"\r\n[]" if not piece.startswith(b"\xef") else piece + b"\n[]"
    chunks = [data[start : start + chunk] for start in range(0, len(data), chunk)]
    before = [Line("{}")] if data.startswith(b"{}\n") else []
    assert list(split_lines(chunks)) == [*before, Line(text, reason), Line("[]")]


@pytest.mark.parametrize("ends", [b"", b" " * 2_000_000 + b"\n", b"\r\n{}"])
@pytest.mark.parametrize("start", [b"", b"\t" * 3_000_000])
def test_the_longest_line_is_measured_without_the_space_around_it(start: bytes, ends: bytes) -> None:
    """A mebibyte is a line, whatever white space stands around it."""
    longest = b'"' + b"x" * (MAX_LINE_BYTES - 2) + b'"'
    lines = list(split_lines(start + longest + ends))
    assert lines[0] == Line(longest.decode())


def test_a_long_line_of_many_chunks_does_not_stay_in_memory() -> None:
    """A line of 50 MB costs the memory of one line and one chunk."""

    def chunks() -> Iterator[bytes]:
        yield b'{"a":1}\n'
        for _ in range(800):
            yield b"x" * 65_536
        yield b'\n{"b":2}\n'

    tracemalloc.start()
    try:
        lines = [(line.text[:9], len(line.text), line.reason) for line in split_lines(chunks())]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert lines == [
        ('{"a":1}', 7, None),
        ("x" * 9, MAX_TEXT_BYTES, Reason.LINE_TOO_LONG),
        ('{"b":2}', 7, None),
    ]
    assert peak < 6 * MAX_LINE_BYTES


def test_a_chunk_of_many_lines_is_not_split_at_once() -> None:
    """Lines come one by one, so that a big chunk does not become a bigger list."""
    line = b'{"a":"' + b"x" * 92 + b'"}\n'
    data = line * 60_000
    tracemalloc.start()
    try:
        count = sum(1 for _ in split_lines(data))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 60_000
    assert peak < 4 * MAX_LINE_BYTES


SPACES = st.text(alphabet=" \t\r", max_size=3)
JOINTS = SPACES
BREAKS = st.lists(SPACES, min_size=1, max_size=3).map(lambda spaces: "\n".join(["", *spaces[1:], spaces[0]]))
VALUES = st.sampled_from(['{"a":1}', '{"a":"}{"}', '{"a":{"b":[{},{}]}}', "{}", '{"é":"😀\\"}{"}', '{\r"a" : 1\t}'])


@st.composite
def _written(draw: st.DrawFn) -> tuple[list[str], bytes]:
    """Draw objects, and write them one or more on a line with any white space that may stand there."""
    values = draw(st.lists(VALUES, max_size=8))
    text = draw(SPACES)
    for number, value in enumerate(values):
        text += value
        may_join = '"}{"' not in value and '}{"}' not in value
        after = values[number + 1] if number + 1 < len(values) else ""
        may_join = may_join and after != "" and '"}{"' not in after and '}{"}' not in after
        text += draw(JOINTS) if may_join and draw(st.booleans()) else draw(SPACES) + draw(BREAKS)
    mark = b"\xef\xbb\xbf" if draw(st.booleans()) else b""
    return values, mark + text.encode()


@settings(max_examples=300, deadline=None)
@given(_written())
def test_what_was_joined_is_read_back(written: tuple[list[str], bytes]) -> None:
    """Objects come back in their order, however they were joined."""
    values, data = written
    parted = [line.text for line in split_lines(data)]
    assert parted == [value.strip() for value in values]


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


PIECES = st.lists(
    st.sampled_from(
        [
            b"\n",
            b"\r",
            b" ",
            b"{",
            b"}",
            b'"',
            b"\\",
            b"1",
            b"{}",
            b"\xef",
            b"\xbb\xbf",
            b"\xef\xbb\xbf",
            b"\xc3\xa9",
        ]
    ),
    max_size=30,
).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(PIECES, st.lists(st.integers(0, 10**6), max_size=12), st.booleans())
def test_chunks_may_be_cut_anywhere(data: bytes, places: list[int], gzipped: bool) -> None:
    """Chunks are an accident of reading: they change nothing."""
    stored = gzip.compress(data, mtime=0) if gzipped else data
    whole = list(read_object([stored], gzipped=gzipped))
    assert list(read_object(_cut(stored, places), gzipped=gzipped)) == whole
    assert list(split_lines(data)) == whole


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        pytest.param(b"", [Line("", Reason.GZIP_DAMAGED)], id="no byte"),
        pytest.param(gzip.compress(b""), [], id="empty, but whole"),
        pytest.param(gzip.compress(b"{}\n[]"), [Line("{}"), Line("[]")], id="whole"),
        pytest.param(
            gzip.compress(b"{}\n[]\n")[:-8],
            [Line("{}"), Line("[]"), Line("", Reason.GZIP_DAMAGED)],
            id="without its trailer",
        ),
        pytest.param(
            gzip.compress(b"{}\n [] \r")[:-1],
            [Line("{}"), Line("[]", Reason.GZIP_DAMAGED)],
            id="a last piece that may go on",
        ),
        pytest.param(
            gzip.compress(b"{}\n\xc3")[:-1],
            [Line("{}"), Line("\ufffd", Reason.GZIP_DAMAGED)],
            id="a last piece that is no text",
        ),
        pytest.param(
            gzip.compress(b"\xef\xbb")[:-1],
            [Line("\ufffd", Reason.GZIP_DAMAGED)],
            id="half a byte order mark",
        ),
        pytest.param(
            gzip.compress(b"\xef\xbb\xbf{")[:-1],
            [Line("{", Reason.GZIP_DAMAGED)],
            id="with a byte order mark",
        ),
        pytest.param(
            gzip.compress(b"x" * 2 * MAX_LINE_BYTES)[:-1],
            [Line("x" * MAX_TEXT_BYTES, Reason.GZIP_DAMAGED)],
            id="a last piece that is too long",
        ),
        pytest.param(
            gzip.compress(b"{}\n") + b"{}\n",
            [Line("{}"), Line("", Reason.GZIP_DAMAGED)],
            id="other bytes behind",
        ),
        pytest.param(b"{}\n", [Line("", Reason.GZIP_DAMAGED)], id="no gzip at all"),
        pytest.param(
            gzip.compress(b'{"a"') + gzip.compress(b":1}\n{}") + b"\0" * 5000,
            [Line('{"a":1}'), Line("{}")],
            id="a line over two members, and padding",
        ),
    ],
)
def test_a_gzip_object_gives_what_could_be_read(content: bytes, lines: list[Line]) -> None:
    """Damage costs the piece that was being read and nothing before it."""
    assert list(read_object([content], gzipped=True)) == lines


@pytest.mark.parametrize("bracket", ["{", "[", "[{"])
def test_a_line_has_at_most_a_thousand_opening_brackets(bracket: str) -> None:
    """Wherever they stand; one more makes it one bad line, which is not parted."""
    most = bracket * (MAX_OPENING_BRACKETS // len(bracket))
    for text in (most, f'"{most}"', f"x{'}' * 2000}{most}"):
        assert all(line.reason is None for line in split_lines(text.encode()))
        (line,) = split_lines(f"{text}[".encode())
        assert line == Line(f"{text}[", Reason.TOO_MANY_BRACKETS)
