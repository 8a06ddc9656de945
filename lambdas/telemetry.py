"""How functions tell of themselves: structured logs, and metrics that the alarms watch.

Powertools reads POWERTOOLS_SERVICE_NAME, which is the dimension `service` of each metric, and POWERTOOLS_LOG_LEVEL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE: Final = "usagelake"

logger: Final = Logger()
metrics: Final = Metrics(namespace=NAMESPACE)

UNITS: Final[Mapping[str, MetricUnit]] = {
    "ObjectsTaken": MetricUnit.Count,
    "ObjectsWaiting": MetricUnit.Count,
    "UnreadableObjects": MetricUnit.Count,
    "LinesQuarantined": MetricUnit.Count,
    "BytesScanned": MetricUnit.Bytes,
    "DraftsWritten": MetricUnit.Count,
    "Unassigned": MetricUnit.Count,
    "Unpriced": MetricUnit.Count,
    "LakeBusy": MetricUnit.Count,
}
"""Every metric, each of which is told under the dimensions `environment` and `service`."""


def tell(environment: str, counts: Mapping[str, int], bytes_scanned: int) -> dict[str, int]:
    """Log what a run came to, and count it.

    Args:
        environment: Whose lake it was.
        counts: A figure for each metric of `UNITS` that the run has.
        bytes_scanned: What its statements have read.

    Returns:
        All figures.
    """
    told = {**counts, "BytesScanned": bytes_scanned}
    metrics.add_dimension(name="environment", value=environment)
    for name, count in told.items():
        metrics.add_metric(name=name, unit=UNITS[name], value=count)
    logger.info("done", extra={"counts": told})
    return told
