"""Every way in which access logs can stop on their way to the landing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.constructs.alarm import AlarmSpec, metric
from infra.constructs.usage_lake import ERROR_COUNT

if TYPE_CHECKING:
    from infra.watch_settings import Watch

_SILENT_PERIODS = 2  # the last lines of one period are delivered in the next


@dataclass(frozen=True, kw_only=True)
class DeliveryPlaces:
    """The names that CloudWatch counts a delivery under.

    Args:
        stream: The Firehose stream.
        landing: The landing bucket.
        log_group: The access log; None when API Gateway writes to the stream.
        apis: Name and stage of each metered API.
    """

    stream: str
    landing: str
    log_group: str | None
    apis: tuple[tuple[str, str], ...]


def delivery_alarms(places: DeliveryPlaces, watch: Watch) -> list[AlarmSpec]:
    """Say when a delivery is in trouble."""
    return [*_subscription(places), *_stream(places, watch), *_silence(places, watch)]


def lines_in(places: DeliveryPlaces, period: cdk.Duration) -> cloudwatch.Metric:
    """Lines that API Gateway wrote: counted by the log group, or by the stream that stands in its place."""
    if places.log_group is None:
        return metric("AWS/Firehose", "IncomingRecords", {"DeliveryStreamName": places.stream}, period=period)
    return metric("AWS/Logs", "IncomingLogEvents", {"LogGroupName": places.log_group}, period=period)


def records_out(places: DeliveryPlaces, period: cdk.Duration) -> cloudwatch.Metric:
    """Records that reached the landing."""
    return metric("AWS/Firehose", "DeliveryToS3.Records", {"DeliveryStreamName": places.stream}, period=period)


def requests(api: tuple[str, str], period: cdk.Duration) -> cloudwatch.Metric:
    """The gateway's own count of an API's requests."""
    name, stage = api
    return metric("AWS/ApiGateway", "Count", {"ApiName": name, "Stage": stage}, period=period)


def _subscription(places: DeliveryPlaces) -> list[AlarmSpec]:
    if places.log_group is None:
        return []
    return [
        AlarmSpec(
            name="subscription-errors",
            meaning="CloudWatch Logs could not hand lines to Firehose, and skips them.",
            metric=_of_log_group("DeliveryErrors", places.log_group),
        ),
        AlarmSpec(
            name="subscription-throttled",
            meaning="Firehose takes lines too slowly; CloudWatch Logs tries for 24 hours and then drops them.",
            metric=_of_log_group("DeliveryThrottling", places.log_group),
            periods=3,
        ),
    ]


def _of_log_group(name: str, log_group: str) -> cloudwatch.MathExpression:
    """Sum over all destinations: by a query, since no page says how the dimension DestinationType is spelled."""
    return cloudwatch.MathExpression(
        expression=f"SELECT SUM({name}) FROM \"AWS/Logs\" WHERE LogGroupName = '{log_group}'",  # noqa: S608 — names of ours
        using_metrics={},
        label=name,
        period=cdk.Duration.minutes(5),
    )


def _stream(places: DeliveryPlaces, watch: Watch) -> list[AlarmSpec]:
    stream = {"DeliveryStreamName": places.stream}
    return [
        AlarmSpec(
            name="delivery-stale",
            meaning="Lines wait in Firehose; after 24 hours they are lost.",
            metric=metric("AWS/Firehose", "DeliveryToS3.DataFreshness", stream, statistic="Maximum"),
            threshold=watch.freshness_seconds,
            periods=2,
        ),
        AlarmSpec(
            name="delivery-failing",
            meaning="Puts into the landing fail.",
            metric=metric("AWS/Firehose", "DeliveryToS3.Success", stream, statistic="Average"),
            threshold=1,
            below=True,
            periods=2,
        ),
        AlarmSpec(
            name="stream-throttled",
            meaning="More lines come than the stream takes; ask for a higher quota.",
            metric=metric("AWS/Firehose", "ThrottledRecords", stream),
            periods=3,
        ),
        AlarmSpec(
            name="error-objects",
            meaning="Firehose put lines under the error prefix: they are not in the landing.",
            metric=metric("AWS/S3", "PutRequests", {"BucketName": places.landing, "FilterId": ERROR_COUNT}),
        ),
    ]


def _silence(places: DeliveryPlaces, watch: Watch) -> list[AlarmSpec]:
    period = cdk.Duration.minutes(watch.silent_minutes)
    lines = lines_in(places, period)
    delivered = AlarmSpec(
        name="nothing-delivered",
        meaning="API Gateway writes lines and none reaches the landing.",
        metric=_without(lines, records_out(places, period), period),
        periods=_SILENT_PERIODS,
    )
    logged = [
        AlarmSpec(
            name="nothing-logged",
            meaning=f"{api[0]}/{api[1]} serves requests and no line is written: its access log is off.",
            metric=_without(requests(api, period), lines, period),
            periods=_SILENT_PERIODS,
            subject="/".join(api),
        )
        for api in places.apis
    ]
    return [delivered, *logged]


def _without(cause: cloudwatch.IMetric, effect: cloudwatch.IMetric, period: cdk.Duration) -> cloudwatch.MathExpression:
    """1 where there was a cause and no effect, else 0."""
    return cloudwatch.MathExpression(
        expression="IF(FILL(cause, 0) > 0 AND FILL(effect, 0) == 0, 1, 0)",
        using_metrics={"cause": cause, "effect": effect},
        period=period,
    )
