"""Reconcile delivery: what services logged against what landed, event by event, by id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from usagelake.domain.billing_event import BillingEvent, parse_billing_event
from usagelake.domain.content_hash import content_hash
from usagelake.domain.json_lines import read_object
from usagelake.services.reconcile.ahead import bodies
from usagelake.services.reconcile.emitted_files import read_lines
from usagelake.services.reconcile.judging import Judge, cell_of
from usagelake.services.reconcile.landing_objects import objects_of
from usagelake.services.reconcile.ledger import Kind, Ledger
from usagelake.services.reconcile.report import Finding, Reconciliation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import timedelta
    from pathlib import Path

    from usagelake.domain.json_lines import Line
    from usagelake.services.progress import Progress
    from usagelake.services.reconcile.report import BadLine
    from usagelake.services.reconcile.window import Window
    from usagelake.storage import Storage

Details: TypeAlias = "Callable[[Finding | BadLine], None]"

_ID_FIRST: Final = '{"id":"'


def reconcile_delivery(
    emitted: Sequence[Path],
    storage: Storage,
    *,
    window: Window,
    margin: timedelta,
    progress: Progress,
    details: Details | None = None,
    named_at_most: int = 20,
) -> Reconciliation:
    """Compare what was emitted with what landed.

    The emitted events of the window are entered first; then the landing is listed, so that what lands meanwhile is no
    matter. A landed line counts when its own time is in the window, or when its id was emitted in the window. At last
    the files with missing events are read once more, for their names.

    Args:
        emitted: The files of the second copy.
        storage: The landing.
        window: Which events, by their own time.
        margin: How far from the window an object's time, by its key, may be for the object to be read.
        progress: Is told of the work.
        details: Is told of everything that is amiss, and of each line that is no billing event, as it is found.
        named_at_most: How many findings of each kind the result names.

    Raises:
        StorageError: A file or an object cannot be read.
    """
    run = _Run(emitted, window, details, named_at_most)
    run.read_emitted(progress)
    objects, left_out = objects_of(storage, window, margin)
    progress.start("landed", total=sum(info.size for info in objects), unit="bytes")
    for info, chunks in bodies(storage, objects):
        run.read_landed(info.key, read_object(chunks, gzipped=info.key.endswith(".gz")))
        progress.advance(info.size)
    progress.finish()
    run.name_missing(progress)
    return Reconciliation(
        emitted=run.emitted.side,
        landed=run.landed.side,
        left_out=left_out,
        cells=dict(sorted(run.ledger.cells.items())),
        named={kind: tuple(found) for kind, found in run.named.items()},
    )


class _Run:
    """What one reconciliation holds while it goes on."""

    def __init__(self, files: Sequence[Path], window: Window, details: Details | None, named_at_most: int) -> None:
        tell: Details = details or (lambda _: None)
        self.ledger = Ledger()
        self.emitted = Judge(window, tell)
        self.landed = Judge(window, tell)
        self.named: dict[Kind, list[Finding]] = {kind: [] for kind in Kind}
        self._files = files
        self._tell = tell
        self._tells_all = details is not None
        self._named_at_most = named_at_most

    def read_emitted(self, progress: Progress) -> None:
        """Enter every file of the second copy."""
        progress.start("emitted", total=len(self._files), unit="files")
        for number, file in enumerate(self._files):
            self.emitted.side.sources += 1
            for line in read_lines(file):
                event = self.emitted.event(line, str(file))
                if event is not None:
                    self.ledger.emit(event.event_id, event.content_hash, cell_of(event), number)
            progress.advance(1)
        progress.finish()

    def read_landed(self, key: str, lines: Iterable[Line]) -> None:
        """Enter one object."""
        number = self.landed.side.sources
        self.landed.side.sources += 1
        for line in lines:
            # A line that is, byte for byte, an emitted event needs no parsing: this is most of a landing.
            event_id = _id_written_first(line)
            if event_id is not None and self.ledger.emitted_content(event_id) == (content := content_hash(line.text)):
                self.landed.known_event()
                amiss = self.ledger.land(event_id, content, None, number)
                event = _event(line) if amiss else None
            elif (event := self.landed.event(line, key, wanted=self.ledger.was_emitted)) is not None:
                amiss = self.ledger.land(event.event_id, event.content_hash, cell_of(event), number)
            if event is not None:
                self._found(amiss, event, landed_in=key)

    def name_missing(self, progress: Progress) -> None:
        """Read the files that hold missing events once more, as far as their names are asked for."""
        numbers = self.ledger.files_with_missing()
        progress.start("missing", total=len(numbers), unit="files")
        for number in numbers:
            for line in read_lines(self._files[number]):
                if not self._tells_all and len(self.named[Kind.MISSING]) >= self._named_at_most:
                    break
                event = _event(line)
                if event is not None and self.ledger.name_missing(event.event_id):
                    self._found({Kind.MISSING}, event, landed_in=None)
            progress.advance(1)
        progress.finish()

    def _found(self, amiss: set[Kind], event: BillingEvent, *, landed_in: str | None) -> None:
        """Name an event that is amiss."""
        for kind in sorted(amiss):
            emitted_in = self.ledger.emitted_in(event.event_id)
            finding = Finding(
                kind=kind,
                event_id=event.event_id,
                event_type=event.event_type,
                event_time=event.event_time,
                emitted_in=None if emitted_in is None else str(self._files[emitted_in]),
                landed_in=landed_in,
            )
            self._tell(finding)
            if len(self.named[kind]) < self._named_at_most:
                self.named[kind].append(finding)


def _event(line: Line) -> BillingEvent | None:
    event = None if line.reason is not None else parse_billing_event(line.text)
    return event if isinstance(event, BillingEvent) else None


def _id_written_first(line: Line) -> str | None:
    """Guess the id of a line that starts with it, as emitters write it; the content tells whether it is right."""
    if line.reason is not None or not line.text.startswith(_ID_FIRST):
        return None
    return line.text[len(_ID_FIRST) : line.text.find('"', len(_ID_FIRST))]
