"""What the objects cost: who puts them, who lists and reads them, and keeping them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from usagelake.domain.estimate.delivery import delivered_objects
from usagelake.domain.estimate.item import Item, Service
from usagelake.domain.estimate.workload import Workload, shared_out

if TYPE_CHECKING:
    from usagelake.domain.estimate.price_list import PriceList

PREFIXES: Final = 20
"""Landing prefixes of an environment: the access log, 18 event types, and mixed ones."""

LISTED_HOURS: Final = 3
"""How many hours a run lists under each prefix: its own, and those that late lines come under."""

KEYS_PER_LIST: Final = 1000

STATEMENT_PUTS: Final = 8
"""What Athena puts per statement, at most: the result and its description; data, manifests and metadata of a table."""

STATEMENT_GETS: Final = 20
"""What Athena reads per statement: metadata, manifests, and the files of a window."""

UPLOADS: Final = 3
"""What a run puts into the work area: the lines of each source, and the list of objects."""

TABLE_BYTES: Final = 36
"""What an event takes in its table, as Parquet with zstd; measured: `python -m bench.athena_bytes`."""


def written_objects(load: Workload) -> int:
    """Tell how many objects services put."""
    return shared_out(load.events, load.events_per_object)


def landing_objects(load: Workload) -> int:
    """Tell how many objects land in a month."""
    return delivered_objects(load) + written_objects(load)


def object_items(load: Workload, prices: PriceList, *, statements: int) -> list[Item]:
    """Reckon S3.

    Args:
        load: The month.
        prices: The prices.
        statements: How many statements Athena runs.
    """
    puts, gets, stored = prices["s3.puts"], prices["s3.gets"], prices["s3.stored"]
    kept_objects = landing_objects(load) * load.landing_months
    hourly_lists = load.roll_up.runs * PREFIXES * LISTED_HOURS
    sweep_lists = load.sweeps * (PREFIXES + shared_out(kept_objects, KEYS_PER_LIST))
    kept = load.lines * load.landing_months
    return [
        Item(Service.S3, "objects put by services", written_objects(load), puts),
        Item(Service.S3, "objects put by Firehose", delivered_objects(load), puts),
        Item(Service.S3, "lists of what is new", hourly_lists, puts),
        Item(Service.S3, "lists of the daily sweep", sweep_lists, puts),
        Item(Service.S3, "objects read", landing_objects(load), gets),
        Item(Service.S3, "batches put for Athena", load.runs * UPLOADS, puts),
        Item(Service.S3, "put by Athena", statements * STATEMENT_PUTS, puts),
        Item(Service.S3, "read by Athena", statements * STATEMENT_GETS, gets),
        Item(Service.S3, "lines kept", kept * load.bytes_per_line, stored),
        Item(Service.S3, "tables kept", kept * TABLE_BYTES, stored),
    ]
