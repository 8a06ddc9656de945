"""An alarm, as data: what is looked at, when it is too much, and what the one who is told should read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

if TYPE_CHECKING:
    from collections.abc import Mapping

RUNBOOK = "docs/operations.md"
"""Each alarm has a heading of its name there."""

STEP = cdk.Duration.minutes(5)
"""The period of every metric that has no reason for another."""


@dataclass(frozen=True, kw_only=True)
class AlarmSpec:
    """An alarm to be made.

    Args:
        name: Its name, and the runbook's heading.
        meaning: What it says, in a sentence.
        metric: What is looked at.
        threshold: What it is compared with.
        below: Whether less than the threshold is wrong; otherwise more.
        periods: How many periods in a row it must be wrong.
        missing_is_wrong: Whether no figures are a bad sign; otherwise they are a good one.
        subject: Whose it is, when there are several of the name.
    """

    name: str
    meaning: str
    metric: cloudwatch.IMetric
    threshold: float = 0
    below: bool = False
    periods: int = 1
    missing_is_wrong: bool = False
    subject: str = ""


def metric(
    namespace: str,
    name: str,
    dimensions: Mapping[str, str],
    *,
    statistic: str = "Sum",
    period: cdk.Duration = STEP,
) -> cloudwatch.Metric:
    """Name a metric of CloudWatch's.

    Args:
        namespace: Whose it is, such as `AWS/Firehose`.
        name: Its name there.
        dimensions: Which one it is.
        statistic: How a period's figures become one.
        period: What one figure stands for.
    """
    return cloudwatch.Metric(
        namespace=namespace, metric_name=name, dimensions_map=dict(dimensions), statistic=statistic, period=period
    )
