"""A function that works on the lake: tried again when it fails, and heard of when it fails for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.acknowledge import acknowledge, acknowledge_stars
from infra.roll_up_settings import TIMEOUT_MINUTES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_sqs as sqs

    from infra.roll_up_settings import RollUp

METRICS = "usagelake"
"""The namespace that functions tell their figures under (embedded metric format, `lambdas.telemetry`)."""

RETRIES = 2
"""What Lambda tries again when a run fails."""

OLDEST_EVENT = cdk.Duration.hours(1)
"""How long an event waits for its turn: the next one does the same work."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the functions of one environment have in common.

    Args:
        code: What they hold.
        settings: Memory, concurrency.
        variables: Environment variables, beside those that Powertools reads.
        dead_letters: Where an event goes that failed for good.
        log_folder: What their logs' names begin with, without a slash at the end.
        log_days: How long those are kept; one of CloudWatch's figures.
    """

    code: lambda_.Code
    settings: RollUp
    variables: Mapping[str, str]
    dead_letters: sqs.IQueue
    log_folder: str
    log_days: int


class JobFunction(Construct):
    """The function, its role and its log.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        name: The function's name, which is also the service that its figures are told under.
        description: What it does, in a sentence.
        module: The handler's module below `lambdas/`.
        statements: What it may do.
        surroundings: What it has in common with others.
        layers: What is put under its code.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        description: str,
        module: str,
        statements: Sequence[iam.PolicyStatement],
        surroundings: Surroundings,
        layers: Sequence[lambda_.ILayerVersion] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        settings = surroundings.settings
        log_group = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"{surroundings.log_folder}/{module.replace('_', '-')}",
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        log_group.node.default_child.add_property_override("RetentionInDays", surroundings.log_days)
        self.role = iam.Role(
            self, "Role", description=description, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )
        for statement in [*statements, _log(log_group)]:
            self.role.add_to_policy(statement)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"lambdas.{module}.handler",
            code=surroundings.code,
            layers=[*layers],
            memory_size=settings.memory_mb,
            timeout=cdk.Duration.minutes(TIMEOUT_MINUTES),
            reserved_concurrent_executions=1 if settings.reserve_concurrency else None,
            environment={
                **surroundings.variables,
                "POWERTOOLS_SERVICE_NAME": name,
                "POWERTOOLS_LOG_LEVEL": "INFO",
            },
            role=self.role,
            log_group=log_group,
            retry_attempts=RETRIES,
            max_event_age=OLDEST_EVENT,
            on_failure=destinations.SqsDestination(surroundings.dead_letters),
        )
        acknowledge(self.function, "The layer with pandas is of python3.13, and so is the lock.", "AwsSolutions-L1")
        acknowledge(log_group, "It tells counts, times and faults; no line of usage comes here.", "CKV_AWS_158")
        acknowledge(self.function, "It calls AWS's own services, none of which lies in a VPC.", "CKV_AWS_117")
        acknowledge(self.function, "What failed for good goes to a queue as its destination.", "CKV_AWS_116")
        acknowledge(self.function, "Its variables are names and switches; it has no secret.", "CKV_AWS_173")
        if not settings.reserve_concurrency:
            acknowledge(self.function, "The lease lets one run work at a time, where none is reserved.", "CKV_AWS_115")
        acknowledge_stars(
            self.role,
            "The stars are below one database, folders of the lake, and prefixes of lines.",
            [resource for statement in statements for resource in statement.resources],
        )


def _log(log_group: logs.LogGroup) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="Log", actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group.log_group_arn]
    )
