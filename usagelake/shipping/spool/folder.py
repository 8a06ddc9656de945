"""The spool's folder: one part of it for each living process, and what dead ones have left.

    SPOOL/version                 which layout this is
    SPOOL/rejected.jsonl          lines that cannot be delivered
    SPOOL/positions/              how far followed files have been taken
    SPOOL/<pid>-<random>/lock     locked while that process lives
    SPOOL/<pid>-<random>/*.journal, *.batch

A part whose lock is free belonged to a process that ended; whoever finds it takes over what it holds.
"""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from usagelake.shipping.config import SpoolStrength
from usagelake.shipping.spool import journal as journals
from usagelake.shipping.spool import sealed_file
from usagelake.shipping.spool.positions import Positions
from usagelake.shipping.spool.refused import keep_refused

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from usagelake.shipping.batch import Batch, SealedObject
    from usagelake.shipping.drop_reason import DropReason
    from usagelake.shipping.partition import Rules

_VERSION: Final = "usagelake-spool 1\n"
_LOCK: Final = "lock"


class SpoolFullError(OSError):
    """The spool has reached its bound."""


@dataclass(slots=True)
class Abandoned:
    """The part of a process that ended; it is locked while this is held.

    Attributes:
        folder: The part.
        lock: The lock's descriptor.
    """

    folder: Path
    lock: int

    def journals(self) -> list[Path]:
        """List its journals, the oldest first."""
        return sorted(self.folder.glob(f"*{journals.SUFFIX}"))

    def batches(self) -> Iterator[Batch]:
        """List its sealed batches, the oldest first."""
        for file in sorted(self.folder.glob(f"*{sealed_file.SUFFIX}")):
            batch = sealed_file.batch_of(file)
            if batch is not None:
                yield batch

    def release(self) -> None:
        """Let go of it, and remove it when nothing is left, if the disk lets that be done."""
        with suppress(OSError):
            for leftover in self.folder.glob("*.tmp"):
                leftover.unlink(missing_ok=True)
            if [entry.name for entry in self.folder.iterdir()] == [_LOCK]:
                (self.folder / _LOCK).unlink(missing_ok=True)
                self.folder.rmdir()
        os.close(self.lock)


