"""Hourly, and as a daily sweep: take in what has landed, and roll it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambdas.lake import opened
from lambdas.settings import function_settings
from lambdas.telemetry import logger, metrics, tell
from usagelake.bootstrap import open_storage
from usagelake.errors import LakeBusyError
from usagelake.services.scheduled_ingest import scheduled_ingest
from usagelake.services.schedules import IngestJob, Schedule, arrivals_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Run one schedule: `{"job": "hourly" | "sweep", "scheduled_time": "2026-11-29T10:00:00Z"}`."""
    settings = function_settings()
    schedule = Schedule.parse(event, jobs=tuple(IngestJob))
    with opened(settings, schedule, context) as lake:
        landing = open_storage(lake.places.landing)
        arrivals = arrivals_of(schedule, lake.places, overlap=settings.overlap, sweep=settings.sweep)
        try:
            done = scheduled_ingest(
                lake.engine, lake.queries, landing,
                arrivals=arrivals, clock=lake.clock, stop=lake.short_of_time,
                keep_source_ip=settings.library.keep_source_ip,
            )  # fmt: skip
        except LakeBusyError as busy:  # the next run finds what this one has left
            logger.warning(str(busy))
            return tell(settings.environment, {"LakeBusy": 1}, lake.engine.spending.bytes_scanned)
        for missed in done.report.unreadable:
            logger.warning(missed.message)
        return tell(settings.environment, done.counts, lake.engine.spending.bytes_scanned)
