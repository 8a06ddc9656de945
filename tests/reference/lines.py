"""What a line is: the bytes of one whole object, cut as docs/contracts.md says."""

from __future__ import annotations

import gzip
import zlib
from typing import NamedTuple

from tests.reference.strict_json import NotJson, read

LONGEST = 1_048_576
KEPT = 65_536
MOST_BRACKETS = 1000
TOO_LONG = "line is longer than 1 MiB"
NOT_UTF8 = "line is not valid UTF-8"
DAMAGED = "gzip data is damaged"
BRACKETS = "line has more than 1000 opening brackets"
UNREADABLE = frozenset({TOO_LONG, NOT_UTF8, DAMAGED})


class LineText(NamedTuple):
    """A line's text, and why it is bad already; None when its source has to judge it."""

    text: str
    reason: str | None


def lines_of(content: bytes, *, gzipped: bool) -> list[LineText]:
    """Cut the content of one object into lines."""
    damaged = False
    if gzipped:
        content, damaged = _gunzip(content)
    if content[:3] == b"\xef\xbb\xbf":
        content = content[3:]
    pieces = content.split(b"\n")
    rest = pieces.pop() if damaged else b""
    found = [line for piece in pieces for line in _lines_of_piece(_trim(piece))]
    if damaged:
        found.append(LineText(_kept(_trim(rest)), DAMAGED))
    return found


def _lines_of_piece(piece: bytes) -> list[LineText]:
    if piece == b"":
        return []
    if len(piece) > LONGEST:
        return [LineText(_kept(piece), TOO_LONG)]
    try:
        text = piece.decode("utf-8")
    except UnicodeDecodeError:
        return [LineText(_kept(piece), NOT_UTF8)]
    if sum(character in "{[" for character in text) > MOST_BRACKETS:
        return [LineText(text, BRACKETS)]
    if _is_json(text):
        return [LineText(text, None)]
    return [LineText(part.strip(" \t\r"), None) for part in _parts(text)]


def _parts(text: str) -> list[str]:
    """Cut between every `}` and the `{` that comes next, with nothing but white space between."""
    parts, start, before = [], 0, ""
    for at, character in enumerate(text):
        if character == "{" and before == "}":
            parts.append(text[start:at])
            start = at
        if character not in " \t\r":
            before = character
    parts.append(text[start:])
    return parts


def _is_json(text: str) -> bool:
    try:
        read(text)
    except NotJson:
        return False
    return True


def _trim(piece: bytes) -> bytes:
    return piece.strip(b" \t\r")


def _kept(piece: bytes) -> str:
    """Decode with U+FFFD for wrong bytes, and keep 64 KiB at most."""
    text = piece.decode("utf-8", "replace")
    while len(text.encode()) > KEPT:
        text = text[: min(len(text) - 1, KEPT)]
    return text


def _gunzip(content: bytes) -> tuple[bytes, bool]:
    if content:
        try:
            whole = gzip.decompress(content)
            if not content[3] & 0xE0:  # RFC 1952: a reserved flag is an error, which the gzip module overlooks
                return whole, False
        except (EOFError, OSError, zlib.error):
            pass
    return _what_could_be_read(content), True


def _what_could_be_read(content: bytes) -> bytes:
    """Feed a damaged object byte by byte, until a byte is refused."""
    read_so_far = b""
    member = zlib.decompressobj(31)
    for at in range(len(content)):
        byte = content[at : at + 1]
        if member.eof:
            if byte == b"\0":
                continue
            member = zlib.decompressobj(31)
        try:
            read_so_far += member.decompress(byte)
        except zlib.error:
            break
    return read_so_far
