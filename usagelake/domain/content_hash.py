"""The fingerprint that tells a redelivered line from another line under the same id."""

from __future__ import annotations

import hashlib

HEX_DIGITS = 15
"""60 bits: the most whole hexadecimal digits that a signed 64-bit column holds."""


def content_hash(text: str) -> int:
    """Fingerprint a line, as docs/contracts.md defines it.

    MD5 is what DuckDB, Trino and Athena all compute; it tells accidents apart and guards no secret.

    Args:
        text: One line, trimmed of JSON white space.

    Returns:
        The first 60 bits of the MD5 of the line's UTF-8 bytes, from 0 to 2^60 - 1.

    Example:
        >>> content_hash('{"id":"a"}')
        477847841824798298
    """
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return int(digest[:HEX_DIGITS], 16)
