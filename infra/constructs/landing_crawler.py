"""A Glue crawler over the landing, for who wants one: the landing tables need none.

A crawler reads samples of the raw lines, guesses columns of them, and makes tables of its own, `crawled_…`. What it
guesses changes with what lands, and it costs by the hour; the tables `landing_…` have one column and compute their
partitions. Nothing of usagelake reads what it makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.acknowledge import acknowledge, acknowledge_stars

if TYPE_CHECKING:
    from infra.constructs.usage_lake import UsageLake
    from usagelake.domain.environment import LakePlaces

TABLE_PREFIX = "crawled_"
"""What the names of its tables begin with: they never take the place of another."""

_SAMPLE = 10  # files of a folder: the lines of a prefix are all alike
_LOG = "/aws-glue/crawlers"  # Glue's own: a crawler's log cannot be named


class LandingCrawler(Construct):
    """The crawler and its role.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        name: Its name.
        lake: What it reads.
        places: The landing's prefixes, and the database.
        schedule: When it runs, `cron(…)` in UTC.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, lake: UsageLake, places: LakePlaces, schedule: str
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(
            self,
            "Role",
            description="The crawler reads the landing",
            assumed_by=iam.ServicePrincipal(
                "glue.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}}
            ),
        )
        statements = [*_lines(places), *self._catalogue(places.database)]
        if lake.key is not None:
            role.add_to_policy(
                iam.PolicyStatement(sid="Decrypt", actions=["kms:Decrypt"], resources=[lake.key.key_arn])
            )
        for statement in statements:
            role.add_to_policy(statement)
        self.crawler = glue.CfnCrawler(
            self,
            "Crawler",
            name=name,
            description="Guesses columns of raw lines; nothing of usagelake reads its tables.",
            role=role.role_arn,
            database_name=places.database,
            table_prefix=TABLE_PREFIX,
            schedule=glue.CfnCrawler.ScheduleProperty(schedule_expression=schedule),
            schema_change_policy=glue.CfnCrawler.SchemaChangePolicyProperty(
                update_behavior="UPDATE_IN_DATABASE", delete_behavior="LOG"
            ),
            recrawl_policy=glue.CfnCrawler.RecrawlPolicyProperty(recrawl_behavior="CRAWL_EVERYTHING"),
            targets=glue.CfnCrawler.TargetsProperty(
                s3_targets=[
                    glue.CfnCrawler.S3TargetProperty(path=f"{places.landing}/{prefix}/", sample_size=_SAMPLE)
                    for prefix in places.prefixes
                ]
            ),
        )
        self.crawler.node.add_dependency(role.node.find_child("DefaultPolicy"))
        acknowledge_stars(
            role,
            "The stars are below one database, prefixes of lines, and the log that Glue gives crawlers.",
            [resource for statement in statements for resource in statement.resources],
        )
        acknowledge(
            self.crawler,
            "Its log holds names of objects and tables, which CloudWatch encrypts with a key of its own.",
            "AwsSolutions-GL1",
            "CKV_AWS_195",
        )

    def _catalogue(self, database: str) -> list[iam.PolicyStatement]:
        stack = cdk.Stack.of(self)
        own = stack.format_arn(service="glue", resource="table", resource_name=f"{database}/{TABLE_PREFIX}*")
        above = [
            stack.format_arn(service="glue", resource="catalog"),
            stack.format_arn(service="glue", resource="database", resource_name=database),
        ]
        log = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name=f"{_LOG}:*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        return [
            iam.PolicyStatement(
                sid="KeepOwnTables",
                actions=[
                    "glue:BatchCreatePartition",
                    "glue:BatchGetPartition",
                    "glue:BatchUpdatePartition",
                    "glue:CreateTable",
                    "glue:GetDatabase",
                    "glue:GetPartition",
                    "glue:GetPartitions",
                    "glue:GetTable",
                    "glue:GetTables",
                    "glue:UpdatePartition",
                    "glue:UpdateTable",
                ],
                resources=[*above, own],
            ),
            iam.PolicyStatement(
                sid="Log",
                actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[log],
            ),
        ]


def _lines(places: LakePlaces) -> list[iam.PolicyStatement]:
    bucket = f"arn:{cdk.Aws.PARTITION}:s3:::{places.landing.removeprefix('s3://')}"
    return [
        iam.PolicyStatement(
            sid="ReadLines", actions=["s3:GetObject"], resources=[f"{bucket}/{prefix}/*" for prefix in places.prefixes]
        ),
        iam.PolicyStatement(
            sid="ListLines",
            actions=["s3:ListBucket"],
            resources=[bucket],
            conditions={"StringLike": {"s3:prefix": [f"{prefix}/*" for prefix in places.prefixes]}},
        ),
    ]
