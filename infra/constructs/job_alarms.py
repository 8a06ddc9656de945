"""Every way in which lines that landed can fail to become usage and drafts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk

from infra.constructs.alarm import AlarmSpec, metric
from infra.constructs.job_function import METRICS
from infra.roll_up_settings import TIMEOUT_MINUTES

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch

    from infra.watch_settings import Watch

HOUR = cdk.Duration.hours(1)
_NEAR_TIMEOUT_MS = TIMEOUT_MINUTES * 60_000 * 9 // 10
_BACKLOG_HOURS = 6


@dataclass(frozen=True, kw_only=True)
class JobPlaces:
    """The names that CloudWatch counts the jobs under.

    Args:
        environment: The environment's name.
        ingest: The function that takes in and rolls up.
        drafts: The function that writes drafts.
        dead_letters: The queue of events that failed for good.
    """

    environment: str
    ingest: str
    drafts: str
    dead_letters: str


def told(
    places: JobPlaces, function: str, name: str, *, statistic: str = "Sum", period: cdk.Duration = HOUR
) -> cloudwatch.Metric:
    """A figure that a function tells of itself; Powertools adds `service` to the dimensions by itself."""
    own = {"environment": places.environment, "service": function}
    return metric(METRICS, name, own, statistic=statistic, period=period)


def of_function(function: str, name: str, *, statistic: str = "Sum") -> cloudwatch.Metric:
    """A figure that Lambda tells of a function."""
    return metric("AWS/Lambda", name, {"FunctionName": function}, statistic=statistic)


def job_alarms(places: JobPlaces, watch: Watch) -> list[AlarmSpec]:
    """Say when a job is in trouble, or does not run, or finds something that somebody must decide."""
    functions = [*_function(places.ingest), *_function(places.drafts)]
    return [*functions, *_late(places, watch), *_found(places)]


def _function(name: str) -> list[AlarmSpec]:
    return [
        AlarmSpec(
            name="job-failing",
            meaning=f"{name} failed.",
            metric=of_function(name, "Errors"),
            subject=name,
        ),
        AlarmSpec(
            name="job-throttled",
            meaning=f"{name} was asked to run while it could not.",
            metric=of_function(name, "Throttles"),
            periods=6,
            subject=name,
        ),
        AlarmSpec(
            name="job-slow",
            meaning=f"{name} took nearly all the time that it has.",
            metric=of_function(name, "Duration", statistic="Maximum"),
            threshold=_NEAR_TIMEOUT_MS,
            subject=name,
        ),
    ]


def _late(places: JobPlaces, watch: Watch) -> list[AlarmSpec]:
    return [
        AlarmSpec(
            name="dead-letters",
            meaning="An event failed for good: nobody tries it again.",
            metric=metric(
                "AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": places.dead_letters}, statistic="Maximum"
            ),
        ),
        AlarmSpec(
            name="roll-up-late",
            meaning=f"No run took in what landed for {watch.roll_up_late_hours} hours.",
            metric=told(places, places.ingest, "ObjectsTaken", statistic="SampleCount"),
            threshold=1,
            below=True,
            periods=watch.roll_up_late_hours,
            missing_is_wrong=True,
        ),
        AlarmSpec(
            name="drafts-late",
            meaning=f"No drafts were written for {watch.drafts_late_hours} hours.",
            metric=told(places, places.drafts, "DraftsWritten", statistic="SampleCount"),
            threshold=1,
            below=True,
            periods=watch.drafts_late_hours,
            missing_is_wrong=True,
        ),
        AlarmSpec(
            name="objects-waiting",
            meaning="More lands than is taken in: objects wait from run to run.",
            metric=told(places, places.ingest, "ObjectsWaiting", statistic="Minimum"),
            periods=_BACKLOG_HOURS,
        ),
    ]


def _found(places: JobPlaces) -> list[AlarmSpec]:
    return [
        AlarmSpec(
            name="lines-quarantined",
            meaning="Lines landed that cannot be billed.",
            metric=told(places, places.ingest, "LinesQuarantined"),
        ),
        AlarmSpec(
            name="objects-unreadable",
            meaning="Objects landed that cannot be read whole.",
            metric=told(places, places.ingest, "UnreadableObjects"),
        ),
        AlarmSpec(
            name="usage-unassigned",
            meaning="Somebody used something and is no customer's.",
            metric=told(places, places.drafts, "Unassigned"),
        ),
        AlarmSpec(
            name="usage-unpriced",
            meaning="A customer used something that the plan has no price for.",
            metric=told(places, places.drafts, "Unpriced"),
        ),
    ]
