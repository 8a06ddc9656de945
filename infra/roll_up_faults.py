"""What is wrong with the jobs' configuration: schedules, where prices lie, what alarms expect of both."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from infra.roll_up_settings import TIMEOUT_MINUTES
from infra.schedule_expressions import Gaps, gaps_of
from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.roll_up_settings import RollUp
    from infra.settings import Environment
    from infra.watch_settings import Watch

LEAST_MEMORY_MB = 512
"""What a run needs: a batch of lines and a parser of SQL."""

MOST_MEMORY_MB = 10_240
"""What Lambda gives."""

MOST_LATE_HOURS = 168
"""What an alarm looks back at (API reference, PutMetricAlarm): seven days."""

_PRICING = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)+")
_ACCOUNT = re.compile(r"[0-9]{12}")


def roll_up_faults(environment: Environment) -> Iterator[str]:
    """Judge what an environment says of its jobs."""
    place = environment.pricing_location
    if place and not _PRICING.fullmatch(place):
        yield f"pricing_location {place!r}: write s3://bucket/prefix, with no slash at its end"
    if environment.crawler_schedule:
        yield from _schedule("crawler_schedule", environment.crawler_schedule)
        if environment.crawler_schedule.startswith("rate"):
            yield f"crawler_schedule {environment.crawler_schedule!r}: Glue takes `cron(…)` alone"
    if environment.roll_up is not None:
        yield from _jobs(environment.roll_up, environment.watch)


def _jobs(roll_up: RollUp, watch: Watch) -> Iterator[str]:
    for name in ("hourly", "sweep", "drafts"):
        yield from _schedule(f"roll_up.{name}", getattr(roll_up, name))
    yield from _late("hourly", roll_up.hourly, "roll_up_late_hours", watch.roll_up_late_hours)
    yield from _late("drafts", roll_up.drafts, "drafts_late_hours", watch.drafts_late_hours)
    if not LEAST_MEMORY_MB <= roll_up.memory_mb <= MOST_MEMORY_MB:
        yield f"roll_up.memory_mb is {roll_up.memory_mb}: give it {LEAST_MEMORY_MB} to {MOST_MEMORY_MB}"
    if roll_up.pandas_layer_version < 1:
        yield f"roll_up.pandas_layer_version is {roll_up.pandas_layer_version}: versions begin with 1"
    if not _ACCOUNT.fullmatch(roll_up.pandas_layer_account):
        yield f"roll_up.pandas_layer_account {roll_up.pandas_layer_account!r}: an account is 12 digits"


def _schedule(name: str, expression: str) -> Iterator[str]:
    gaps = _gaps(expression)
    if isinstance(gaps, str):
        yield f"{name} {expression!r}: {gaps}"
    elif gaps.shortest < TIMEOUT_MINUTES:
        yield (
            f"{name} {expression!r} comes {_minutes(gaps.shortest)} after itself, and a run may take "
            f"{TIMEOUT_MINUTES} minutes: it would overlap itself; leave {TIMEOUT_MINUTES} minutes or more"
        )


def _late(job: str, expression: str, setting: str, hours: int) -> Iterator[str]:
    """An alarm for what is late must not go off between two runs in a row."""
    gaps = _gaps(expression)
    if isinstance(gaps, str):
        return
    if gaps.longest is None:
        yield f"roll_up.{job} {expression!r} does not run every day: let it"
    elif hours * 60 < gaps.longest + 60:
        yield (
            f"watch.{setting} is {hours}, and roll_up.{job} {expression!r} leaves up to {_minutes(gaps.longest)} "
            f"between its runs: give it {-(-gaps.longest // 60) + 1} or more"
        )
    elif hours > MOST_LATE_HOURS:
        yield f"watch.{setting} is {hours}: an alarm looks back at {MOST_LATE_HOURS} hours at most"


def _minutes(count: int) -> str:
    return "1 minute" if count == 1 else f"{count} minutes"


def _gaps(expression: str) -> Gaps | str:
    """The gaps, or what is wrong with the expression."""
    try:
        return gaps_of(expression)
    except ConfigurationError as error:
        return "; ".join(error.faults)
