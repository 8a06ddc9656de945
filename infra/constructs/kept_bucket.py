"""A bucket as every bucket of this app is: private, encrypted, versioned, TLS only, and logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.acknowledge import acknowledge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms

_NONCURRENT_DAYS = 30
_UPLOAD_DAYS = 7


class KeptBucket(Construct):
    """A bucket.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        bucket_name: Its name.
        removal: What happens to it when its stack goes. It is never emptied by CloudFormation.
        key: Encrypts its objects; None: S3's own key.
        rules: Its lifecycle, beside what every bucket has: unfinished uploads and noncurrent versions expire.
        access_logs: The bucket that takes its access log; None for that bucket itself.
        object_lock_days: How long nobody can delete an object; None: no lock.
        counted_prefixes: Prefixes whose requests CloudWatch counts, by the count's name (charged by the metric).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket_name: str,
        removal: cdk.RemovalPolicy,
        key: kms.IKey | None = None,
        rules: Sequence[s3.LifecycleRule] = (),
        access_logs: s3.IBucket | None = None,
        object_lock_days: int | None = None,
        counted_prefixes: dict[str, str] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        lock = object_lock_days
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=bucket_name,
            removal_policy=removal,
            versioned=True,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED if key is None else s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=None if key is None else True,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=None if access_logs is None else f"{bucket_name}/",
            object_lock_enabled=None if lock is None else True,
            object_lock_default_retention=(
                None if lock is None else s3.ObjectLockRetention.governance(cdk.Duration.days(lock))
            ),
            metrics=[s3.BucketMetrics(id=name, prefix=prefix) for name, prefix in (counted_prefixes or {}).items()],
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="leftovers",
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(_UPLOAD_DAYS),
                    noncurrent_version_expiration=cdk.Duration.days(_NONCURRENT_DAYS),
                ),
                *rules,
            ],
        )
        if access_logs is None:
            acknowledge(
                self.bucket, "It takes the access logs of the others; its own would never come to an end.", "CKV_AWS_18"
            )
