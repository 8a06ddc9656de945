"""A key of one's own for a log group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms
    from constructs import IConstruct


def let_logs_encrypt(scope: IConstruct, key: kms.IKey, *, log_group_name: str) -> None:
    """Let CloudWatch Logs use a key for one log group of this account, and for no other.

    The statement is that of "Encrypt log data in CloudWatch Logs using AWS Key Management Service" (its user guide).

    Args:
        scope: Where the log group belongs.
        key: The key; its own policy gets the statement.
        log_group_name: The log group's name: known beforehand, since the log group is made with the key.
    """
    place = cdk.Stack.of(scope)
    log_group = place.format_arn(
        service="logs",
        resource="log-group",
        resource_name=log_group_name,
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="EncryptLogGroup",
            principals=[iam.ServicePrincipal(f"logs.{place.region}.amazonaws.com")],
            actions=[
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ],
            resources=["*"],  # a key's policy stands on the key
            conditions={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": log_group}},
        )
    )
