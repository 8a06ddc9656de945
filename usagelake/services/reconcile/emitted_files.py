"""The second copy: files in which a service's own log keeps what it emitted."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from usagelake.domain.json_lines import read_object
from usagelake.errors import ConfigurationError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from usagelake.domain.json_lines import Line

_CHUNK_BYTES: Final = 1_048_576


def emitted_files(names: Sequence[str]) -> list[Path]:
    """Find the files that a user names.

    Args:
        names: Files, folders (every file below, but for hidden ones, whose names start with a dot), and patterns
            such as `logs/billing*.gz` or `logs/**/*.log`.

    Returns:
        Each file once, whatever and however many names lead to it, in the order of their paths.

    Raises:
        ConfigurationError: A name leads to no file.
    """
    faults = []
    found: dict[tuple[int, int], Path] = {}
    for name in names:
        files = sorted(_files(name))
        if not files:
            faults.append(f"--emitted {name}: there is no such file, or no file in that folder; name what was logged")
        for file in files:
            status = file.stat()
            found.setdefault((status.st_dev, status.st_ino), file)
    if faults or not names:
        raise ConfigurationError(faults or "--emitted is missing; name the files of the second copy")
    return sorted(found.values())


def read_lines(file: Path) -> Iterator[Line]:
    """Read a file's lines, as docs/contracts.md has it; `.gz` at the end of its name means gzip.

    Raises:
        StorageError: It cannot be read.
    """
    return read_object(_chunks(file), gzipped=file.name.endswith(".gz"))


def _files(name: str) -> Iterable[Path]:
    path = Path(name)
    if not name:
        return []
    if path.is_dir():
        return _below(path)
    if path.is_file():
        return [path]
    return [
        file
        for match in glob.iglob(name, recursive=True)  # noqa: PTH207 - a pattern may be absolute
        for file in (_below(Path(match)) if Path(match).is_dir() and not name.endswith("**") else [Path(match)])
        if file.is_file()
    ]


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and (file := Path(parent, name)).is_file():
                yield file


def _refuse(error: OSError) -> None:
    raise StorageError(f"{error.filename}: cannot be listed ({error.strerror})") from error


def _chunks(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as opened:
            while chunk := opened.read(_CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise StorageError(f"{file}: cannot be read ({error.strerror})") from error
