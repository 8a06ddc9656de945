"""A store in a folder that fails as S3 does, and that several processes, some of them killed, can share."""

from __future__ import annotations

import os
import random
import threading
import time
import uuid
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from tests.shipping.chaos import mortal
from usagelake.domain.manifest import Manifest
from usagelake.errors import StorageConflictError, StorageDeniedError, StorageError, StorageUnavailableError
from usagelake.storage.protocol import PutOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from usagelake.storage.protocol import ObjectInfo

_LINK, _WRITE, _OPEN, _CLOSE, _UNLINK = os.link, os.write, os.open, os.close, os.unlink
"""Bound here, before anything makes the process's own changes fail: S3's disk is not the client's."""


class FaultyStore:
    """Puts into a folder, a file for each key.

    Args:
        folder: Where; it exists.
        dice: Decides what fails.
        trouble: The probability that a put does not simply work.
        die_at_put: The process is killed at this put, before or after it is stored; None lets it live.
    """

    def __init__(self, folder: Path, dice: random.Random, *, trouble: float, die_at_put: int | None = None) -> None:
        self._folder = folder
        self._dice = dice
        self._trouble = trouble
        self._lives = -1 if die_at_put is None else die_at_put
        self._lock = threading.Lock()

    @property
    def location(self) -> str:
        """The folder."""
        return str(self._folder)

    def put_if_absent(self, key: str, body: bytes, *, content_type: str, metadata: Mapping[str, str]) -> PutOutcome:
        """Put, or fail, or do both."""
        assert content_type == "application/x-ndjson"
        manifest = Manifest.parse(metadata)
        assert (manifest.events, manifest.sha256) == (body.count(b"\n"), sha256(body).hexdigest())
        with self._lock:
            self._lives -= 1
            dies, troubled = self._lives == 0, self._dice.random() < self._trouble
            kind, late, pause = self._dice.randrange(8), self._dice.random() < 0.5, self._dice.random()
        if troubled:
            time.sleep(pause * 0.003)
        if dies and not late:
            mortal.die()
        if not troubled or kind in {0, 1, 2, 3}:
            outcome = self._store(key, body)
            if dies:
                mortal.die()
            if not troubled or kind == 0:
                return outcome
            raise StorageUnavailableError("stored, and the answer is lost")
        if kind == 4:
            raise StorageConflictError("as the test wants it")
        if kind == 5 and late:
            raise StorageDeniedError("as the test wants it")
        if kind == 6 and late:
            raise StorageError("as the test wants it")
        raise StorageUnavailableError("as the test wants it")

    def _store(self, key: str, body: bytes) -> PutOutcome:
        unfinished = self._folder / f".{uuid.uuid4()}"
        descriptor = _OPEN(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        _WRITE(descriptor, body)
        _CLOSE(descriptor)
        try:
            _LINK(unfinished, self._folder / quote(key, safe=""))
        except FileExistsError:
            return PutOutcome.EXISTS
        finally:
            _UNLINK(unfinished)
        return PutOutcome.CREATED

    def list(self) -> Iterator[ObjectInfo]:
        """Is not asked for."""
        raise NotImplementedError

    def read(self, key: str) -> Iterator[bytes]:
        """Is not asked for."""
        raise NotImplementedError

    def path(self, key: str) -> Path | None:
        """Is not asked for."""
        raise NotImplementedError

    def metadata(self, key: str) -> Mapping[str, str] | None:
        """Is not asked for."""
        raise NotImplementedError


def stored_in(folder: Path) -> list[tuple[str, bytes]]:
    """Read every key and body."""
    return [
        (unquote(file.name), file.read_bytes()) for file in sorted(folder.iterdir()) if not file.name.startswith(".")
    ]
