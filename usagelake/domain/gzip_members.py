"""Reading a gzip object piece by piece, and keeping what a damaged one still gives."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from usagelake.errors import UsageLakeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_GZIP_FORMAT: Final = zlib.MAX_WBITS | 16
_SLICE_BYTES: Final = 4096
"""Deflate expands at most 1032 times, so one slice gives at most 4 MiB."""


class GzipDamagedError(UsageLakeError):
    """A gzip object is damaged, or ends before its data does."""


def gunzip_chunks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress a gzip object of one or more members (RFC 1952).

    Zero bytes after a member are padding, as the standard `gzip` module has it. What comes out, and where a
    damaged object stops, is the same wherever the chunks are cut. An object of no bytes ends early: it lacks
    even a header.

    Args:
        chunks: The object's bytes, cut anywhere.

    Yields:
        The decompressed bytes in pieces of at most about 4 MiB.

    Raises:
        GzipDamagedError: After everything that could be read has been yielded.

    Example:
        >>> import gzip
        >>> b"".join(gunzip_chunks([gzip.compress(b"one "), gzip.compress(b"two")]))
        b'one two'
    """
    member: zlib._Decompress | None = None
    members_read = 0
    for piece in _slices(chunks):
        rest = piece.lstrip(b"\0") if member is None and members_read else piece
        while rest:
            member = member or zlib.decompressobj(_GZIP_FORMAT)
            yield from _inflate(member, rest)
            if not member.eof:
                break
            rest = member.unused_data.lstrip(b"\0")
            member = None
            members_read += 1
    if member is not None or not members_read:
        raise GzipDamagedError("the gzip data ends early")


def _slices(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE_BYTES):
            yield chunk[start : start + _SLICE_BYTES]


def _inflate(member: zlib._Decompress, piece: bytes) -> Iterator[bytes]:
    """Decompress one slice; if it is damaged, give what stands before the first wrong byte."""
    before = member.copy()
    try:
        data = member.decompress(piece)
    except zlib.error as error:
        yield from _inflate_until_damage(before, piece)
        raise GzipDamagedError(f"the gzip data is damaged: {error}") from error
    if data:
        yield data


def _inflate_until_damage(member: zlib._Decompress, piece: bytes) -> Iterator[bytes]:
    """Feed a damaged slice byte by byte: zlib discards the output of the call that fails."""
    for position in range(len(piece)):
        try:
            data = member.decompress(piece[position : position + 1])
        except zlib.error:
            return
        if data:
            yield data
