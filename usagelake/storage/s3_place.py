"""Where objects lie on S3, and how it is spoken to: what both clients are opened with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usagelake.storage.web_identity import RoleCredentials


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Place:
    """A bucket, or the part of it below a prefix.

    Attributes:
        bucket: Its name.
        prefix: What every key starts with, without a `/` at either end; empty for the whole bucket.
        endpoint_url: Of a store that is not AWS's own; None for what the SDK's configuration says.
        region: None for what the SDK's configuration says, and `us-east-1` when it says nothing.
        credentials: None for the SDK's own chain.
        connections: How many connections are kept: as many as there are threads that put.
        connect_timeout: Seconds that a connection may take to come about.
        read_timeout: Seconds that the store may be silent.
    """

    bucket: str
    prefix: str = ""
    endpoint_url: str | None = None
    region: str | None = None
    credentials: RoleCredentials | None = None
    connections: int = 4
    connect_timeout: float = 5.0
    read_timeout: float = 15.0

    @property
    def location(self) -> str:
        """The place, as a user would write it."""
        return f"s3://{self.bucket}/{self.prefix}" if self.prefix else f"s3://{self.bucket}"

    def within(self, key: str) -> str:
        """Give the key in the bucket of a key below the prefix.

        Example:
            >>> S3Place(bucket="b", prefix="data-api").within("a.jsonl")
            'data-api/a.jsonl'
        """
        return f"{self.prefix}/{key}" if self.prefix else key
