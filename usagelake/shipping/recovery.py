"""Taking over what processes that ended have left in the spool."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from usagelake.shipping.ledger import State
from usagelake.shipping.partition import Partition
from usagelake.shipping.sealer import TOGETHER
from usagelake.shipping.spool.journal import ForeignJournalError, read_header, read_lines

if TYPE_CHECKING:
    from pathlib import Path

    from usagelake.shipping.batch import Batch
    from usagelake.shipping.depot import Depot
    from usagelake.shipping.drop_reason import DropReason
    from usagelake.shipping.report import Report
    from usagelake.shipping.spool import Spool
    from usagelake.shipping.surroundings import Surroundings


@dataclass(slots=True)
class _Replay:
    """What comes out of one journal."""

    partition: Partition
    positions: dict[str, int] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    refused: list[tuple[bytes, DropReason]] = field(default_factory=list)
    full: list[Batch] = field(default_factory=list)

    def feed(self, line: bytes, minute: int) -> None:
        """Take the next line."""
        reason, full = self.partition.feed(line, minute)
        if reason is not None:
            self.refused.append((line, reason))
        self.full += full


class Recovery:
    """Queues every abandoned batch under its own key, and cuts abandoned journals into the batches they were to give.

    A journal's batches come out under the keys that the dead process gave them, because both follow from the journal
    alone: those that it had delivered are answered with 412. A process that died while it recovered has left batches
    beside the journal that they came from: whatever has a name that this process holds is held once.

    Args:
        depot: Where the batches wait then.
        spool: Where they lie.
        surroundings: Time.
        report: Where it is said what cannot be taken over.
    """

    def __init__(self, depot: Depot, spool: Spool, surroundings: Surroundings, report: Report) -> None:
        self._depot = depot
        self._spool = spool
        self._surroundings = surroundings
        self._report = report
        self._known: set[str] = set()

    def run(self) -> None:
        """Take over all that is abandoned now; what cannot be read or moved stays for the next time."""
        self._known = self._depot.names()
        for abandoned in self._spool.abandoned():
            try:
                for journal in abandoned.journals():
                    self._replay(journal)
                for batch in abandoned.batches():
                    self._take_over(batch)
            except OSError as fault:
                self._report.alarm("recovery", "%s cannot be taken over now: %s", abandoned.folder, fault)
            finally:
                abandoned.release()

    def _take_over(self, batch: Batch) -> None:
        """Move a sealed batch here, unless it is here already."""
        if batch.name in self._known and batch.file is not None:
            batch.file.unlink()
            return
        self._spool.take_over(batch)
        self._queue(batch)

    def _replay(self, path: Path) -> None:
        """Turn a journal into sealed batches of this process, then remove it.

        Raises:
            OSError: The disk is full or fails. The journal stays, and is replayed again: the batches are the same.
        """
        try:
            header = read_header(path)
        except ForeignJournalError:
            self._report.alarm("foreign", "%s was written by another version of usagelake: it is left as it is", path)
            return
        if header is None:
            path.unlink()
            return
        replay = _Replay(Partition(header.segment, header.rules))
        try:
            self._cut(path, replay)
            self._spool.positions.write(replay.positions)
        except OSError:
            for batch in replay.batches:
                self._spool.remove(batch)
            raise
        path.unlink()
        with self._depot.lock:
            self._depot.ledger.recovered += len(replay.refused)
            for _, reason in replay.refused:
                self._depot.ledger.dropped[reason] += 1
        for batch in replay.batches:
            self._queue(batch)
        for line, reason in replay.refused:
            self._spool.refuse(line, reason, self._surroundings.clock())

    def _cut(self, path: Path, replay: _Replay) -> None:
        """Put a journal's lines into batches, and these on the disk."""
        for line, number in read_lines(path):
            if isinstance(line, str):
                replay.positions[line] = number
                continue
            replay.feed(line, number)
            if len(replay.full) >= TOGETHER:
                self._keep(replay)
        replay.full += replay.partition.finish()
        self._keep(replay)

    def _keep(self, replay: _Replay) -> None:
        """Bring the full batches to the disk, but those that this process holds already."""
        new = [batch for batch in replay.full if batch.name not in self._known]
        if new:
            self._spool.write(new)
        for batch in new:
            batch.sealed = None
        replay.batches += new
        replay.full = []

    def _queue(self, batch: Batch) -> None:
        self._known.add(batch.name)
        batch.state = State.SPOOLED
        with self._depot.lock:
            self._depot.ledger.recover(batch.events)
            self._depot.queue([batch])
