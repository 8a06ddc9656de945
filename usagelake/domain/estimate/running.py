"""What running and watching cost: Lambda, Scheduler, Glue, KMS, alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from usagelake.domain.estimate.item import Item, Service
from usagelake.domain.estimate.workload import Workload, shared_out

if TYPE_CHECKING:
    from usagelake.domain.estimate.price_list import PriceList

MEMORY_MB: Final = 1769
"""What a function has, as the CDK app sets it: one whole processor."""

START_SECONDS: Final = 10
"""Starting, listing and asking for what is new."""

STATEMENT_SECONDS: Final = 3
"""How long a function waits for one statement: it is paid for waiting."""

READ_PER_SECOND: Final = 10_000_000
"""Bytes of lines that a function reads and packs in a second."""

OBJECTS_PER_SECOND: Final = 100
"""Objects that a function fetches in a second."""

CATALOGUE_REQUESTS: Final = 5
"""What a statement asks the Glue catalogue."""

BUCKET_KEY_SHARE: Final = 100
"""One of so many S3 requests asks KMS, where the bucket has a key of its own (up to 99 % fewer, AWS says)."""

ALARMS: Final = 22
METRICS: Final = 10
DASHBOARDS: Final = 1
"""What watches an environment of one API; metrics are those that the functions write."""


def running_items(load: Workload, prices: PriceList, *, statements: int, objects: int, s3_requests: int) -> list[Item]:
    """Reckon what runs, and what watches it.

    Args:
        load: The month.
        prices: The prices.
        statements: How many statements Athena runs for the functions.
        objects: How many objects land.
        s3_requests: How many requests S3 serves.
    """
    starts = load.roll_up.runs + load.sweeps + load.drafts.runs
    seconds = (
        starts * START_SECONDS
        + statements * STATEMENT_SECONDS
        + shared_out(load.lines * load.bytes_per_line, READ_PER_SECOND)
        + shared_out(objects, OBJECTS_PER_SECOND)
    )
    keys = 1 if load.customer_key else 0
    return [
        Item(Service.LAMBDA, "starts", starts, prices["lambda.requests"]),
        Item(Service.LAMBDA, "working and waiting", shared_out(seconds * MEMORY_MB, 1000), prices["lambda.compute"]),
        Item(Service.SCHEDULER, "starts", starts, prices["scheduler.invocations"]),
        Item(Service.GLUE, "catalogue", statements * CATALOGUE_REQUESTS, prices["glue.requests"]),
        Item(Service.GLUE, "crawler", load.crawler_dpu_hours, prices["glue.crawler"]),
        Item(Service.KMS, "key", keys, prices["kms.keys"]),
        Item(Service.KMS, "requests", keys * shared_out(s3_requests, BUCKET_KEY_SHARE), prices["kms.requests"]),
        Item(Service.CLOUDWATCH, "alarms", ALARMS, prices["cloudwatch.alarms"]),
        Item(Service.CLOUDWATCH, "metrics", METRICS, prices["cloudwatch.metrics"]),
        Item(Service.CLOUDWATCH, "dashboard", DASHBOARDS, prices["cloudwatch.dashboards"]),
    ]
