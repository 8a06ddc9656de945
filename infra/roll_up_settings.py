"""What the jobs are told that ingest, roll up and write drafts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TIMEOUT_MINUTES: Final = 15
"""How long a run may take: the most that Lambda gives."""


@dataclass(frozen=True, kw_only=True)
class RollUp:
    """The jobs of one environment. Schedules are `rate(…)` or `cron(…)`, in UTC.

    Args:
        hourly: When what has landed lately is taken in and rolled up.
        sweep: When the whole landing is listed, for what came late.
        drafts: When drafts of invoices are written; once a day at least.
        memory_mb: What a function has; processors come with it (1769: one whole).
        reserve_concurrency: Let each function run once at a time. An account whose quota of concurrent executions is
            10, as that of a new one may be, can reserve none: ask for more, or give this up and let the lease alone
            see to it.
        pandas_layer_version: The version of AWS's layer `AWSSDKPandas-Python313-Arm64`, which differs by region:
            https://aws-sdk-pandas.readthedocs.io/en/stable/layers.html has them.
        pandas_layer_account: Whose layer it is: another account's in some regions, by the same page.
    """

    hourly: str = "cron(10 * * * ? *)"
    sweep: str = "cron(40 2 * * ? *)"
    drafts: str = "cron(30 5 * * ? *)"
    memory_mb: int = 1769
    reserve_concurrency: bool = True
    pandas_layer_version: int = 11
    pandas_layer_account: str = "336392948345"
