"""From API Gateway's access log to the landing's stream: log group and subscription. No Lambda on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.acknowledge import acknowledge
from infra.constructs.landing_stream import LandingStream
from infra.constructs.log_group_key import let_logs_encrypt
from infra.settings import Delivery

if TYPE_CHECKING:
    from infra.constructs.usage_lake import UsageLake


class LogDelivery(Construct):
    """The delivery of one environment's access logs.

    Neither the stream nor its role may ever be replaced in place: while a subscription is denied, CloudWatch Logs
    skips what it would have delivered. Replay what is lost from the log group.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        name: Part of every name: `usage-<env>`.
        lake: Where the lines go.
        delivery: Through CloudWatch Logs, or straight from API Gateway.
        log_days: How long the log group keeps lines.
        removal: What happens to the log group when the stack goes: replays read it.

    Attributes:
        log_group: The log group that access logs are written to; None when API Gateway writes to the stream.
        log_group_name: Its name; None without it.
        stream: The Firehose stream.
        stream_name: Its name.
        filter_name: The subscription's name; None without a log group.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        lake: UsageLake,
        delivery: Delivery,
        log_days: int,
        removal: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self._place = cdk.Stack.of(self)
        direct = delivery is Delivery.DIRECT
        # API Gateway writes to streams of this name only.
        self.stream_name = f"amazon-apigateway-{name}" if direct else f"{name}-access-log"
        self.stream = LandingStream(self, "Firehose", name=self.stream_name, lake=lake, unpack=not direct).stream
        self.log_group: logs.LogGroup | None = None
        self.log_group_name: str | None = None
        self.filter_name: str | None = None
        if not direct:
            self.log_group_name = f"/{name.replace('-', '/')}/access-log"
            self.filter_name = f"{name}-to-firehose"
            self.log_group = logs.LogGroup(
                self,
                "AccessLog",
                log_group_name=self.log_group_name,
                removal_policy=removal,
                encryption_key=lake.key,
            )
            if lake.key is not None:
                let_logs_encrypt(self, lake.key, log_group_name=self.log_group_name)
            else:
                acknowledge(
                    self.log_group,
                    "CloudWatch Logs encrypts it with its own key; `customer_key` (config.py) takes one of yours.",
                    "CKV_AWS_158",
                )
            # The L2's enumeration has names for days; the resource takes the figure.
            self.log_group.node.default_child.add_property_override("RetentionInDays", log_days)
            self._subscribe(self.log_group, self.filter_name)

    @property
    def destination(self) -> apigateway.IAccessLogDestination:
        """What a stage writes its access log to."""
        if self.log_group is None:
            return apigateway.FirehoseLogDestination(self.stream)
        return apigateway.LogGroupLogDestination(self.log_group)

    @property
    def destination_arn(self) -> str:
        """Its ARN, as API Gateway spells it: a log group's has no `:*` at its end."""
        if self.log_group is None:
            return str(self.stream.attr_arn)
        return str(
            self._place.format_arn(
                service="logs",
                resource="log-group",
                resource_name=self.log_group_name,
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
        )

    def _subscribe(self, log_group: logs.LogGroup, filter_name: str) -> None:
        role = iam.Role(
            self,
            "SubscriptionRole",
            description="CloudWatch Logs hands access logs to Firehose",
            assumed_by=iam.ServicePrincipal(
                "logs.amazonaws.com",
                conditions={
                    "StringLike": {
                        "aws:SourceArn": self._place.format_arn(
                            service="logs", resource="*", arn_format=cdk.ArnFormat.NO_RESOURCE_NAME
                        )
                    }
                },
            ),
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="HandOver",
                actions=["firehose:PutRecord", "firehose:PutRecordBatch"],
                resources=[self.stream.attr_arn],
            )
        )
        subscription = logs.CfnSubscriptionFilter(
            self,
            "Subscription",
            filter_name=filter_name,
            filter_pattern="",  # every line: what is billed is decided in SQL
            log_group_name=log_group.log_group_name,
            destination_arn=self.stream.attr_arn,
            role_arn=role.role_arn,
        )
        subscription.node.add_dependency(role.node.find_child("DefaultPolicy"))
