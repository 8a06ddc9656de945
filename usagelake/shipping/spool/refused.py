"""`rejected.jsonl`: the lines that cannot be delivered, with the reason, for somebody to look at."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from usagelake.shipping.drop_reason import DropReason

NAME: Final = "rejected.jsonl"
_LARGEST: Final = 64 * 1024 * 1024
"""Beyond this the file grows no more; the lines are counted all the same."""

_LONGEST_TEXT: Final = 65_536


def keep_refused(folder: Path, line: bytes, reason: DropReason, at: float) -> None:
    """Append a line to `rejected.jsonl`, in one write, so that several processes can.

    Args:
        folder: The spool.
        line: Kept as text, with U+FFFD where it is no UTF-8, and cut after 64 KiB.
        reason: Why it was refused.
        at: When, in seconds since the epoch.

    Raises:
        OSError: It cannot be kept.
    """
    entry = {
        "at": at,
        "reason": reason.value,
        "bytes": len(line),
        "line": line[:_LONGEST_TEXT].decode(errors="replace"),
    }
    descriptor = os.open(folder / NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        if os.fstat(descriptor).st_size < _LARGEST:
            os.write(descriptor, json.dumps(entry, ensure_ascii=False).encode() + b"\n")
    finally:
        os.close(descriptor)
