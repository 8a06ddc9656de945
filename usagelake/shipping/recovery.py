"""Taking over what processes that ended have left in the spool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.shipping.batch import Batch
from usagelake.shipping.drop_reason import DropReason
from usagelake.shipping.ledger import State
from usagelake.shipping.partition import Partition
from usagelake.shipping.spool.journal import ForeignJournalError, read_header, read_lines

if TYPE_CHECKING:
    from pathlib import Path

    from usagelake.shipping.depot import Depot
    from usagelake.shipping.report import Report
    from usagelake.shipping.spool import Spool
    from usagelake.shipping.surroundings import Surroundings


def recover(depot: Depot, spool: Spool, surroundings: Surroundings, report: Report) -> None:
    """Queue every abandoned batch under its own key, and cut every abandoned journal into the batches it was to give.

    A journal's batches come out under the keys that the dead process gave them, because both follow from the
    journal alone: those that it had delivered are answered with 412. A process that died while it recovered has left
    batches beside the journal that they came from: whatever has a name that this process holds is held once.

    Args:
        depot: Where the batches wait then.
        spool: Where they lie.
        surroundings: Time.
        report: Where it is said what cannot be taken over.
    """
    known = depot.names()
    for abandoned in spool.abandoned():
        try:
            for journal in abandoned.journals():
                _replay(journal, known, depot, spool, surroundings, report)
            for batch in abandoned.batches():
                if batch.name in known and batch.file is not None:
                    batch.file.unlink()
                    continue
                spool.take_over(batch)
                known.add(batch.name)
                _queue(batch, depot)
        except OSError as fault:
            report.alarm("recovery", "%s cannot be taken over now: %s", abandoned.folder, fault)
        finally:
            abandoned.release()


def _replay(
    path: Path, known: set[str], depot: Depot, spool: Spool, surroundings: Surroundings, report: Report
) -> None:
    """Turn a journal into sealed batches of this process, then remove it.

    Args:
        path: The journal.
        known: The names of the batches that this process holds; the journal's are added.
        depot: Where the batches wait then.
        spool: Where they lie.
        surroundings: Time.
        report: Where it is said what cannot be taken over.

    Raises:
        OSError: The disk is full or fails. The journal stays, and is replayed again: the batches are the same.
    """
    try:
        header = read_header(path)
    except ForeignJournalError:
        report.alarm("foreign", "%s was written by another version of usagelake: it is left as it is", path)
        return
    if header is None:
        path.unlink()
        return
    partition = Partition(header.segment, header.rules)
    positions: dict[str, int] = {}
    batches: list[Batch] = []
    refused: list[tuple[bytes, DropReason]] = []
    try:
        for line, number in read_lines(path):
            if isinstance(line, str):
                positions[line] = number
                continue
            reason, full = partition.feed(line, number)
            if reason is not None:
                refused.append((line, reason))
            for batch in full:
                _keep(batch, known, spool, batches)
        for batch in partition.finish():
            _keep(batch, known, spool, batches)
        spool.positions.write(positions)
    except OSError:
        for batch in batches:
            spool.remove(batch)
        raise
    path.unlink()
    with depot.lock:
        depot.ledger.recovered += len(refused)
        for _, reason in refused:
            depot.ledger.dropped[reason] += 1
    for batch in batches:
        known.add(batch.name)
        _queue(batch, depot)
    for line, reason in refused:
        spool.refuse(line, reason, surroundings.clock())


def _keep(batch: Batch, known: set[str], spool: Spool, batches: list[Batch]) -> None:
    if batch.name in known:
        return
    spool.write(batch)
    batch.sealed = None
    batches.append(batch)


def _queue(batch: Batch, depot: Depot) -> None:
    batch.state = State.SPOOLED
    with depot.lock:
        depot.ledger.recover(batch.events)
    depot.queue([batch])
