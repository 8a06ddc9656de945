"""What the alarms are told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Watch:
    """When somebody is told.

    Args:
        email: Who is told; empty: the topic has no subscriber yet.
        freshness_seconds: How old what Firehose has not delivered may get.
        silent_minutes: How long requests may come without a line that arrives.
        roll_up_late_hours: How long there may be no run that took in what landed.
        drafts_late_hours: How long there may be no new drafts.
        shipper_dimension: The dimension that shippers tell their figures under; `usagelake ship` has `host`.
        shippers: Its values: one per shipper that is watched.
        spool_bytes: How much a shipper may have on disk.
        monthly_budget_usd: What the account may cost a month before somebody is told.
    """

    email: str = ""
    freshness_seconds: int = 900
    silent_minutes: int = 30
    roll_up_late_hours: int = 3
    drafts_late_hours: int = 30
    shipper_dimension: str = "host"
    shippers: tuple[str, ...] = ()
    spool_bytes: int = 500_000_000
    monthly_budget_usd: int = 50
