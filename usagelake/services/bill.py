"""The main job: ingest what is new, roll it up, price a period, write its invoices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.services.ingest_and_roll_up import ingest_and_roll_up
from usagelake.services.lake_counts import count_lake
from usagelake.services.publication import publish_period
from usagelake.services.publish_lines import publish_lines
from usagelake.services.rate_period import rate_period

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from usagelake.domain.period import Period
    from usagelake.engines import Engine, QueryLibrary
    from usagelake.services.pricing import Pricing
    from usagelake.services.progress import Progress
    from usagelake.services.rate_period import Bill
    from usagelake.storage import Storage


def prepare_bill(
    engine: Engine,
    queries: QueryLibrary,
    storage: Storage,
    pricing: Pricing,
    period: Period,
    *,
    clock: Callable[[], datetime],
    progress: Progress,
    keep_source_ip: bool = False,
) -> Bill:
    """Bill a period from the raw lines, and write nothing outside the lake.

    Args:
        engine: Where the lake lies.
        queries: The SQL.
        storage: The landing.
        pricing: Prices and customers.
        period: What to bill.
        clock: Tells the time of ingest and of roll-up; no invoice depends on it.
        progress: Is told of the work.
        keep_source_ip: Whether callers' addresses are kept, truncated.

    Raises:
        EngineError: A statement failed.
        StorageError: The landing cannot be listed.
    """
    with engine.exclusive(clock) as still_here:
        before = count_lake(engine, queries)
        ingested = ingest_and_roll_up(
            engine,
            queries,
            storage,
            clock=clock,
            progress=progress,
            keep_source_ip=keep_source_ip,
            still_here=still_here,
        )
        done = rate_period(engine, queries, pricing, period, before=before, ingested=ingested)
        publish_lines(engine, queries, done, clock=clock)
        return done


def bill(
    engine: Engine,
    queries: QueryLibrary,
    storage: Storage,
    pricing: Pricing,
    period: Period,
    out: Path,
    *,
    clock: Callable[[], datetime],
    progress: Progress,
    keep_source_ip: bool = False,
) -> Bill:
    """Bill a period from the raw lines, and write what it comes to into the lake and into a folder.

    Killed at any moment and run again, it ends with the same invoices, byte for byte.

    Args:
        engine: Where the lake lies.
        queries: The SQL.
        storage: The landing.
        pricing: Prices and customers.
        period: What to bill.
        out: The folder for the results; a period's invoices are replaced as a whole.
        clock: Tells the time of ingest and of roll-up; no invoice depends on it.
        progress: Is told of the work.
        keep_source_ip: Whether callers' addresses are kept, truncated.

    Raises:
        EngineError: A statement failed.
        StorageError: The landing cannot be listed.
        OSError: The results cannot be written; the former ones stand.
    """
    done = prepare_bill(
        engine, queries, storage, pricing, period, clock=clock, progress=progress, keep_source_ip=keep_source_ip
    )
    publish_period(engine, queries, done, out)
    return done
