"""Objects as files of a local folder."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from usagelake.errors import StorageDeniedError, StorageError, StorageUnavailableError
from usagelake.storage.keys import check_headers, check_key
from usagelake.storage.protocol import ObjectInfo, PutOutcome
from usagelake.storage.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

CHUNK_BYTES = 4 * 1024 * 1024

_DENIED: Final = {
    errno.EACCES: "let this user write there",
    errno.EPERM: "let this user write there",
    errno.EROFS: "mount it for writing",
    errno.ENOENT: "make the folder, or mount what holds it",
    errno.ELOOP: "its links go round in a circle; correct them",
    errno.ENOLCK: "the file system knows neither hard links nor locks; choose another folder",
}
_NEVER: Final = {
    errno.ENAMETOOLONG: "the key is too long for this file system",
    errno.EILSEQ: "this file system has no such names",
    errno.EINVAL: "this file system has no such names",
    errno.ENOTDIR: "a file has the name of one of its folders",
    errno.EEXIST: "the name is taken by something else; move it away",
    errno.EISDIR: "the name is taken by a folder; move it away",
}


class LocalFolder:
    """A folder and everything below it; a file's path below the folder is its key.

    Args:
        root: The folder. It must exist.

    Raises:
        StorageError: It does not exist, or is no folder.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise StorageError(f"{root}: there is no such folder; give the folder that holds the landing objects")
        self._root = root
        self._absolute = root.absolute()

    @property
    def location(self) -> str:
        """The folder's path."""
        return str(self._root)

    def list(self, *, below: str = "") -> Iterator[ObjectInfo]:
        """List every file below the folder; links to files count, links to folders are not followed.

        A link that leads nowhere is listed too: reading it tells what is wrong.
        """
        if below and not (self._root / below).is_dir():
            return
        pending = [below and below + "/"]
        while pending:
            below = pending.pop()
            try:
                with os.scandir(self._root / below) as entries:
                    for entry in entries:
                        key = below + entry.name
                        if entry.is_dir(follow_symlinks=False):
                            pending.append(key + "/")
                        elif (info := _info(entry, key)) is not None:
                            yield info
            except OSError as error:
                raise StorageError(f"{self._root / below}: cannot be listed ({error.strerror})") from error

    def folders(self, *, below: str = "") -> tuple[str, ...]:
        """List the names of the folders right below a folder; links to folders are none."""
        try:
            with os.scandir(self._root / below) as entries:
                return tuple(sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False)))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise StorageError(f"{self._root / below}: cannot be listed ({error.strerror})") from error

    def read(self, key: str) -> Iterator[bytes]:
        """Read one file, in chunks of 4 MiB."""
        if not _is_text(key):
            shown = os.fsencode(self._root / key).decode(errors="replace")
            raise StorageError(f"{shown}: its name is not UTF-8; rename the file")
        try:
            descriptor = os.open(self._root / key, os.O_RDONLY)
        except OSError as error:
            raise StorageError(f"{self._root / key}: cannot be opened ({error.strerror})") from error
        try:
            while chunk := os.read(descriptor, CHUNK_BYTES):
                yield chunk
        except OSError as error:
            raise StorageError(f"{self._root / key}: cannot be read ({error.strerror})") from error
        finally:
            os.close(descriptor)

    def path(self, key: str) -> Path:
        """Tell the file's path: an absolute one, which no reader takes for anything but a path."""
        return self._absolute / key

    def put_if_absent(self, key: str, body: bytes, *, content_type: str, metadata: Mapping[str, str]) -> PutOutcome:
        """Write one file whole, unless there is one; it is on disk, with its name, when this returns."""
        check_key(self.location, key)
        check_headers(f"{self._root / key}", content_type, metadata)
        try:
            created = write_whole(self._absolute, key, body)
        except OSError as error:
            raise _put_error(self._root / key, error) from error
        return PutOutcome.CREATED if created else PutOutcome.EXISTS

    def metadata(self, key: str) -> None:  # noqa: ARG002 (the protocol's argument)
        """Tell that a folder keeps no metadata."""
        return


def _put_error(path: Path, error: OSError) -> StorageError:
    """Say whether a put may work later: by itself (a full disk, a network share), by somebody's hand, or never."""
    reason = f"{path}: cannot be written ({error.strerror})"
    if error.errno in _DENIED:
        return StorageDeniedError(f"{reason}; {_DENIED[error.errno]}")
    if error.errno in _NEVER:
        return StorageError(f"{reason}; {_NEVER[error.errno]}")
    return StorageUnavailableError(f"{reason}; it will be possible again when the disk or share is well and has room")


def _info(entry: os.DirEntry[str], key: str) -> ObjectInfo | None:
    """Look at an entry; None when it is no file, or has gone since the folder was opened."""
    try:
        found = entry.stat()
    except OSError:
        if not entry.is_symlink():
            return None
        found = entry.stat(follow_symlinks=False)
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
        return None
    return ObjectInfo(key=key, size=found.st_size, version=str(found.st_mtime_ns))


def _is_text(key: str) -> bool:
    """Tell whether a file's name was UTF-8; what was not stands in it as lone surrogates."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True
