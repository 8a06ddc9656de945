"""What has been brought to the disk when an object is uploaded: what outlives the machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.shipping.lines import CREATED, event
from tests.shipping.memory_store import MemoryStore
from usagelake.shipping.config import ShippingConfig
from usagelake.shipping.shipper import Shipper

if TYPE_CHECKING:
    from usagelake.storage.protocol import PutOutcome


class _Disk:
    """Remembers what each fsync has brought to the disk."""

    def __init__(self) -> None:
        self.synced = b""
        self._sync = os.fdatasync

    def fdatasync(self, descriptor: int) -> None:
        self._sync(descriptor)
        self.synced += Path(f"/proc/self/fd/{descriptor}").read_bytes()


class _WatchedStore(MemoryStore):
    """Notes each line that is uploaded before it was on the disk."""

    def __init__(self, disk: _Disk) -> None:
        super().__init__()
        self.too_early: list[bytes] = []
        self._disk = disk

    def put_if_absent(self, key: str, body: bytes, **rest: Any) -> PutOutcome:
        self.too_early += [line for line in body.splitlines() if line not in self._disk.synced]
        return super().put_if_absent(key, body, **rest)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files cannot be looked at here")
@pytest.mark.parametrize("strength", ["sealed", "every-event"])
def test_nothing_is_uploaded_before_it_is_on_the_disk(
    tmp_path: Path, strength: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that dies has lost at most what was not sealed, in both strengths."""
    disk = _Disk()
    monkeypatch.setattr(os, "fdatasync", disk.fdatasync)
    store = _WatchedStore(disk)
    options = {"to": "memory", "max_events": 5, "spool": tmp_path / "spool", "spool_strength": strength}
    shipper = Shipper(ShippingConfig.of(options), lambda: store)
    for number in range(200):
        shipper.offer(event(number), CREATED)
    assert shipper.close(30).delivered == 200
    assert store.too_early == []
