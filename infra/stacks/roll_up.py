"""What works on the lake on a schedule: lines become events, events become usage, usage becomes drafts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_

from infra.constructs.dead_letters import DeadLetters
from infra.constructs.function_code import function_code
from infra.constructs.job_access import JobAccess
from infra.constructs.job_alarms import JobPlaces
from infra.constructs.job_function import JobFunction, Surroundings
from infra.constructs.job_schedules import Job, JobSchedules
from infra.schedule_expressions import gaps_of

if TYPE_CHECKING:
    from constructs import Construct

    from infra.constructs.usage_lake import UsageLake
    from infra.roll_up_settings import RollUp
    from infra.settings import Environment
    from usagelake.engines.query_library import QueryLibrary

LEAST_OVERLAP_HOURS = 2
"""How far an hourly run looks back at the least: what is delivered late is mostly late by minutes."""

PANDAS = "AWSSDKPandas-Python313-Arm64"
"""AWS's layer with awswrangler, pandas and pyarrow, which one job adds rows with."""


class RollUpStack(cdk.Stack):
    """Functions, schedules, dead letters.

    Attributes:
        places: The names that CloudWatch counts the jobs under.
    """

    def __init__(
        self,
        scope: Construct,
        stack_id: str,
        *,
        environment: Environment,
        settings: RollUp,
        name: str,
        lake: UsageLake,
        queries: QueryLibrary,
        **place: object,
    ) -> None:
        super().__init__(scope, stack_id, **place)
        self.places = JobPlaces(
            environment=environment.name,
            ingest=f"{name}-ingest-and-roll-up",
            drafts=f"{name}-bill-drafts",
            dead_letters=f"{name}-dead-letters",
        )
        access = JobAccess(
            self, lake=lake, places=environment.places, views=[view.name for view in queries.all("views")]
        )
        dead_letters = DeadLetters(self, "DeadLetters", name=self.places.dead_letters).queue
        surroundings = Surroundings(
            code=function_code(),
            settings=settings,
            variables={
                "USAGELAKE_ENVIRONMENT": environment.name,
                "USAGELAKE_KEEP_SOURCE_IP": "on" if environment.log_source_ip else "off",
                "USAGELAKE_OVERLAP_HOURS": str(overlap_hours(settings.hourly)),
                "USAGELAKE_SWEEP_DAYS": str(environment.retention.invoice_window),
            },
            dead_letters=dead_letters,
            log_folder=f"/usage/{environment.name}",
            log_days=environment.retention.logs,
        )
        ingest = JobFunction(
            self,
            "IngestAndRollUp",
            name=self.places.ingest,
            description="Takes in what landed and rolls it up",
            module="ingest_and_roll_up",
            statements=access.ingest(),
            surroundings=surroundings,
        ).function
        drafts = JobFunction(
            self,
            "BillDrafts",
            name=self.places.drafts,
            description="Prices what is rolled up and puts drafts of invoices",
            module="bill_drafts",
            statements=access.drafts(),
            surroundings=surroundings,
            layers=[self._pandas(settings)],
        ).function
        JobSchedules(
            self,
            "Schedules",
            name=name,
            dead_letters=dead_letters,
            jobs=[
                Job(name="hourly", when=settings.hourly, function=ingest, job="hourly"),
                Job(name="sweep", when=settings.sweep, function=ingest, job="sweep"),
                Job(name="drafts", when=settings.drafts, function=drafts),
            ],
        )
        cdk.CfnOutput(self, "IngestFunction", value=self.places.ingest, description="Takes in and rolls up")
        cdk.CfnOutput(self, "DraftsFunction", value=self.places.drafts, description="Writes drafts")
        cdk.CfnOutput(self, "DeadLettersUrl", value=dead_letters.queue_url, description="What failed for good")

    def _pandas(self, settings: RollUp) -> lambda_.ILayerVersion:
        arn = self.format_arn(
            service="lambda",
            account=settings.pandas_layer_account,
            resource="layer",
            resource_name=f"{PANDAS}:{settings.pandas_layer_version}",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        return lambda_.LayerVersion.from_layer_version_arn(self, "Pandas", arn)


def overlap_hours(hourly: str) -> int:
    """Tell how far a run looks back, so that it meets the one before it and an hour more.

    Example:
        >>> overlap_hours("cron(10 * * * ? *)"), overlap_hours("rate(3 hours)")
        (2, 4)
    """
    longest = gaps_of(hourly).longest or 0
    return max(-(-longest // 60) + 1, LEAST_OVERLAP_HOURS)
