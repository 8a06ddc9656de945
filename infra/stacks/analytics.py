"""How people ask: workgroups, every query of the library, Logs Insights, the analysts' policy, and a crawler if any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from infra.constructs.insights import InsightsQueries
from infra.constructs.landing_crawler import LandingCrawler
from infra.constructs.saved_queries import SavedQueries
from infra.constructs.workgroups import Workgroups

if TYPE_CHECKING:
    from aws_cdk import aws_logs as logs
    from constructs import Construct

    from infra.constructs.usage_lake import UsageLake
    from infra.settings import Environment
    from usagelake.engines.query_library import QueryLibrary


class AnalyticsStack(cdk.Stack):
    """Workgroups, saved queries, the analysts' policy."""

    def __init__(
        self,
        scope: Construct,
        stack_id: str,
        *,
        environment: Environment,
        name: str,
        lake: UsageLake,
        log_group: logs.ILogGroup | None,
        queries: QueryLibrary,
        **place: object,
    ) -> None:
        super().__init__(scope, stack_id, **place)
        groups = Workgroups(
            self,
            "Workgroups",
            name=name,
            lake=lake,
            scan_limit_bytes=environment.scan_limit_bytes,
        )
        policy = groups.analyst_policy(name=f"{name}-analyst", prefixes=environment.landing_prefixes)
        SavedQueries(
            self,
            "SavedQueries",
            queries=queries,
            database=environment.places.database,
            analysts=groups.analysts,
            pipeline=groups.pipeline,
        )
        if environment.crawler_schedule:
            LandingCrawler(
                self,
                "Crawler",
                name=f"{name}-landing",
                lake=lake,
                places=environment.places,
                schedule=environment.crawler_schedule,
            )
        if log_group is not None:
            InsightsQueries(self, "Insights", name=name, log_group=log_group)
        cdk.CfnOutput(self, "AnalystWorkgroup", value=groups.analysts.name, description="Where analysts run queries")
        cdk.CfnOutput(self, "AnalystPolicyArn", value=policy.managed_policy_arn, description="Attach it to who may ask")
