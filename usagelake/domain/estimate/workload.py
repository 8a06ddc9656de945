"""What a month brings, and how the environment is set: all that an estimate depends on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from usagelake.domain.landing import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

HOURS: Final = 744
"""Of the longest month, which every figure is reckoned for."""

DAYS: Final = 31


class Delivery(StrEnum):
    """How access logs come to Firehose."""

    LOGS = "logs"
    DIRECT = "direct"


class Cadence(StrEnum):
    """How often a job runs."""

    HOURLY = "hourly"
    DAILY = "daily"
    NEVER = "never"

    @property
    def runs(self) -> int:
        """Runs a month."""
        return {Cadence.HOURLY: HOURS, Cadence.DAILY: DAYS, Cadence.NEVER: 0}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A month of one environment.

    Args:
        requests: Requests to the API: lines of its access log.
        events: Billing events that services write.
        bytes_per_line: Of either, on average.
        events_per_object: Billing events in one object that a service puts.
        lines_per_record: Log lines that CloudWatch packs into one record for Firehose.
        delivery: How access logs come to Firehose.
        log_days: How long the log group keeps lines.
        landing_months: How long raw objects and event tables are kept.
        roll_up: How often lines are ingested and rolled up.
        drafts: How often drafts are written.
        windows: Stretches of time that one run rolls up.
        meters: How many meters read each source.
        customer_key: Whether a KMS key of one's own encrypts.
        analyst_queries: Queries that analysts run over a month's events.
        crawler_dpu_hours: What a Glue crawler works; tables with partition projection need none.
    """

    requests: int
    events: int
    meters: Mapping[Source, int]
    bytes_per_line: int = 700
    events_per_object: int = 50
    lines_per_record: int = 1
    delivery: Delivery = Delivery.LOGS
    log_days: int = 90
    landing_months: int = 13
    roll_up: Cadence = Cadence.HOURLY
    drafts: Cadence = Cadence.DAILY
    windows: int = 2
    customer_key: bool = False
    analyst_queries: int = 0
    crawler_dpu_hours: int = 0

    @property
    def lines(self) -> int:
        """Lines of both sources."""
        return self.requests + self.events

    def lines_of(self, source: Source) -> int:
        """Lines of one source."""
        return self.requests if source is Source.API_REQUESTS else self.events

    @property
    def runs(self) -> int:
        """Runs of ingest and roll-up that find something: never more than there are lines."""
        return min(self.roll_up.runs, self.lines)

    @property
    def sweeps(self) -> int:
        """Runs that list the whole landing for what came late: one a day."""
        return DAYS if self.roll_up.runs else 0

    def runs_with(self, source: Source) -> int:
        """Runs that find lines of a source."""
        return min(self.roll_up.runs, self.lines_of(source))


def shared_out(total: int, parts: int) -> int:
    """Share something out evenly, rounded up; no parts take nothing.

    >>> shared_out(10, 3), shared_out(10, 0)
    (4, 0)
    """
    return -(-total // parts) if parts else 0
