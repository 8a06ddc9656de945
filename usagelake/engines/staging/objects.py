"""Landing objects made ready for an engine's line reader.

Such a reader is fast and unforgiving: for DuckDB's, one invalid UTF-8 byte, one line above its buffer or one
truncated gzip aborts the whole scan, and a bare CR splits a line. So every object is looked at once, while its
digest is taken, and goes one of three ways:

* a large clean file of this machine is read by DuckDB where it lies (an engine elsewhere cannot);
* a small clean object, and one that is no local file, is joined into a chunk with others, because opening
  200,000 files costs more than reading them;
* any other object is read alone, line by line (`usagelake.domain.json_lines`), into the same chunk.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from usagelake.domain.json_lines import read_object
from usagelake.domain.landing import Source, source_of
from usagelake.engines.protocol import Unreadable
from usagelake.engines.staging.cleanliness import Cleanliness
from usagelake.engines.staging.fetching import fetched_ahead
from usagelake.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from usagelake.engines.staging.fetching import Read
    from usagelake.storage import ObjectInfo, Storage

JOIN_BELOW_BYTES = 256 * 1024
"""Objects smaller than this are joined: below it, opening a file costs DuckDB more than reading it."""

INFLATE_AT_MOST_BYTES = 64 * 1024 * 1024
"""A gzip object that inflates to more is streamed instead of held in memory."""

GZIP_EXPANDS = 8
"""How many times access logs and events expand, about: it sizes batches and nothing else."""

NO_FAULT = "-"
"""A chunk's mark for a line that is no fault in itself and could still not stand there as it is."""

_GZIP_FORMAT = zlib.MAX_WBITS | 16
_GLOB_CHARACTERS = frozenset("*?[]{}")
_READ_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class Staged:
    r"""A batch's objects, as files that an engine can read whole.

    Attributes:
        folder: Holds the batch's own files; it is the batch's to delete.
        files: For each source the landing files that are read where they lie.
        chunks: For each source the file of joined lines, if there is one. A row is
            `number \x01 mark \x01 line`: the object's number in the batch; nothing, or, when the line is
            written as a JSON string, its fault or `-`; and the line.
        rows: The objects that can be taken: number, key, ETag (SHA-256), bytes, version.
        size: The objects' bytes, as listed.
        unreadable: The objects that could not be opened.
    """

    folder: Path
    files: dict[Source, list[Path]] = field(default_factory=lambda: {source: [] for source in Source})
    chunks: dict[Source, Path] = field(default_factory=dict)
    rows: list[tuple[int, str, str, int, str]] = field(default_factory=list)
    size: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)


def stage(storage: Storage, objects: Sequence[ObjectInfo], folder: Path, *, in_place: bool = True) -> Staged:
    """Look at every object of a batch, and make its lines readable.

    Args:
        storage: Where the objects lie.
        objects: The batch.
        folder: An empty folder for the batch's own files.
        in_place: Whether the engine reads large clean files of this machine where they lie; otherwise their
            lines are joined, too.

    Returns:
        What to read. An object that cannot be opened is named there and left out.

    Raises:
        OSError: The folder cannot be written (a full disk, say).
    """
    staged = Staged(folder)
    with names_folder(folder), fetched_ahead(storage, objects) as read, ExitStack() as files:
        writers = {source: _ChunkWriter(folder / f"{source}.lines", files) for source in Source}
        for number, info in enumerate(objects):
            staged.size += info.size
            source = source_of(info.key)
            try:
                etag, path = _stage_object(
                    read, storage.path(info.key), info, writers[source], number, in_place=in_place
                )
            except StorageError as error:
                staged.unreadable.append(Unreadable(info.key, str(error)))
                continue
            staged.rows.append((number, info.key, etag, info.size, info.version))
            if path is not None:
                staged.files[source].append(path)
    staged.chunks = {source: writer.path for source, writer in writers.items() if writer.is_open}
    return staged


