"""Reconcile delivery by what objects say of themselves: counts alone, and no body is read."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from usagelake.domain.landing import LandingKey
from usagelake.domain.manifest import Manifest
from usagelake.domain.period import HOUR
from usagelake.errors import ConfigurationError
from usagelake.services.reconcile.ahead import ask_ahead
from usagelake.services.reconcile.emitted_files import read_lines
from usagelake.services.reconcile.judging import Judge
from usagelake.services.reconcile.landing_objects import objects_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    from usagelake.services.progress import Progress
    from usagelake.services.reconcile.report import BadLine, LeftOut, Side
    from usagelake.services.reconcile.window import Window
    from usagelake.storage import Storage

BLIND_SPOTS: Final = (
    "Counts only: this cannot see which events landed, whether their content is the same, an event that was lost where "
    "another landed twice, or in which hour an event lies whose object spans several."
)
ALL_TYPES: Final = "(all)"


@dataclass(slots=True)
class Span:
    """How many events were emitted, and between which numbers that landed."""

    emitted: int = 0
    at_least: int = 0
    at_most: int = 0

    def equal(self, bad_lines: int = 0) -> bool:
        """Tell whether as many may have landed as were emitted, and of so many bad lines any number."""
        return self.at_least - bad_lines <= self.emitted <= self.at_most


@dataclass(frozen=True, slots=True)
class CountReconciliation:
    """Counts that were emitted against counts that objects tell.

    Attributes:
        emitted: The second copy's lines.
        objects: Objects whose counts were taken.
        left_out: Objects that were not asked.
        without_manifest: How many objects do not tell their count, or do not tell it soundly.
        without_manifest_example: The key of one.
        totals: The counts of each event type.
        hours: The counts of each event type and hour.
    """

    emitted: Side
    objects: int
    left_out: LeftOut
    without_manifest: int
    without_manifest_example: str | None
    totals: Mapping[str, Span]
    hours: Mapping[tuple[str, datetime], Span]

    @property
    def bad_lines(self) -> int:
        """Emitted lines that are no billing events; objects may hold and count them all the same."""
        return sum(rejections.lines for rejections in self.emitted.rejected.values())

    @property
    def equal(self) -> bool:
        """Whether every count may agree, and no object kept silent."""
        spans = [*self.totals.values(), *self.hours.values()]
        return not self.without_manifest and all(span.equal(self.bad_lines) for span in spans)


@dataclass(frozen=True, slots=True)
class _Landed:
    event_type: str
    events: int
    first: datetime
    last: datetime


def reconcile_by_manifest(
    emitted: Sequence[Path],
    storage: Storage,
    *,
    window: Window,
    margin: timedelta,
    progress: Progress,
    mixed: bool = False,
    bad: Callable[[BadLine], None] = lambda _: None,
) -> CountReconciliation:
    """Compare how many events were emitted with how many objects say they hold.

    Args:
        emitted: The files of the second copy.
        storage: The landing: a place that keeps metadata.
        window: Which events, by their own time, in whole hours.
        margin: How far from the window an object's time, by its key, may be for the object to be asked.
        progress: Is told of the work.
        mixed: Objects mix event types, so that all are counted together; otherwise an object's event type is the
            last folder before the time of its key.
        bad: Is told of each emitted line that is no billing event.

    Raises:
        ConfigurationError: The window is not in whole hours, or the place keeps no metadata.
        StorageError: A file cannot be read, or an object not be asked.
    """
    if not window.whole_hours:
        raise ConfigurationError("--by-manifest counts whole hours; let --from and --to be at the turn of an hour")
    judge = Judge(window, bad)
    hours = _emitted_hours(emitted, judge, progress, mixed=mixed)
    objects, left_out = objects_of(storage, window, margin)
    progress.start("manifests", total=len(objects), unit="objects")
    landed, silent = [], []
    for key, metadata in ask_ahead(storage.metadata, [info.key for info in objects]):
        if metadata is None:
            raise ConfigurationError(f"{storage.location} keeps no metadata beside its objects; drop --by-manifest")
        told = _landed(key, metadata, mixed=mixed)
        if told is None:
            silent.append(key)
        else:
            landed.append(told)
        progress.advance(1)
    progress.finish()
    return CountReconciliation(
        emitted=judge.side,
        objects=len(landed),
        left_out=left_out,
        without_manifest=len(silent),
        without_manifest_example=min(silent, default=None),
        totals=_totals(hours, landed, window),
        hours=_hours(hours, landed, window),
    )


def _emitted_hours(
    files: Sequence[Path], judge: Judge, progress: Progress, *, mixed: bool
) -> Counter[tuple[str, datetime]]:
    hours: Counter[tuple[str, datetime]] = Counter()
    progress.start("emitted", total=len(files), unit="files")
    for file in files:
        judge.side.sources += 1
        for line in read_lines(file):
            event = judge.event(line, str(file))
            if event is not None:
                hours[ALL_TYPES if mixed else event.event_type, _hour(event.event_time)] += 1
        progress.advance(1)
    progress.finish()
    return hours


def _landed(key: str, metadata: Mapping[str, str], *, mixed: bool) -> _Landed | None:
    """Tell what an object holds, and when; None when it does not say."""
    try:
        told = Manifest.parse(metadata)
    except ValueError:
        return None
    parsed = LandingKey.parse(key)
    if parsed is None and not (mixed and told.first):
        return None
    event_type = ALL_TYPES if mixed or parsed is None else parsed.prefix.rpartition("/")[2]
    if told.first is None or told.last is None:
        return None if parsed is None else _Landed(event_type, told.events, parsed.arrival, parsed.arrival)
    first, last = (datetime.fromisoformat(text).astimezone(UTC) for text in (told.first, told.last))
    if told.events < 1 + (first != last) or first > last:
        return None
    return _Landed(event_type, told.events, first, last)


def _totals(emitted: Counter[tuple[str, datetime]], landed: Iterable[_Landed], window: Window) -> dict[str, Span]:
    """Count each event type. An object that the window cuts has at least its ends that are inside, inside."""
    totals: dict[str, Span] = defaultdict(Span)
    for (event_type, _), events in emitted.items():
        totals[event_type].emitted += events
    for one in landed:
        inside = window.contains(one.first), window.contains(one.last)
        apart = one.first != one.last
        if not window.overlaps(one.first, one.last):
            continue
        ends = sum(inside) if apart else int(inside[0])
        total = totals[one.event_type]
        total.at_least += one.events if all(inside) else ends
        total.at_most += one.events if all(inside) else one.events - (1 + apart - ends)
    return dict(sorted(totals.items()))


def _hours(
    emitted: Counter[tuple[str, datetime]], landed: Sequence[_Landed], window: Window
) -> dict[tuple[str, datetime], Span]:
    """Count each hour. An object that spans several has at least an event in its first and one in its last."""
    hours: dict[tuple[str, datetime], Span] = defaultdict(Span)
    for cell, events in emitted.items():
        hours[cell].emitted += events
    spanning = []
    for one in landed:
        first, last = _hour(one.first), _hour(one.last)
        for hour in {first, last}:
            span = hours[one.event_type, hour]
            span.at_least += one.events if first == last else 1
            span.at_most += one.events if first == last else one.events - 1
        if last - first > HOUR:
            spanning.append(one)
    for (event_type, hour), span in hours.items():
        span.at_most += sum(
            one.events - 2
            for one in spanning
            if one.event_type == event_type and _hour(one.first) < hour < _hour(one.last)
        )
    return {cell: span for cell, span in sorted(hours.items()) if window.contains(cell[1])}


def _hour(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)
