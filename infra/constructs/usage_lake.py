"""Where everything lies: the landing, the lake, and the catalogue over both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.acknowledge import acknowledge_stars
from infra.constructs.catalogue import Catalogue
from infra.constructs.kept_bucket import KeptBucket
from infra.constructs.landing_lifecycle import ERROR_PREFIX, landing_lifecycle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.settings import Retention
    from usagelake.domain.environment import LakePlaces

ERROR_COUNT = "errors"
"""The name under which CloudWatch counts the requests to the error prefix."""

_WORK_DAYS = 2  # a run lasts minutes; the rest is for whoever looks why it failed

_BELOW_A_PREFIX = "The star is below a prefix: the names of objects to come cannot be listed."


@dataclass(frozen=True, kw_only=True)
class UsageLakeProps:
    """What a lake is told.

    Args:
        landing_bucket: The landing bucket's name; the next two name the others.
        lake_bucket: For the tables.
        results_bucket: For results of queries.
        access_logs_bucket: For who touched them.
        places: What the Glue database says; each landing prefix gets its lifecycle and its table.
        retention: How long what is kept.
        customer_key: Whether a KMS key of one's own encrypts.
        object_lock_days: How long nobody can delete a raw object; None: no lock.
        removal: What happens to data when the stack goes.
    """

    landing_bucket: str
    lake_bucket: str
    results_bucket: str
    access_logs_bucket: str
    places: LakePlaces
    retention: Retention
    customer_key: bool
    object_lock_days: int | None
    removal: cdk.RemovalPolicy


class UsageLake(Construct):
    """The data of one environment, and who may do what with it.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        props: See `UsageLakeProps`.
    """

    def __init__(self, scope: Construct, construct_id: str, *, props: UsageLakeProps) -> None:
        super().__init__(scope, construct_id)
        self._props = props
        self.key = (
            kms.Key(self, "Key", enable_key_rotation=True, removal_policy=props.removal) if props.customer_key else None
        )
        logs = KeptBucket(
            self,
            "AccessLogs",
            bucket_name=props.access_logs_bucket,
            removal=props.removal,
            rules=[s3.LifecycleRule(id="expire", expiration=cdk.Duration.days(props.retention.access_logs))],
        ).bucket
        self.landing = KeptBucket(
            self,
            "Landing",
            bucket_name=props.landing_bucket,
            removal=props.removal,
            key=self.key,
            access_logs=logs,
            object_lock_days=props.object_lock_days,
            counted_prefixes={ERROR_COUNT: f"{ERROR_PREFIX}/"},
            rules=landing_lifecycle(props.places.prefixes, props.retention),
        ).bucket
        self.tables = KeptBucket(
            self,
            "Lake",
            bucket_name=props.lake_bucket,
            removal=props.removal,
            key=self.key,
            access_logs=logs,
            rules=[_work_expires()],
        ).bucket
        self.results = KeptBucket(
            self,
            "Results",
            bucket_name=props.results_bucket,
            removal=props.removal,
            key=self.key,
            access_logs=logs,
            rules=[s3.LifecycleRule(id="expire", expiration=cdk.Duration.days(props.retention.results))],
        ).bucket
        Catalogue(
            self,
            "Catalogue",
            places=props.places,
            landing=self.landing,
            lake=self.tables,
            removal=props.removal,
        )

    def grant_write_once(self, role: iam.Role, *, prefixes: Iterable[str]) -> None:
        """Let a role put new objects under some prefixes, and do nothing else.

        A put without `If-None-Match` is denied, and with it S3 refuses a key that is there: nothing is overwritten.
        """
        objects = self._lines(prefixes)
        role.add_to_policy(
            iam.PolicyStatement(
                sid="PutNewObjects",
                actions=["s3:PutObject"],
                resources=objects,
                conditions={"Null": {"s3:if-none-match": "false"}},
            )
        )
        self._grant_key(role, "kms:GenerateDataKey")
        acknowledge_stars(role, _BELOW_A_PREFIX, objects)

    def grant_delivery(self, role: iam.Role, *, prefixes: Iterable[str]) -> None:
        """Let Firehose's role deliver under some prefixes: put, and what multipart uploads need; no read, no delete."""
        objects = self._lines(prefixes)
        role.add_to_policy(
            iam.PolicyStatement(sid="Deliver", actions=["s3:PutObject", "s3:AbortMultipartUpload"], resources=objects)
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="FindUploads",
                actions=["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
                resources=[_bucket_arn(self._props.landing_bucket)],
            )
        )
        self._grant_key(role, "kms:GenerateDataKey", "kms:Decrypt")
        acknowledge_stars(role, _BELOW_A_PREFIX, objects)

    def read_statements(self, *, prefixes: Iterable[str]) -> list[iam.PolicyStatement]:
        """What a reader of the tables needs: the catalogue of this database, the tables' files, the raw lines.

        Whoever takes them acknowledges their stars (`acknowledge_stars`).

        Args:
            prefixes: The landing prefixes whose lines may be read.
        """
        stack = cdk.Stack.of(self)
        names = tuple(prefixes)
        catalogue = [
            stack.format_arn(service="glue", resource="catalog"),
            stack.format_arn(service="glue", resource="database", resource_name=self._props.places.database),
            stack.format_arn(service="glue", resource="table", resource_name=f"{self._props.places.database}/*"),
        ]
        statements = [
            iam.PolicyStatement(
                sid="ReadCatalogue",
                actions=["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:GetPartitions"],
                resources=catalogue,
            ),
            iam.PolicyStatement(
                sid="ReadObjects",
                actions=["s3:GetObject"],
                resources=[f"{_bucket_arn(self._props.lake_bucket)}/tables/*", *self._lines(names)],
            ),
            iam.PolicyStatement(
                sid="ListTables",
                actions=["s3:ListBucket"],
                resources=[_bucket_arn(self._props.lake_bucket)],
                conditions={"StringLike": {"s3:prefix": ["tables/*"]}},
            ),
            iam.PolicyStatement(
                sid="ListLanding",
                actions=["s3:ListBucket"],
                resources=[_bucket_arn(self._props.landing_bucket)],
                conditions={"StringLike": {"s3:prefix": [f"{prefix}/*" for prefix in names]}},
            ),
        ]
        if self.key is not None:
            statements.append(iam.PolicyStatement(sid="Decrypt", actions=["kms:Decrypt"], resources=[self.key.key_arn]))
        return statements

    def results_statements(self, folder: str) -> list[iam.PolicyStatement]:
        """What whoever runs queries needs: to keep results in one folder, and to read them there."""
        results = _bucket_arn(self._props.results_bucket)
        statements = [
            iam.PolicyStatement(
                sid="KeepResults",
                actions=["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"],
                resources=[f"{results}/{folder}/*"],
            ),
            iam.PolicyStatement(sid="FindResults", actions=["s3:GetBucketLocation"], resources=[results]),
        ]
        if self.key is not None:
            statements.append(
                iam.PolicyStatement(sid="EncryptResults", actions=["kms:GenerateDataKey"], resources=[self.key.key_arn])
            )
        return statements

    def _lines(self, prefixes: Iterable[str]) -> list[str]:
        """The objects of some prefixes of the landing, by the bucket's name: a policy that can be read."""
        return [f"{_bucket_arn(self._props.landing_bucket)}/{prefix}/*" for prefix in prefixes]

    def _grant_key(self, role: iam.Role, *actions: str) -> None:
        if self.key is not None:
            role.add_to_policy(iam.PolicyStatement(sid="UseKey", actions=[*actions], resources=[self.key.key_arn]))


def _work_expires() -> s3.LifecycleRule:
    """What a killed run left behind goes; tables, prices and drafts stay."""
    return s3.LifecycleRule(
        id="work",
        prefix="work/",
        expiration=cdk.Duration.days(_WORK_DAYS),
        noncurrent_version_expiration=cdk.Duration.days(1),
    )


def _bucket_arn(name: str) -> str:
    return f"arn:{cdk.Aws.PARTITION}:s3:::{name}"
