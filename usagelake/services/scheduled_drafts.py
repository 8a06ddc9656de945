"""Drafts as a scheduler calls for them: every open period, into the lake and to where finance looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.services.drafts import run_of, write_drafts
from usagelake.services.pricing import load_pricing
from usagelake.services.publish_lines import publish_lines
from usagelake.services.rate_period import rate_period
from usagelake.services.roll_up import refuse_half

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from usagelake.domain.period import Period
    from usagelake.engines import Engine, QueryLibrary
    from usagelake.storage import Storage


def scheduled_drafts(
    engine: Engine,
    queries: QueryLibrary,
    pricing: Storage,
    drafts: Storage,
    *,
    periods: Sequence[Period],
    clock: Callable[[], datetime],
) -> dict[str, int]:
    """Rate periods from what is rolled up, publish their lines, and write their drafts.

    Nobody changes the lake meanwhile, so that a draft is of one moment; its run is named by that. An attempt that was
    cut leaves a run that is not complete, which no reader takes, and the next one writes a run of its own.

    Args:
        engine: Where the lake lies.
        queries: The SQL.
        pricing: Where `price_book.toml` and `customers.csv` lie.
        drafts: Where drafts go, a folder for each period and run.
        periods: What to rate.
        clock: Tells when a draft is of.

    Returns:
        `DraftsWritten`; `Unassigned`: subjects without a customer; `Unpriced`: meters of a plan without a price.

    Raises:
        ConfigurationError: The price book or the customers are wrong; every fault is named.
        LakeBusyError: Another run is at work.
        EngineError: A statement failed, or usage is not rolled up; the former lines and drafts stand.
        StorageError: Prices cannot be read, or drafts cannot be written.
    """
    prices = load_pricing(pricing, meters={meter.name for meter in queries.meters()})
    counts = {"DraftsWritten": 0, "Unassigned": 0, "Unpriced": 0}
    for period in periods:
        with engine.exclusive(clock):
            refuse_half(engine, queries)
            moment = clock()
            done = rate_period(engine, queries, prices, period)
            publish_lines(engine, queries, done, clock=clock)
        write_drafts(drafts, done, run=run_of(moment))
        counts["DraftsWritten"] += len(done.rated.invoices)
        counts["Unassigned"] += len(done.rated.unassigned)
        counts["Unpriced"] += len(done.rated.unpriced)
    return counts
