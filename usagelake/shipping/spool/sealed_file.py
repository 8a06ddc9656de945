"""A sealed batch as a file: its key and manifest on the first line, and its body, verbatim, after it."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from usagelake.domain.manifest import Manifest
from usagelake.shipping.batch import Batch, SealedObject

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SUFFIX: Final = ".batch"
DAMAGED: Final = ".damaged"
_UNFINISHED: Final = ".tmp"
_VERSION: Final = 1


class DamagedBatchError(Exception):
    """The file does not hold what was sealed."""


def file_name(batch: Batch) -> str:
    """Name a batch's file, so that a listing tells all that the queue has to know."""
    minute = int(batch.oldest // 60)
    return f"{batch.name}.{minute}.{batch.events}.{batch.size}.{quote(batch.prefix, safe='')}{SUFFIX}"


def batch_of(file: Path) -> Batch | None:
    """Tell which batch a file holds, by its name and size alone; None when it is no batch's name.

    Raises:
        OSError: There is no such file.
    """
    try:
        name, minute, events, size, prefix = file.name.removesuffix(SUFFIX).split(".", 4)
        batch = Batch(name, unquote(prefix), int(events), int(size), int(minute) * 60.0, sealed=None, file=file)
    except ValueError:
        return None
    batch.file_bytes = file.stat().st_size
    return batch


def content_of(batch: Batch) -> bytes:
    """Give what a batch's file holds."""
    sealed = batch.sealed
    assert sealed is not None
    header = {"version": _VERSION, "key": sealed.key, "metadata": sealed.manifest.metadata()}
    return json.dumps(header).encode() + b"\n" + sealed.body


def write_sealed(folder: Path, contents: Sequence[tuple[Batch, bytes]]) -> list[Path]:
    """Write batches: temporary files, fsync of each, renames, and the folder's own fsync.

    Together they cost little more than one: a file system brings what was written before an fsync to the disk with it.

    Args:
        folder: Where.
        contents: Each batch, whose name its file gets, and what `content_of` gave of it.

    Returns:
        The files.

    Raises:
        OSError: The disk is full, or broken; none of them is left behind.
    """
    finals = [folder / file_name(batch) for batch, _ in contents]
    unfinished = [final.with_suffix(_UNFINISHED) for final in finals]
    descriptors: list[int] = []
    try:
        try:
            for path, (_, content) in zip(unfinished, contents, strict=True):
                descriptors.append(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
                _write_all(descriptors[-1], content)
            for descriptor in descriptors:
                os.fdatasync(descriptor)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        for path, final in zip(unfinished, finals, strict=True):
            path.rename(final)
        _sync_folder(folder)
    except OSError:
        for path in (*unfinished, *finals):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        raise
    return finals


def read_sealed(file: Path) -> SealedObject:
    """Read a batch again.

    Raises:
        DamagedBatchError: It is not what was sealed, or another version wrote it.
        OSError: It cannot be read now.
    """
    content = file.read_bytes()
    first, _, body = content.partition(b"\n")
    try:
        header = json.loads(first)
        if header["version"] != _VERSION:
            raise DamagedBatchError(f"{file}: it was written by version {header['version']} of the spool")
        manifest, key = Manifest.parse(header["metadata"]), str(header["key"])
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedBatchError(f"{file}: its first line is no header") from error
    if manifest.sha256 != hashlib.sha256(body).hexdigest():
        raise DamagedBatchError(f"{file}: its bytes are not those that were sealed")
    return SealedObject(key, body, manifest)


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
