"""The Firehose stream that puts access logs into the landing."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.acknowledge import acknowledge
from infra.constructs.landing_lifecycle import ERROR_PREFIX
from usagelake.domain.landing import ACCESS_LOG_FOLDER

if TYPE_CHECKING:
    from infra.constructs.usage_lake import UsageLake

_MINUTE = "!{timestamp:yyyy/MM/dd/HH/mm}"
_HOUR = "!{timestamp:yyyy/MM/dd/HH}"
_BUFFER_SECONDS = 300
_BUFFER_MB = 5

_Processor: TypeAlias = firehose.CfnDeliveryStream.ProcessorProperty
_Parameter: TypeAlias = firehose.CfnDeliveryStream.ProcessorParameterProperty


class LandingStream(Construct):
    """The stream, its role, and the log of its errors.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        name: The stream's name.
        lake: Where the lines go.
        unpack: Whether records are what CloudWatch Logs packs; such a stream takes no others.
    """

    def __init__(self, scope: Construct, construct_id: str, *, name: str, lake: UsageLake, unpack: bool) -> None:
        super().__init__(scope, construct_id)
        place = cdk.Stack.of(self)
        role = iam.Role(
            self,
            "Role",
            description="Firehose puts access logs into the landing",
            assumed_by=iam.ServicePrincipal(
                "firehose.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": place.account}},
            ),
        )
        errors = logs.LogGroup(
            self, "Errors", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        acknowledge(errors, "It tells why a delivery failed; no line of usage comes here.", "CKV_AWS_158")
        error_stream = logs.LogStream(self, "ErrorStream", log_group=errors, removal_policy=cdk.RemovalPolicy.DESTROY)
        lake.grant_delivery(role, prefixes=(ACCESS_LOG_FOLDER, f"{ERROR_PREFIX}/{ACCESS_LOG_FOLDER}"))
        role.add_to_policy(
            iam.PolicyStatement(
                sid="TellErrors",
                actions=["logs:PutLogEvents"],
                resources=[
                    place.format_arn(
                        service="logs",
                        resource="log-group",
                        resource_name=f"{errors.log_group_name}:log-stream:{error_stream.log_stream_name}",
                        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
                    )
                ],
            )
        )
        self.stream = firehose.CfnDeliveryStream(
            self,
            "Stream",
            delivery_stream_name=name,
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
        self.stream.node.add_dependency(role.node.find_child("DefaultPolicy"))


def _processors(*, unpack: bool) -> list[_Processor]:
    """What Firehose does to a record."""
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
