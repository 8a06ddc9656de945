"""Ingest and roll-up as a scheduler calls them: within a span of arrivals and of time, with figures to watch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from usagelake.services.ingest_and_roll_up import ingest_and_roll_up
from usagelake.services.lake_counts import count_lake
from usagelake.services.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from usagelake.engines import Engine, QueryLibrary
    from usagelake.services.arrivals import Arrivals
    from usagelake.services.ingest import IngestReport
    from usagelake.storage import Storage


@dataclass(frozen=True, slots=True)
class ScheduledIngest:
    """What a run came to.

    Attributes:
        report: What ingest met.
        quarantined: How many lines this run has put into quarantine.
    """

    report: IngestReport
    quarantined: int

    @property
    def counts(self) -> dict[str, int]:
        """The figures to watch: what was taken, and what a later run tries again."""
        return {
            "ObjectsTaken": self.report.new_objects,
            "ObjectsWaiting": self.report.waiting,
            "UnreadableObjects": len(self.report.unreadable),
            "LinesQuarantined": self.quarantined,
        }


def scheduled_ingest(
    engine: Engine,
    queries: QueryLibrary,
    storage: Storage,
    *,
    arrivals: Arrivals,
    clock: Callable[[], datetime],
    stop: Callable[[], bool],
    keep_source_ip: bool = False,
) -> ScheduledIngest:
    """Take in what has arrived within some hours, and roll it up.

    Args:
        engine: Where the lake lies.
        queries: The SQL.
        storage: The landing.
        arrivals: The hours whose folders are listed.
        clock: Tells the time of ingest and of roll-up.
        stop: Is asked after each batch whether to leave the rest for another run.
        keep_source_ip: Whether callers' addresses are kept, truncated.

    Raises:
        LakeBusyError: Another run is at work.
        EngineError: A statement failed; a run to come goes on from there.
        StorageError: The landing cannot be listed.
    """
    with engine.exclusive(clock) as still_here:
        before = count_lake(engine, queries)
        report = ingest_and_roll_up(
            engine,
            queries,
            storage,
            still_here=still_here,
            clock=clock,
            progress=Silent(),
            keep_source_ip=keep_source_ip,
            arrivals=arrivals,
            stop=stop,
        )
        after = count_lake(engine, queries)
    return ScheduledIngest(report, after.quarantined - before.quarantined)
