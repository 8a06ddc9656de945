"""The paths that a user asked to follow, as they are at the moment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

COMPRESSED: Final = (".gz", ".bz2", ".xz", ".zst", ".zip", ".lz4")
"""Ends of the names of files that hold no lines; they are never followed."""


class WatchedPaths:
    """Files by name or by pattern.

    Args:
        patterns: Each a file's path, whether it exists or not, or a pattern with `*`, `?`, `[…]` or `**`.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = patterns
        self._paths: tuple[Path, ...] = ()
        self.read_again()

    def __iter__(self) -> Iterator[Path]:
        return iter(self._paths)

    def read_again(self) -> None:
        """Expand the patterns: what matched before and exists no more is forgotten."""
        found: dict[Path, None] = {}
        for pattern in self._patterns:
            if _is_pattern(pattern) and not os.path.lexists(pattern):
                found.update(dict.fromkeys(sorted(_matches(pattern))))
            else:
                found[Path(pattern)] = None
        self._paths = tuple(path for path in found if path.suffix not in COMPRESSED)

    def neighbours(self) -> Iterator[Path]:
        """List the regular files in the folders of these paths: rotated ones may be among them."""
        folders: dict[Path, None] = {}
        for path in self._paths:
            folders[path.absolute().parent] = None
            folders[Path(os.path.realpath(path)).parent] = None  # a loop of links is no error here
        for pattern in filter(_is_pattern, self._patterns):
            folders.update(dict.fromkeys(_matches(str(Path(pattern).parent))))
        for folder in folders:
            yield from _regular_files(folder)


def _regular_files(folder: Path) -> list[Path]:
    """List the files of a folder that may hold lines; none when it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            files = [Path(entry.path) for entry in entries if entry.is_file(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(path for path in files if path.suffix not in COMPRESSED)


def _matches(pattern: str) -> Iterator[Path]:
    """Expand one pattern."""
    path = Path(pattern)
    if not _is_pattern(pattern):
        return iter([path])
    return Path(path.anchor).glob(str(path.relative_to(path.anchor)))


def _is_pattern(path: str) -> bool:
    return any(sign in path for sign in "*?[")
