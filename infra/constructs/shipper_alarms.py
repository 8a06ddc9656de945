"""Every way in which billing events can stop in the services that emit them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aws_cdk as cdk

from infra.constructs.alarm import AlarmSpec, metric

if TYPE_CHECKING:
    from infra.watch_settings import Watch

NAMESPACE: Final = "usagelake/shipping"
"""What shippers tell their figures under (`usagelake.shipping.metrics`, embedded metric format)."""


def shipper_alarms(watch: Watch) -> list[AlarmSpec]:
    """Say when a service loses events, is about to, or is not heard of."""
    return [spec for service in watch.shippers for spec in _of_service(service, watch)]


def _of_service(service: str, watch: Watch) -> list[AlarmSpec]:
    own = {watch.shipper_dimension: service}
    return [
        AlarmSpec(
            name="events-dropped",
            meaning=f"{service} dropped billing events: they are lost.",
            metric=metric(NAMESPACE, "dropped", own),
            subject=service,
        ),
        AlarmSpec(
            name="events-failed",
            meaning=f"{service} gave up on billing events.",
            metric=metric(NAMESPACE, "failed", own),
            subject=service,
        ),
        AlarmSpec(
            name="spool-full",
            meaning=f"{service} has many undelivered events on disk; when its spool is full it drops.",
            metric=metric(NAMESPACE, "spool_bytes", own, statistic="Maximum"),
            threshold=watch.spool_bytes,
            periods=2,
            subject=service,
        ),
        AlarmSpec(
            name="shipper-silent",
            meaning=f"{service} tells no figures: delivery is off, or the service is down.",
            metric=metric(
                NAMESPACE, "offered", own, statistic="SampleCount", period=cdk.Duration.minutes(watch.silent_minutes)
            ),
            threshold=1,
            below=True,
            missing_is_wrong=True,
            subject=service,
        ),
    ]
