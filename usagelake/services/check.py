"""Check: everything that is wrong with prices, customers and queries, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.engines import survey_queries, working_schema
from usagelake.errors import ConfigurationError
from usagelake.services.pricing import load_pricing

if TYPE_CHECKING:
    from pathlib import Path

    from usagelake.storage import Storage


def check(*, pricing: Storage | None, queries_folder: Path | None) -> list[str]:
    """Judge what a run would be given, without running it.

    Args:
        pricing: The place of the price book and the customers file; None leaves them out.
        queries_folder: A user's SQL files; None for the packaged ones alone.

    Returns:
        Every fault, in a sentence that names the place; none when all is well.
    """
    queries, faults = survey_queries(queries_folder)
    try:
        faults.extend(queries.faults(working_schema(queries)))
    except ConfigurationError as error:
        faults.extend(error.faults)
    meters = {meter.name for meter in queries.meters()}
    if queries_folder is not None:
        # A meter whose file is at fault is no fault of the price book that names it.
        meters |= {path.stem for path in (queries_folder / "meters").glob("*.sql")}
    if pricing is not None:
        try:
            load_pricing(pricing, meters=meters)
        except ConfigurationError as error:
            faults.extend(error.faults)
    return faults
