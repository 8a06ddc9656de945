"""Bring a lake up to its landing: what every run begins with, whether somebody waits for invoices or nobody does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.services.ingest import IngestReport, ingest, never
from usagelake.services.roll_up import roll_up

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from usagelake.engines import Engine, QueryLibrary
    from usagelake.services.arrivals import Arrivals
    from usagelake.services.progress import Progress
    from usagelake.storage import Storage


def ingest_and_roll_up(
    engine: Engine,
    queries: QueryLibrary,
    storage: Storage,
    *,
    still_here: Callable[[], None],
    clock: Callable[[], datetime],
    progress: Progress,
    keep_source_ip: bool = False,
    arrivals: Arrivals | None = None,
    stop: Callable[[], bool] = never,
) -> IngestReport:
    """Take in what is new, and set the hours that it touches.

    Hours are set also of what an earlier run has taken in and could not roll up any more.

    Args:
        engine: Where the lake lies; the caller keeps other runs from changing it.
        queries: The SQL.
        storage: The landing.
        still_here: What `Engine.exclusive` gave.
        clock: Tells the time of ingest and of roll-up.
        progress: Is told of the work.
        keep_source_ip: Whether callers' addresses are kept, truncated.
        arrivals: The hours whose folders are listed; None lists the whole landing.
        stop: Is asked after each batch whether to leave the rest for another run.

    Raises:
        LakeBusyError: Another run has taken over.
        EngineError: A statement failed; a run to come goes on from there.
        StorageError: The landing cannot be listed.
    """

    def stopped() -> bool:
        still_here()
        return stop()

    report = ingest(
        engine,
        queries,
        storage,
        clock=clock,
        progress=progress,
        keep_source_ip=keep_source_ip,
        arrivals=arrivals,
        stop=stopped,
    )
    roll_up(engine, queries, clock=clock, progress=progress)
    return report