class Spool:
    """The spool, as one process uses it.

    Args:
        root: The folder; it is made.
        strength: What is written, and when.
        max_bytes: What this process's part may take.
        name: The part's name, unlike any other's.

    Raises:
        OSError: The folder cannot be written.
    """

    def __init__(self, root: Path, strength: SpoolStrength, max_bytes: int, name: str) -> None:
        self.every_event = strength is SpoolStrength.EVERY_EVENT
        self.positions = Positions(root / "positions")
        self._root = root
        self._max_bytes = max_bytes
        self._batch_bytes = 0
        self._counting = threading.Lock()
        self._journals: dict[uuid.UUID, journals.Journal] = {}
        root.mkdir(parents=True, exist_ok=True)
        self._check_version()
        unlocked = root / f".{name}"
        unlocked.mkdir()
        self._lock = _locked(unlocked)
        self._own = unlocked.rename(root / name)

    @property
    def used(self) -> int:
        """The bytes of this process's journals and batches."""
        return self._batch_bytes + sum(journal.size for journal in list(self._journals.values()))

    def open_journal(self, segment: uuid.UUID, rules: Rules, limit: int) -> journals.Journal:
        """Begin a journal.

        Raises:
            OSError: It cannot be begun.
        """
        room = self._max_bytes - self.used
        path = self._own / f"{segment}{journals.SUFFIX}"
        journal = self._journals[segment] = journals.Journal(path, segment, rules, min(limit, room))
        return journal

    def end_journal(self, segment: uuid.UUID) -> None:
        """Remove a journal all of whose lines are safe elsewhere, unless the spool has been let go of."""
        journal = self._journals.pop(segment, None)
        if journal is not None:
            journal.close()
            with suppress(OSError):  # it is replayed some day, into batches that the store has
                journal.path.unlink(missing_ok=True)

    def write(self, batches: Sequence[Batch]) -> None:
        """Keep batches that are in memory, all of them or none.

        Raises:
            SpoolFullError: There is no room for them within the bound.
            OSError: The disk has none, or fails.
        """
        contents = [(batch, sealed_file.content_of(batch)) for batch in batches]
        size = sum(len(content) for _, content in contents)
        if not self._count(size):
            raise SpoolFullError(f"{self._root}: the spool has reached its bound of {self._max_bytes} bytes")
        try:
            files = sealed_file.write_sealed(self._own, contents)
        except OSError:
            self._count(-size)
            raise
        for file, (batch, content) in zip(files, contents, strict=True):
            batch.file, batch.file_bytes = file, len(content)

    def load(self, batch: Batch) -> SealedObject:
        """Read a batch's object.

        Raises:
            DamagedBatchError: The file does not hold what was sealed.
            OSError: It cannot be read now.
        """
        assert batch.file is not None
        return sealed_file.read_sealed(batch.file)

    def remove(self, batch: Batch) -> None:
        """Forget a batch that was delivered."""
        if batch.file is not None:
            batch.file.unlink(missing_ok=True)
            self._count(-batch.file_bytes)
            batch.file = None

    def set_aside(self, batch: Batch) -> None:
        """Keep a damaged batch's file under another name, for somebody to look at."""
        if batch.file is not None:
            with suppress(OSError):
                batch.file.rename(self._root / (batch.file.name + sealed_file.DAMAGED))
            self._count(-batch.file_bytes)
            batch.file = None

    def refuse(self, line: bytes, reason: DropReason, at: float) -> None:
        """Keep a line that cannot be delivered.

        Raises:
            OSError: It cannot be kept.
        """
        keep_refused(self._root, line, reason, at)

    def abandoned(self) -> Iterator[Abandoned]:
        """Find the parts of processes that ended, each locked until it is released."""
        for folder in sorted(self._root.glob("[!.]*/")):
            if folder == self._own or not (folder / _LOCK).exists():
                continue
            try:
                lock = _locked(folder)
            except OSError:
                continue
            yield Abandoned(folder, lock)

    def take_over(self, batch: Batch) -> None:
        """Move an abandoned batch's file into this process's part.

        Raises:
            OSError: It cannot be moved.
        """
        assert batch.file is not None
        batch.file = batch.file.rename(self._own / batch.file.name)
        with self._counting:
            self._batch_bytes += batch.file_bytes

    def close(self, *, forked: bool = False) -> None:
        """Let go of this process's part; what it still holds is found by the next process.

        Args:
            forked: This is a child, and the part is its parent's: only the descriptors are let go.
        """
        for journal in list(self._journals.values()):
            with suppress(OSError):
                journal.close()
        self._journals.clear()
        if forked:
            with suppress(OSError):
                os.close(self._lock)
        else:
            Abandoned(self._own, self._lock).release()

    def _count(self, size: int) -> bool:
        """Reserve room, or give it back; the journals may grow by what is left then."""
        with self._counting:
            sizes = {journal: journal.size for journal in list(self._journals.values())}
            room = self._max_bytes - self._batch_bytes - sum(sizes.values()) - size
            if size > 0 and room < 0:
                return False
            self._batch_bytes += size
            for journal, written in sizes.items():
                journal.limit = written + max(0, room)
            return True

    def _check_version(self) -> None:
        version = self._root / "version"
        with suppress(FileExistsError), version.open("x") as file:
            file.write(_VERSION)
        found = version.read_text()
        if found not in (_VERSION, ""):
            raise OSError(
                f"{self._root}: it was written by another version of usagelake ({found.strip()!r}); name another "
                "folder, and let that version drain this one"
            )


def _locked(folder: Path) -> int:
    """Lock a part of the spool.

    Raises:
        OSError: A living process has it.
    """
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
