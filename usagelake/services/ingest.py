"""Ingest: every landing object once, every good line once, every bad line into quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from usagelake.domain.landing import Source, arrival_minute, is_landing_object
from usagelake.services.arrivals import Arrivals, list_arrivals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from usagelake.engines import Engine, QueryLibrary, Unreadable
    from usagelake.services.progress import Progress
    from usagelake.storage import ObjectInfo, Storage

_DAY = timedelta(days=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_FAR_AHEAD = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one run of ingest met.

    Attributes:
        new_objects: Objects that were read by this run.
        unreadable: Objects that could not be opened; they are tried again by the next run.
        ignored: How many objects of the landing are no landing objects by their name.
        ignored_example: The key of one of them.
        waiting: How many new objects were left for the next run, because this one was told to stop.
    """

    new_objects: int
    unreadable: tuple[Unreadable, ...]
    ignored: int
    ignored_example: str | None
    waiting: int = 0


def never() -> bool:
    """Tell that a run need not stop before its work is done."""
    return False


def ingest(
    engine: Engine,
    queries: QueryLibrary,
    storage: Storage,
    *,
    clock: Callable[[], datetime],
    progress: Progress,
    keep_source_ip: bool = False,
    arrivals: Arrivals | None = None,
    stop: Callable[[], bool] = never,
) -> IngestReport:
    """Take in the objects of a landing that the lake has not taken yet.

    Each batch is one change: events, quarantine, objects and the hours to roll up. Killed anywhere and run
    again, what was not taken is taken, and what was is not taken twice.

    Args:
        engine: Where the lake lies.
        queries: The SQL.
        storage: The landing.
        clock: Tells the time of ingest, once per batch.
        progress: Is told of the work.
        keep_source_ip: Whether callers' addresses are kept, truncated.
        arrivals: The hours whose folders are listed; None lists the whole landing.
        stop: Is asked after each batch whether to leave the rest for another run.

    Raises:
        EngineError: A statement failed; the batch has left no trace.
        StorageError: The landing cannot be listed.
    """
    listed = list(storage.list() if arrivals is None else list_arrivals(storage, arrivals))
    landing = [info for info in listed if is_landing_object(info.key)]
    ignored = [info.key for info in listed if not is_landing_object(info.key)]
    new = _not_taken(engine, queries, landing, arrivals)
    progress.start("ingest", total=sum(info.size for info in new), unit="bytes")
    unreadable: list[Unreadable] = []
    taken = 0
    holding: frozenset[Source] = frozenset(Source)
    for batch in engine.take_in(storage, new):
        with engine.transaction():
            # What a source has left from the batch before must go, even where this one holds nothing of it.
            _stage(engine, queries, batch.sources | holding, keep_source_ip=keep_source_ip)
            _take(engine, queries, batch.sources, clock())
        holding = batch.sources
        taken += batch.objects
        unreadable.extend(batch.unreadable)
        progress.advance(batch.size)
        if stop():
            break
    progress.finish()
    return IngestReport(
        new_objects=taken,
        unreadable=tuple(unreadable),
        ignored=len(ignored),
        ignored_example=min(ignored, default=None),
        waiting=len(new) - taken - len(unreadable),
    )


def _not_taken(
    engine: Engine, queries: QueryLibrary, landing: list[ObjectInfo], arrivals: Arrivals | None
) -> list[ObjectInfo]:
    """Pick the objects whose content the lake has not seen, oldest arrival first.

    The order is a help, not a need: neighbours in time make batches that touch few event days.
    """
    span = {} if arrivals is None else {"first_folder": arrivals.first_folder, "last_folder": arrivals.last_folder}
    taken = set(engine.fetch(queries.get("events", "taken_objects"), span).rows)
    new = [info for info in landing if (info.key, info.size, info.version) not in taken]
    return sorted(new, key=lambda info: (arrival_minute(info.key) or _LONG_AGO, info.key))


def _stage(engine: Engine, queries: QueryLibrary, sources: Iterable[Source], *, keep_source_ip: bool) -> None:
    """Parse and judge the lines of the batch that is out."""
    for source in sorted(sources):
        landed = queries.get("landing", f"landed_{source}")
        values = {"keep_source_ip": keep_source_ip} if "keep_source_ip" in landed.params else {}
        engine.stage(landed.name, landed, values)


def _take(engine: Engine, queries: QueryLibrary, sources: Iterable[Source], now: datetime) -> None:
    """Turn the staged lines into rows."""
    for source in sorted(sources):
        lines, first, last = engine.fetch(queries.get("events", f"span_of_{source}")).rows[0]
        if lines == 0:
            continue
        values = {
            "ingested_at": now,
            "window_start": _shifted(first or now, -_DAY),
            "window_end": _shifted(last or now, 2 * _DAY),
        }
        engine.execute(queries.get("events", f"merge_{source}"), values)
        engine.execute(queries.get("events", f"quarantine_{source}"), values)
    engine.execute(queries.get("rollup", "mark_stale_hours"), {"ingested_at": now})
    # Last: where a batch is no single change, an object counts as taken only when all that follows from it is there.
    engine.execute(queries.get("events", "record_objects"), {"ingested_at": now})


def _shifted(instant: datetime, by: timedelta) -> datetime:
    """Move an instant to the start of its day and by some days, within the years that there are."""
    day = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        return day + by
    except OverflowError:
        return _LONG_AGO if by < timedelta() else _FAR_AHEAD
