"""The role with which API Gateway writes to CloudWatch: one for an account and region, everybody's."""

from __future__ import annotations

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.acknowledge import acknowledge

_POLICY = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"


class GatewayAccountRole(Construct):
    """Sets the account's role; another stack's setting is replaced, so this is opt-in and in a stack of its own.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(
            self,
            "Role",
            description="API Gateway writes access logs to CloudWatch Logs",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(_POLICY)],
        )
        self.account = apigateway.CfnAccount(self, "Account", cloud_watch_role_arn=role.role_arn)
        acknowledge(
            role,
            "API Gateway checks the role against this very policy of AWS's, and serves every API of the account by it.",
            f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{_POLICY}]",
        )
