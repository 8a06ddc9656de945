"""Counts as CloudWatch's embedded metric format: a line of JSON in a log, from which CloudWatch makes metrics.

The format is AWS's page "Specification: Embedded metric format"
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final

from usagelake.errors import ConfigurationError
from usagelake.shipping.metrics.counts import COUNTERS, GAUGES, figures, since

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from usagelake.shipping.snapshot import Snapshot

_MAX_DIMENSIONS: Final = 30
_MAX_NAMESPACE: Final = 1024
_MAX_NAME: Final = 250
_MAX_VALUE: Final = 1024


def emf(snapshot: Snapshot, *, namespace: str, dimensions: Mapping[str, str], at: float) -> str:
    """Write a snapshot as one line of the embedded metric format.

    The metrics are the snapshot's figures under their own names, `dropped` in total and `dropped_<reason>` for each
    reason, and `since_last_delivery` in seconds once there was one: the heartbeat.

    Args:
        snapshot: What to tell. CloudWatch adds up what it is told, so counters must be what was counted since the
            line before; `EmfSink` sees to it.
        namespace: CloudWatch's, such as `usagelake/shipping`.
        dimensions: Names and values of the one dimension set, such as the service's name.
        at: The time of the figures, in seconds since the epoch.

    Returns:
        The line, without a line feed.

    Raises:
        ConfigurationError: CloudWatch would not take the namespace or a dimension.
    """
    values = {figure.name: (figure.unit, value) for figure, value in figures(snapshot, COUNTERS + GAUGES).items()}
    values["dropped"] = ("Count", sum(snapshot.dropped.values()))
    values |= {f"dropped_{reason}": ("Count", count) for reason, count in sorted(snapshot.dropped.items())}
    if snapshot.last_delivery is not None:
        values["since_last_delivery"] = ("Seconds", max(0.0, at - snapshot.last_delivery))
    _refuse_what_is_not_taken(namespace, dimensions, values)
    directive = {
        "Namespace": namespace,
        "Dimensions": [[*dimensions]],
        "Metrics": [{"Name": name, "Unit": unit} for name, (unit, _) in values.items()],
    }
    told = {name: value for name, (_, value) in values.items()}
    line = {"_aws": {"Timestamp": int(at * 1000), "CloudWatchMetrics": [directive]}, **dimensions, **told}
    return json.dumps(line, separators=(",", ":"), allow_nan=False)


class EmfSink:
    """Writes each snapshot as a line; counters as what has been counted since the last line that was written.

    Args:
        write: Takes one line with its line feed, such as `sys.stdout.write` in a container whose output goes to
            CloudWatch Logs. A line that it fails to write is made up for by the next.
        namespace: CloudWatch's.
        dimensions: Names and values of the one dimension set.
        clock: Tells the time, in seconds since the epoch.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        *,
        namespace: str = "usagelake/shipping",
        dimensions: Mapping[str, str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        _refuse_what_is_not_taken(namespace, dimensions, {})
        self._write = write
        self._namespace = namespace
        self._dimensions = dict(dimensions)
        self._clock = clock
        self._previous: Snapshot | None = None

    def __call__(self, snapshot: Snapshot) -> None:
        """Write a snapshot."""
        new = since(self._previous, snapshot)
        line = emf(new, namespace=self._namespace, dimensions=self._dimensions, at=self._clock())
        self._write(f"{line}\n")
        self._previous = snapshot


def _refuse_what_is_not_taken(namespace: str, dimensions: Mapping[str, str], metrics: Mapping[str, object]) -> None:
    """Refuse what CloudWatch would pass over without a word."""
    faults = []
    if not 1 <= len(namespace) <= _MAX_NAMESPACE:
        faults.append(f"the metrics' namespace has {len(namespace)} characters; give it 1 to {_MAX_NAMESPACE}")
    if len(dimensions) > _MAX_DIMENSIONS:
        faults.append(f"the metrics have {len(dimensions)} dimensions; give at most {_MAX_DIMENSIONS}")
    for name, value in dimensions.items():
        if not 1 <= len(name) <= _MAX_NAME or not name.isascii() or name.startswith(":"):
            faults.append(f"dimension {name!r}: give it a name of 1 to {_MAX_NAME} ASCII characters, no colon first")
        if not 1 <= len(value) <= _MAX_VALUE or not value.isascii() or not value.strip():
            faults.append(f"dimension {name}: its value is {value!r}; give 1 to {_MAX_VALUE} ASCII characters")
        if name == "_aws" or name in metrics:
            faults.append(f"dimension {name}: that is the name of a metric, or the format's own; name it otherwise")
    if faults:
        raise ConfigurationError(faults)
