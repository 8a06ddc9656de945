"""How far sources that can be read again have been taken: one small file each."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Positions:
    """The positions that outlive a process.

    Args:
        folder: Where they are kept; it is made when the first is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, source: str) -> int | None:
        """Tell a source's offset; None when it has none, or its file is broken."""
        try:
            kept = json.loads(self._file(source).read_bytes())
        except (OSError, ValueError):
            return None
        if not isinstance(kept, dict) or kept.get("source") != source or not isinstance(kept.get("offset"), int):
            return None
        offset: int = kept["offset"]
        return offset

    def write(self, positions: Mapping[str, int]) -> None:
        """Keep offsets, each whole or not at all.

        Raises:
            OSError: They cannot be kept.
        """
        if not positions:
            return
        self._folder.mkdir(exist_ok=True)
        for source, offset in positions.items():
            final = self._file(source)
            unfinished = final.with_suffix(".tmp")
            with unfinished.open("w") as file:
                json.dump({"source": source, "offset": offset}, file)
                file.flush()
                os.fdatasync(file.fileno())
            unfinished.replace(final)

    def _file(self, source: str) -> Path:
        return self._folder / f"{hashlib.sha256(source.encode()).hexdigest()[:32]}.json"
