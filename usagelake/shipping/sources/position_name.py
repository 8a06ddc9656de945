"""What a followed file is called where its position is kept."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD_BYTES: Final = 256
"""First bytes of a file that tell it from another one on the same inode."""
_DIGEST_DIGITS: Final = 32

Identity = tuple[int, int]
"""A file's device and inode."""


def position_name(identity: Identity, head: bytes, offset: int) -> str:
    """Name a file by its device, its inode, and its first bytes as far as they have been taken.

    A file that grows keeps its first bytes, so what it was called when it was shorter can always be found again. The
    number of bytes is a power of two, so that there are few names to look for.

    Args:
        identity: The file's.
        head: Its first bytes: `HEAD_BYTES`, or at least `offset`.
        offset: The position.

    Returns:
        `device:inode:bytes:digest of so many bytes`.
    """
    length = _head_length(offset)
    digest = hashlib.sha256(head[:length]).hexdigest()[:_DIGEST_DIGITS]
    return f"{identity[0]}:{identity[1]}:{length}:{digest}"


def _head_length(offset: int) -> int:
    """Tell how many first bytes name a file that was taken up to an offset."""
    return min(HEAD_BYTES, 1 << offset.bit_length() >> 1)


def pattern_name(pattern: str) -> str:
    """Name what a user asked to follow, where it is kept that it was followed before."""
    return f"pattern:{hashlib.sha256(os.fsencode(Path(pattern).absolute())).hexdigest()[:_DIGEST_DIGITS]}"


def known_offset(known: Callable[[str], int | None], identity: Identity, head: bytes, size: int) -> int | None:
    """Find where to go on in a file; None when nothing is known about this content.

    Args:
        known: Tells the offset that is kept under a name.
        identity: The file's.
        head: Its first `HEAD_BYTES` bytes, or all that it has.
        size: Its size in bytes.
    """
    length = _head_length(len(head))
    while length:
        offset = known(position_name(identity, head, length))
        if offset is not None and _head_length(offset) == length and offset <= size:
            return offset
        length //= 2
    return None
