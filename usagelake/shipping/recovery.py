"""Taking over what processes that ended have left in the spool."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from usagelake.shipping.ledger import State
from usagelake.shipping.partition import Partition
from usagelake.shipping.spool.journal import ForeignJournalError, read_header, read_lines

if TYPE_CHECKING:
    from pathlib import Path

    from usagelake.shipping.batch import Batch
    from usagelake.shipping.depot import Depot
    from usagelake.shipping.drop_reason import DropReason
    from usagelake.shipping.report import Report
    from usagelake.shipping.spool import Spool
    from usagelake.shipping.surroundings import Surroundings


def recover(depot: Depot, spool: Spool, surroundings: Surroundings, report: Report) -> None:
    """Queue every abandoned batch under its own key, and cut every abandoned journal into the batches it was to give.

    A journal's batches come out under the keys that the dead process gave them, because both follow from the
    journal alone: those that it had delivered are answered with 412.

    Args:
        depot: Where the batches wait then.
        spool: Where they lie.
        surroundings: Time.
        report: Where it is said what cannot be taken over.
    """
    for abandoned in spool.abandoned():
        replayed: set[str] = set()
        try:
            for journal in abandoned.journals():
                replayed |= _replay(journal, depot, spool, surroundings, report)
            for batch in abandoned.batches():
                if batch.name in replayed and batch.file is not None:
                    batch.file.unlink()
                    continue
                spool.take_over(batch)
                _queue(batch, depot)
        except OSError as fault:
            report.alarm("recovery", "%s cannot be taken over now: %s", abandoned.folder, fault)
        finally:
            abandoned.release()


def _replay(path: Path, depot: Depot, spool: Spool, surroundings: Surroundings, report: Report) -> set[str]:
    """Turn a journal into sealed batches of this process, then remove it.

    Returns:
        The batches' names.

    Raises:
        OSError: The disk is full or fails. The journal stays, and is replayed again: the batches are the same.
    """
    try:
        header = read_header(path)
    except ForeignJournalError:
        report.alarm("foreign", "%s was written by another version of usagelake: it is left as it is", path)
        return set()
    if header is None:
        path.unlink()
        return set()
    replay = _Replay(Partition(header.segment, header.rules))
    try:
        for line, number in read_lines(path):
            if isinstance(line, str):
                replay.positions[line] = number
            else:
                replay.keep(replay.feed(line, number), spool)
        replay.keep(replay.partition.finish(), spool)
        spool.positions.write(replay.positions)
    except OSError:
        for batch in replay.batches:
            spool.remove(batch)
        raise
    path.unlink()
    with depot.lock:
        depot.ledger.recovered += len(replay.refused)
        for _, reason in replay.refused:
            depot.ledger.dropped[reason] += 1
    for line, reason in replay.refused:
        spool.refuse(line, reason, surroundings.clock())
    for batch in replay.batches:
        _queue(batch, depot)
    return {batch.name for batch in replay.batches}


@dataclass(slots=True)
class _Replay:
    """What comes out of a journal."""

    partition: Partition
    positions: dict[str, int] = field(default_factory=dict)
    batches: list[Batch] = field(default_factory=list)
    refused: list[tuple[bytes, DropReason]] = field(default_factory=list)

    def feed(self, line: bytes, minute: int) -> list[Batch]:
        reason, full = self.partition.feed(line, minute)
        if reason is not None:
            self.refused.append((line, reason))
        return full

    def keep(self, batches: list[Batch], spool: Spool) -> None:
        for batch in batches:
            spool.write(batch)
            batch.sealed = None
            self.batches.append(batch)


def _queue(batch: Batch, depot: Depot) -> None:
    batch.state = State.SPOOLED
    with depot.lock:
        depot.ledger.recover(batch.events)
    depot.queue([batch])
