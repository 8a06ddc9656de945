"""Backfill: take in what has arrived over a long span of time, window by window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from usagelake.services.arrivals import in_windows, landing_prefixes
from usagelake.services.ingest import ingest
from usagelake.services.progress import Silent
from usagelake.services.roll_up import roll_up

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from usagelake.engines import Engine, QueryLibrary, Unreadable
    from usagelake.services.progress import Progress
    from usagelake.storage import Storage


@dataclass(frozen=True, slots=True)
class BackfillReport:
    """What a backfill met.

    Attributes:
        windows: How many windows there were.
        new_objects: Objects that were read by this run.
        unreadable: Objects that could not be opened.
        prefixes: The landing prefixes that were listed.
    """

    windows: int
    new_objects: int
    unreadable: tuple[Unreadable, ...]
    prefixes: tuple[str, ...]


def backfill(
    engine: Engine,
    queries: QueryLibrary,
    storage: Storage,
    *,
    start: datetime,
    end: datetime,
    step: timedelta,
    clock: Callable[[], datetime],
    progress: Progress,
    keep_source_ip: bool = False,
) -> BackfillReport:
    """Take in the objects that arrived within a span of time, and roll up what they touch.

    Each window is listed, read and kept before the next one. Interrupted anywhere and run again, windows that are
    done cost a listing and nothing more; hours that wait for roll-up are rolled up by whichever run ends first.

    Args:
        engine: Where the lake lies.
        queries: The SQL.
        storage: The landing.
        start: The first hour of arrival, by the objects' folders: an aware datetime.
        end: The end, exclusive.
        step: How long a window is, a whole number of hours.
        clock: Tells the time of ingest and of roll-up.
        progress: Is told of each window.
        keep_source_ip: Whether callers' addresses are kept, truncated.

    Raises:
        LakeBusyError: Another run is at work.
        EngineError: A statement failed; run again to go on.
        StorageError: The landing cannot be listed.
    """
    prefixes = landing_prefixes(storage)
    windows = list(in_windows(start, end, step, prefixes))
    new_objects = 0
    unreadable: list[Unreadable] = []

    with engine.exclusive(clock) as still_here:

        def stopped() -> bool:
            still_here()
            return False

        progress.start("backfill", total=len(windows), unit="windows")
        for arrivals in windows:
            report = ingest(
                engine,
                queries,
                storage,
                clock=clock,
                progress=Silent(),
                keep_source_ip=keep_source_ip,
                arrivals=arrivals,
                stop=stopped,
            )
            new_objects += report.new_objects
            unreadable.extend(report.unreadable)
            progress.advance(1)
        progress.finish()
        roll_up(engine, queries, clock=clock, progress=progress)
    return BackfillReport(len(windows), new_objects, tuple(unreadable), prefixes)
