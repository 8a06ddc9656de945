"""How long raw lines are kept, prefix by prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.settings import Retention

ERROR_PREFIX = "_errors"
"""Where Firehose puts what it could not deliver as it should; readers of the landing skip what starts with `_`."""


def landing_lifecycle(prefixes: Iterable[str], retention: Retention) -> list[s3.LifecycleRule]:
    """Make the rules of the landing bucket.

    Args:
        prefixes: The prefixes that hold lines.
        retention: How long they are kept, when they are archived, and how long errors are kept.
    """
    archived = retention.archive_after
    transitions = (
        None
        if archived is None
        else [
            s3.Transition(
                storage_class=s3.StorageClass.GLACIER_INSTANT_RETRIEVAL, transition_after=cdk.Duration.days(archived)
            )
        ]
    )
    kept = [
        s3.LifecycleRule(
            id=prefix, prefix=f"{prefix}/", expiration=cdk.Duration.days(retention.landing), transitions=transitions
        )
        for prefix in prefixes
    ]
    errors = s3.LifecycleRule(id="errors", prefix=f"{ERROR_PREFIX}/", expiration=cdk.Duration.days(retention.errors))
    return [*kept, errors]
