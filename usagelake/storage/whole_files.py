"""Files that appear whole or not at all, and never in the place of another.

The bytes go to a hidden file of the same folder, are synced, and are then given the final name by a hard link,
which fails when the name is taken. Whoever is killed in between leaves a hidden file, which no reader takes for
an object. File systems without hard links (FAT, many network shares) get a rename under a lock of the folder,
which excludes every writer of this kind and ends with its holder's process.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_NAME: Final = ".put.lock"

_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
_NO_FOLDER_SYNC: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES})


def write_whole(root: Path, key: str, body: bytes) -> bool:
    """Write a new file below a folder; folders in between are made.

    Args:
        root: The folder, which must exist.
        key: The file's path below it.
        body: Its bytes.

    Returns:
        Whether it was written; False when there is such a file already, which is then as safe on disk as this
        one would have been.

    Raises:
        OSError: The file cannot be written, or its name is a folder's.
    """
    final = root / key
    if not _is_taken(final):
        descriptor, hidden = _open_hidden(root, final)
        try:
            try:
                _write(descriptor, body)
                created = _publish(descriptor, hidden, final)
            finally:
                os.close(descriptor)
        finally:
            with suppress(FileNotFoundError):
                hidden.unlink()
        if created:
            _sync_folder(final.parent)
            return True
    if not stat.S_ISREG(final.stat().st_mode):
        raise OSError(errno.EEXIST, "something that is no file has this name", str(final))
    _sync_folder(final.parent)
    return False


def _is_taken(final: Path) -> bool:
    try:
        final.lstat()
    except FileNotFoundError:
        return False
    return True


def _open_hidden(root: Path, final: Path) -> tuple[int, Path]:
    """Make the hidden file, and the folders it needs."""
    hidden = final.parent / f".put-{os.getpid()}-{secrets.token_hex(8)}"
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    try:
        return os.open(hidden, flags, 0o666), hidden
    except FileNotFoundError:
        _make_folders(root, final.parent)
        return os.open(hidden, flags, 0o666), hidden


def _make_folders(root: Path, folder: Path) -> None:
    """Make the folders between a root and a file, never the root itself: a share that is not mounted stays so."""
    if folder == root:
        root.stat()
        return
    _make_folders(root, folder.parent)
    with suppress(FileExistsError):
        folder.mkdir()
        _sync_folder(folder.parent)


def _write(descriptor: int, body: bytes) -> None:
    rest = memoryview(body)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)


def _publish(descriptor: int, hidden: Path, final: Path) -> bool:
    """Give the hidden file its name; return False when the name is taken."""
    try:
        os.link(hidden, final)
    except FileExistsError:
        # NFS may answer so when it has linked and had to ask twice.
        return os.fstat(descriptor).st_nlink > 1
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _rename_if_absent(hidden, final)
    return True


def _rename_if_absent(hidden: Path, final: Path) -> bool:
    with _locked(final.parent):
        if _is_taken(final):
            return False
        hidden.rename(final)
        return True


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / LOCK_NAME, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make names last; file systems that know no such thing have nothing to make last."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)
