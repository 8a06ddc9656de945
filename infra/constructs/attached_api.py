"""The usage access log on a stage that exists already, and what stood there back on removal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.acknowledge import acknowledge, acknowledge_stars

if TYPE_CHECKING:
    from infra.settings import AttachedStage

HANDLER = Path(__file__).parents[1] / "handlers" / "attach_access_log.py"
"""The custom resource's code, which is inline."""


class AttachedApi(Construct):
    """The access log of one stage of one API that another stack owns.

    What stood on the stage is kept in two SSM parameters, since a custom resource remembers nothing itself. An
    update keeps nothing anew; a removal restores only where this log still stands.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        name: `usage-<env>`: part of the parameters' names.
        stage: The stage.
        destination_arn: What its access log is written to, as API Gateway spells it.
        log_format: The format of a line.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        stage: AttachedStage,
        destination_arn: str,
        log_format: str,
    ) -> None:
        super().__init__(scope, construct_id)
        keep = f"/usagelake/{name}/attached/{stage.api_id}/{stage.stage}"
        cdk.CustomResource(
            self,
            "AccessLog",
            service_token=self._function(stage, keep).function_arn,
            resource_type="Custom::AttachedAccessLog",
            service_timeout=cdk.Duration.minutes(5),
            properties={
                "ApiId": stage.api_id,
                "Stage": stage.stage,
                "DestinationArn": destination_arn,
                "Format": log_format,
                "Keep": keep,
            },
        )

    def _function(self, stage: AttachedStage, keep: str) -> lambda_.Function:
        place = cdk.Stack.of(self)
        log_group = logs.LogGroup(
            self, "Log", retention=logs.RetentionDays.ONE_YEAR, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        role.add_to_policy(
            iam.PolicyStatement(
                sid="ChangeOneStage",
                actions=["apigateway:GET", "apigateway:PATCH"],
                resources=[
                    place.format_arn(
                        service="apigateway",
                        account="",
                        resource="/restapis",
                        resource_name=f"{stage.api_id}/stages/{stage.stage}",
                    )
                ],
            )
        )
        kept = place.format_arn(service="ssm", resource="parameter", resource_name=f"{keep[1:]}/*")
        role.add_to_policy(
            iam.PolicyStatement(
                sid="KeepWhatStood",
                actions=["ssm:GetParameters", "ssm:PutParameter", "ssm:DeleteParameters"],
                resources=[kept],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="Log",
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[log_group.log_group_arn],
            )
        )
        function = lambda_.Function(
            self,
            "Function",
            description=f"Access log of {stage.api_id}/{stage.stage}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler="index.handler",
            code=lambda_.Code.from_inline(HANDLER.read_text(encoding="utf-8")),
            timeout=cdk.Duration.minutes(1),
            role=role,
            log_group=log_group,
        )
        acknowledge(log_group, "It tells of one stage's settings; no line of usage comes here.", "CKV_AWS_158")
        acknowledge(function, "It calls API Gateway and SSM, neither of which lies in a VPC.", "CKV_AWS_117")
        acknowledge(
            function,
            "CloudFormation calls it, one deployment at a time, and a call that fails fails the deployment.",
            "CKV_AWS_115",
            "CKV_AWS_116",
        )
        acknowledge_stars(role, "The star ends one stage's two parameters.", [kept])
        acknowledge(
            function, "The project's Lambdas run on python3.13; this code needs nothing newer.", "AwsSolutions-L1"
        )
        return function