@contextmanager
def names_folder(folder: Path) -> Iterator[None]:
    """Let an OSError that names no file (a full disk while writing, say) name the folder that was written to."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(folder)
        raise


class _ChunkWriter:
    """Writes a chunk of joined lines; the file is made when the first line comes."""

    def __init__(self, path: Path, files: ExitStack) -> None:
        self.path = path
        self._files = files
        self._file: BinaryIO | None = None

    @property
    def is_open(self) -> bool:
        return self._file is not None

    def write(self, data: bytes) -> None:
        if self._file is None:
            self._file = self._files.enter_context(self.path.open("wb", buffering=_READ_BYTES))
        self._file.write(data)

    def join(self, number: int, data: bytes) -> None:
        """Write a clean object's lines."""
        if not data:
            return
        start = b"%d\x01\x01" % number
        self.write(start + data.removesuffix(b"\n").replace(b"\n", b"\n" + start) + b"\n")

    def read(self, number: int, chunks: Iterable[bytes], *, gzipped: bool) -> None:
        """Read an unclean object line by line, and write its lines as JSON strings."""
        for line in read_object(chunks, gzipped=gzipped):
            mark = line.reason or NO_FAULT
            self.write(
                b"%d\x01%s\x01%s\n" % (number, mark.encode(), json.dumps(line.text, ensure_ascii=False).encode())
            )


def _stage_object(
    read: Read, path: Path | None, info: ObjectInfo, writer: _ChunkWriter, number: int, *, in_place: bool
) -> tuple[str, Path | None]:
    """Stage one object; return its ETag, and its path when it is to be read where it lies."""
    gzipped = info.key.endswith(".gz")
    in_place = (
        in_place
        and path is not None
        and not gzipped
        and info.size >= JOIN_BELOW_BYTES
        and _GLOB_CHARACTERS.isdisjoint(str(path))
    )
    digest = hashlib.sha256()
    cleanliness = Cleanliness()
    held: list[bytes] = []
    held_bytes = 0
    for chunk in read(info.key):
        digest.update(chunk)
        if not gzipped:
            cleanliness.feed(chunk)
        if not in_place and held_bytes <= INFLATE_AT_MOST_BYTES:
            held.append(chunk)
            held_bytes += len(chunk)
    etag = digest.hexdigest()
    if in_place and cleanliness.close():
        return etag, path
    whole = b"".join(held) if not in_place and held_bytes <= INFLATE_AT_MOST_BYTES else None
    clean = _clean_lines(whole, cleanliness, gzipped=gzipped) if whole is not None else None
    if clean is not None:
        writer.join(number, clean)
    else:
        writer.read(number, [whole] if whole is not None else read(info.key), gzipped=gzipped)
    return etag, None


def _clean_lines(whole: bytes, cleanliness: Cleanliness, *, gzipped: bool) -> bytes | None:
    """Return the object's bytes if they are clean, once inflated and with CR LF read as a line's end."""
    if gzipped:
        inflated = _inflate(whole)
        if inflated is None:
            return None
        whole = inflated
    elif cleanliness.close():
        return whole
    whole = whole.replace(b"\r\n", b"\n")
    again = Cleanliness()
    again.feed(whole)
    return whole if again.close() else None


def _inflate(data: bytes) -> bytes | None:
    """Inflate a sound gzip object of one member and moderate size; anything else is None."""
    member = zlib.decompressobj(_GZIP_FORMAT)
    try:
        inflated = member.decompress(data, INFLATE_AT_MOST_BYTES)
    except zlib.error:
        return None
    return inflated if member.eof and not member.unused_data else None


def batches(objects: Iterable[ObjectInfo], *, size: int, count: int) -> Iterator[list[ObjectInfo]]:
    """Cut a sequence of objects into batches of at most so many bytes and objects, at least one object each."""
    batch: list[ObjectInfo] = []
    batch_bytes = 0
    for info in objects:
        weight = info.size * (GZIP_EXPANDS if info.key.endswith(".gz") else 1)
        if batch and (batch_bytes + weight > size or len(batch) == count):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(info)
        batch_bytes += weight
    if batch:
        yield batch
