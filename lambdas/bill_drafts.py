"""Daily: draft the invoices of the periods that are open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambdas.lake import opened
from lambdas.settings import function_settings
from lambdas.telemetry import logger, metrics, tell
from usagelake.bootstrap import open_pricing, open_storage
from usagelake.services.scheduled_drafts import scheduled_drafts
from usagelake.services.schedules import Schedule, periods_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@metrics.log_metrics
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Run one schedule: `{"scheduled_time": "2026-11-29T04:00:00Z"}`."""
    settings = function_settings()
    schedule = Schedule.parse(event, jobs=("drafts",))
    with opened(settings, schedule, context) as lake:
        counts = scheduled_drafts(
            lake.engine,
            lake.queries,
            open_pricing(lake.places.pricing),
            open_storage(lake.places.drafts),
            periods=periods_of(schedule.time, late=settings.late),
            clock=lake.clock,
        )
        return tell(settings.environment, counts, lake.engine.spending.bytes_scanned)
