"""One attempt after another, by as many threads as uploads may be in flight."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from usagelake.errors import (
    ConfigurationError,
    StorageConflictError,
    StorageDeniedError,
    StorageError,
    StorageUnavailableError,
)
from usagelake.shipping import lanes
from usagelake.shipping.batch import CONTENT_TYPE
from usagelake.shipping.drop_reason import DropReason
from usagelake.shipping.spool.sealed_file import DamagedBatchError

if TYPE_CHECKING:
    from collections.abc import Callable

    from usagelake.shipping.batch import Batch, SealedObject
    from usagelake.shipping.depot import Depot
    from usagelake.shipping.lanes import Backoff
    from usagelake.shipping.report import Report
    from usagelake.shipping.surroundings import Surroundings
    from usagelake.storage import Storage


class Uploader:
    """Puts batches on the store, each under its own key however often.

    Args:
        depot: Where batches wait.
        open_store: Opens the store; called once, by the first attempt of the process.
        surroundings: Time and chance.
        report: Where failures are said.
    """

    def __init__(
        self, depot: Depot, open_store: Callable[[], Storage], surroundings: Surroundings, report: Report
    ) -> None:
        self.closing = False
        self._depot = depot
        self._open_store = open_store
        self._surroundings = surroundings
        self._report = report
        self._store: Storage | None = None
        self._opening = threading.Lock()

    def attempt(self, batch: Batch) -> None:
        """Try to deliver a batch that is in flight, and settle it or queue it again; never raises."""
        sealed = self._load(batch)
        if sealed is None:
            return
        try:
            self._open().put_if_absent(
                sealed.key, sealed.body, content_type=CONTENT_TYPE, metadata=sealed.manifest.metadata()
            )
        except StorageConflictError:
            self._again(batch, lanes.CLOSING)
        except StorageUnavailableError as error:
            self._report.warn("unavailable", "delivery waits and is tried again: %s", error)
            self._again(batch, lanes.TRANSIENT)
        except (StorageDeniedError, ConfigurationError) as error:
            self._report.alarm("denied", "events are kept and not delivered until this is mended: %s", error)
            self._again(batch, lanes.REFUSED)
        except StorageError as error:
            self._report.alarm("refused", "the store refuses an object, it is kept: %s: %s", sealed.key, error)
            self._again(batch, lanes.REFUSED, behind=True)
        except Exception as error:  # noqa: BLE001  # a client's own bug must not end the thread that delivers
            self._report.alarm("unexpected", "delivery is tried again after %s: %s", type(error).__name__, error)
            self._again(batch, lanes.TRANSIENT)
        else:
            self._settle(batch)

    def _settle(self, batch: Batch) -> None:
        try:
            self._depot.delivered(batch, now=self._surroundings.monotonic(), at=self._surroundings.clock())
        except OSError as fault:
            self._report.alarm("spool", "the spool cannot forget what was delivered, and may deliver again: %s", fault)

    def _again(self, batch: Batch, backoff: Backoff, *, behind: bool = False) -> None:
        self._depot.retry(
            batch, lanes.CLOSING if self.closing else backoff, self._surroundings.monotonic(), behind=behind
        )

    def _open(self) -> Storage:
        with self._opening:
            if self._store is None:
                self._store = self._open_store()
            return self._store

    def _load(self, batch: Batch) -> SealedObject | None:
        """Give a batch's object; None when it is in memory no more and cannot be read from the spool."""
        if batch.sealed is not None:
            return batch.sealed
        spool = self._depot.spool
        assert spool is not None
        try:
            return spool.load(batch)
        except (DamagedBatchError, FileNotFoundError) as damage:
            self._report.alarm("damaged", "a spooled batch is set aside: %s", damage)
            spool.set_aside(batch)
            self._depot.lost(batch, DropReason.SPOOL_DAMAGED)
        except OSError as fault:
            self._report.alarm("spool", "a spooled batch cannot be read now: %s", fault)
            self._again(batch, lanes.TRANSIENT, behind=True)
        return None
