"""The size of a request, which API Gateway does not log: an authorizer that tells it, and refuses nobody."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.acknowledge import acknowledge

HANDLER = Path(__file__).parents[1] / "handlers" / "request_bytes.py"
"""The authorizer's code, which is inline."""

VARIABLE = "$context.authorizer.requestBytes"
"""Where the access log finds the size; `-` where it is unknown."""

_SECONDS = 3
_MEMORY_MB = 128


class RequestSize(Construct):
    """The authorizer of an API.

    Nothing is cached: an answer is of one request. It reads no body, only the length that the request declares.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        name: The API's name.
    """

    def __init__(self, scope: Construct, construct_id: str, *, name: str) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self, "Log", retention=logs.RetentionDays.ONE_MONTH, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        role = iam.Role(
            self,
            "Role",
            description="Tells the size of requests",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
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
            description=f"Size of requests to {name}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler="index.handler",
            code=lambda_.Code.from_inline(HANDLER.read_text(encoding="utf-8")),
            memory_size=_MEMORY_MB,
            timeout=cdk.Duration.seconds(_SECONDS),
            role=role,
            log_group=log_group,
        )
        self.authorizer = apigateway.RequestAuthorizer(
            self,
            "Authorizer",
            authorizer_name=f"{name}-request-size",
            handler=function,
            identity_sources=[],
            results_cache_ttl=cdk.Duration.seconds(0),
        )
        acknowledge(
            function, "The project's Lambdas run on python3.13; this code needs nothing newer.", "AwsSolutions-L1"
        )
        acknowledge(log_group, "It logs when it starts and ends; no line of usage comes here.", "CKV_AWS_158")
        acknowledge(function, "It calls nothing at all, in a VPC or elsewhere.", "CKV_AWS_117")
        acknowledge(
            function,
            "API Gateway waits for its answer: there is no event to keep, and a limit of its own would be the API's.",
            "CKV_AWS_115",
            "CKV_AWS_116",
        )
