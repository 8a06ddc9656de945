"""S3 as the local Athena uses it: places, listings, bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.athena.errors import StatementError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client


def place(location: str) -> tuple[str, str]:
    """Split `s3://bucket/prefix/` into bucket and prefix; a prefix ends in `/` or is empty.

    Raises:
        StatementError: It is no place on S3.
    """
    scheme, _, rest = location.partition("://")
    bucket, _, prefix = rest.partition("/")
    if scheme not in ("s3", "s3a") or not bucket:
        raise StatementError(f"GENERIC_USER_ERROR: The location {location!r} is no place on S3")
    return bucket, prefix.rstrip("/") + "/" if prefix.strip("/") else ""


class Objects:
    """Objects on S3.

    Args:
        s3: A client.
    """

    def __init__(self, s3: S3Client) -> None:
        self._s3 = s3

    def has_bucket(self, bucket: str) -> bool:
        """Tell whether a bucket is there."""
        try:
            self._s3.head_bucket(Bucket=bucket)
        except self._s3.exceptions.ClientError:
            return False
        return True

    def listing(self, location: str) -> Iterator[tuple[str, str, int]]:
        """Give bucket, key and size of every object of a place that Hive reads: none that is hidden or empty."""
        bucket, prefix = place(location)
        try:
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for each in page.get("Contents", []):
                    parts = each["Key"].removeprefix(prefix).split("/")
                    if each["Size"] and not any(part.startswith(("_", ".")) for part in parts):
                        yield bucket, each["Key"], each["Size"]
        except self._s3.exceptions.NoSuchBucket:
            raise StatementError(
                f"HIVE_FILESYSTEM_ERROR: The specified bucket does not exist (Bucket: {bucket})"
            ) from None

    def is_empty(self, location: str) -> bool:
        """Tell whether nothing lies at a place."""
        bucket, prefix = place(location)
        try:
            return not self._s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("Contents")
        except self._s3.exceptions.NoSuchBucket:
            raise StatementError(
                f"GENERIC_USER_ERROR: The specified bucket does not exist (Bucket: {bucket})"
            ) from None

    def read(self, bucket: str, key: str) -> bytes:
        """Read an object."""
        return self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def write(self, location: str, body: bytes) -> None:
        """Write the object `s3://bucket/key`."""
        bucket, _, key = location.removeprefix("s3://").partition("/")
        self._s3.put_object(Bucket=bucket, Key=key, Body=body)

    def clear(self, location: str) -> None:
        """Delete what lies at a place."""
        bucket, prefix = place(location)
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            keys = [{"Key": each["Key"]} for each in page.get("Contents", [])]
            if keys:
                self._s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})  # type: ignore[typeddict-item]
