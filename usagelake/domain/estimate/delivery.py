"""What it costs to bring an access log into the landing: API Gateway, CloudWatch Logs, Firehose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from usagelake.domain.estimate.item import Item, Service
from usagelake.domain.estimate.workload import DAYS, HOURS, Delivery, Workload, shared_out

if TYPE_CHECKING:
    from usagelake.domain.estimate.price_list import PriceList

BUFFER_SECONDS: Final = 300
BUFFER_BYTES: Final = 5_000_000
"""When Firehose writes an object, as the CDK app sets it: whichever comes first."""

_SECONDS: Final = HOURS * 3600


def delivered_objects(load: Workload) -> int:
    """Tell how many objects Firehose writes, at most: one whenever its buffer is old or full, none without lines."""
    return min(load.requests, _SECONDS // BUFFER_SECONDS + load.requests * load.bytes_per_line // BUFFER_BYTES)


def delivery_items(load: Workload, prices: PriceList) -> list[Item]:
    """Reckon the delivery of access logs.

    Through CloudWatch Logs each line is paid for there, and unpacked again by Firehose. Straight from API Gateway each
    line is a record of its own.
    """
    through_logs = load.delivery is Delivery.LOGS
    logged = load.requests * load.bytes_per_line if through_logs else 0
    lines_per_record = load.lines_per_record if through_logs else 1
    full, rest = divmod(load.requests, lines_per_record)
    record = prices["firehose.ingested"].charged
    records = full * record(lines_per_record * load.bytes_per_line) + (
        record(rest * load.bytes_per_line) if rest else 0
    )
    return [
        Item(Service.API_GATEWAY, "requests", load.requests, prices["api_gateway.requests"]),
        Item(Service.LOGS, "lines in", logged, prices["logs.ingested"]),
        Item(Service.LOGS, "lines kept", shared_out(logged * load.log_days, DAYS), prices["logs.stored"]),
        Item(Service.FIREHOSE, "records in", records, prices["firehose.ingested"]),
        Item(Service.FIREHOSE, "lines unpacked", logged, prices["firehose.decompressed"]),
    ]
