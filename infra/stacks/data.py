"""The data of one environment, in a stack that no change of the pipeline touches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from infra.constructs.usage_lake import UsageLake, UsageLakeProps

if TYPE_CHECKING:
    from constructs import Construct

    from infra.settings import Environment


class DataStack(cdk.Stack):
    """Buckets, database, tables."""

    def __init__(
        self, scope: Construct, stack_id: str, *, environment: Environment, removal: cdk.RemovalPolicy, **place: object
    ) -> None:
        super().__init__(scope, stack_id, **place)
        self.lake = UsageLake(
            self,
            "UsageLake",
            props=UsageLakeProps(
                landing_bucket=environment.landing_bucket,
                lake_bucket=environment.lake_bucket,
                results_bucket=environment.results_bucket,
                access_logs_bucket=environment.access_logs_bucket,
                places=environment.places,
                retention=environment.retention,
                customer_key=environment.customer_key,
                object_lock_days=environment.object_lock_days,
                removal=removal,
            ),
        )
        cdk.CfnOutput(self, "LandingUrl", value=f"s3://{self.lake.landing.bucket_name}/", description="The landing")
        cdk.CfnOutput(self, "DatabaseName", value=environment.places.database, description="The Glue database")
        cdk.CfnOutput(self, "PricingUrl", value=f"{environment.places.pricing}/", description="Where prices are read")
        cdk.CfnOutput(self, "DraftsUrl", value=f"{environment.places.drafts}/", description="Where drafts are put")
