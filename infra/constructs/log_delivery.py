"""From API Gateway's access log to the landing: log group, subscription, Firehose. No Lambda on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.usage_lake import ERROR_PREFIX
from infra.settings import Delivery
from usagelake.domain.landing import ACCESS_LOG_FOLDER

if TYPE_CHECKING:
    from infra.constructs.usage_lake import UsageLake

_MINUTE = "!{timestamp:yyyy/MM/dd/HH/mm}"
_HOUR = "!{timestamp:yyyy/MM/dd/HH}"
_BUFFER_SECONDS = 300
_BUFFER_MB = 5

_Processor: TypeAlias = firehose.CfnDeliveryStream.ProcessorProperty
_Parameter: TypeAlias = firehose.CfnDeliveryStream.ProcessorParameterProperty


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
        log_group_name: Its name; None without it.
        log_group: The log group that access logs are written to; None when API Gateway writes to the stream.
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
        self.stream = self._stream(lake, unpack=not direct)
        self.log_group: logs.LogGroup | None = None
        self.log_group_name: str | None = None
        self.filter_name: str | None = None
        if not direct:
            self.log_group_name = f"/{name.replace('-', '/')}/access-log"
            self.filter_name = f"{name}-to-firehose"
            self.log_group = logs.LogGroup(
                self, "AccessLog", log_group_name=self.log_group_name, removal_policy=removal
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

    def _stream(self, lake: UsageLake, *, unpack: bool) -> firehose.CfnDeliveryStream:
        role = iam.Role(
            self,
            "FirehoseRole",
            description="Firehose puts access logs into the landing",
            assumed_by=iam.ServicePrincipal(
                "firehose.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": self._place.account}},
            ),
        )
        errors = logs.LogGroup(
            self, "FirehoseErrors", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        error_stream = logs.LogStream(
            self, "FirehoseErrorStream", log_group=errors, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        lake.grant_delivery(role, prefixes=(ACCESS_LOG_FOLDER, f"{ERROR_PREFIX}/{ACCESS_LOG_FOLDER}"))
        role.add_to_policy(
            iam.PolicyStatement(
                sid="TellErrors",
                actions=["logs:PutLogEvents"],
                resources=[
                    self._place.format_arn(
                        service="logs",
                        resource="log-group",
                        resource_name=f"{errors.log_group_name}:log-stream:{error_stream.log_stream_name}",
                        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                    )
                ],
            )
        )
        stream = firehose.CfnDeliveryStream(
            self,
            "Stream",
            delivery_stream_name=self.stream_name,
            delivery_stream_type="DirectPut",
            delivery_stream_encryption_configuration_input=(
                firehose.CfnDeliveryStream.DeliveryStreamEncryptionConfigurationInputProperty(key_type="AWS_OWNED_CMK")
            ),
            extended_s3_destination_configuration=firehose.CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty(
                bucket_arn=lake.landing.bucket_arn,
                role_arn=role.role_arn,
                prefix=f"{ACCESS_LOG_FOLDER}/{_MINUTE}/",
                error_output_prefix=(f"{ERROR_PREFIX}/{ACCESS_LOG_FOLDER}/!{{firehose:error-output-type}}/{_HOUR}/"),
                file_extension=".jsonl",
                compression_format="UNCOMPRESSED",
                custom_time_zone="UTC",
                buffering_hints=firehose.CfnDeliveryStream.BufferingHintsProperty(
                    interval_in_seconds=_BUFFER_SECONDS, size_in_m_bs=_BUFFER_MB
                ),
                processing_configuration=firehose.CfnDeliveryStream.ProcessingConfigurationProperty(
                    enabled=True, processors=_processors(unpack=unpack)
                ),
                cloud_watch_logging_options=firehose.CfnDeliveryStream.CloudWatchLoggingOptionsProperty(
                    enabled=True, log_group_name=errors.log_group_name, log_stream_name=error_stream.log_stream_name
                ),
            ),
        )
        # Its role names it already, its role's policy does not: made before that, it would lose its first lines.
        stream.node.add_dependency(role.node.find_child("DefaultPolicy"))
        return stream

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


def _processors(*, unpack: bool) -> list[_Processor]:
    """What Firehose does to a record; a stream that unpacks takes CloudWatch Logs' records and no others."""
    unpacking = [
        _Processor(
            type="Decompression",
            parameters=[_Parameter(parameter_name="CompressionFormat", parameter_value="GZIP")],
        ),
        _Processor(
            type="CloudWatchLogProcessing",
            parameters=[_Parameter(parameter_name="DataMessageExtraction", parameter_value="true")],
        ),
    ]
    delimiter = _Processor(
        type="AppendDelimiterToRecord",
        parameters=[_Parameter(parameter_name="Delimiter", parameter_value="\\n")],
    )
    return [*(unpacking if unpack else ()), delimiter]
