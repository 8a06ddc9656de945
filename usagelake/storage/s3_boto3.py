"""Objects on S3 by boto3's plain client: no transfer manager, no executor, no retries of its own."""

from __future__ import annotations

import encodings.idna  # noqa: F401  # the first connection imports it, maybe while another thread forks
import os
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import boto3
import boto3.s3.inject  # here, because a client imports it when it is made, maybe while another thread forks
from botocore.config import Config
from botocore.exceptions import ClientError

from usagelake.storage.boto3_faults import answer_of, judge_boto3
from usagelake.storage.keys import check_headers, check_key
from usagelake.storage.per_process import PerProcess
from usagelake.storage.protocol import ObjectInfo, PutOutcome
from usagelake.storage.role_session import role_session
from usagelake.storage.s3_faults import subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_s3.client import S3Client

    from usagelake.storage.s3_faults import Doing
    from usagelake.storage.s3_place import S3Place

CHUNK_BYTES = 4 * 1024 * 1024

DEFAULT_REGION: Final = "us-east-1"
"""Signed for when nothing says a region: a store that is not AWS's own mostly does not care."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A client, and the session whose credentials it signs with."""

    client: S3Client
    session: boto3.session.Session


class S3ByBoto3:
    """A bucket, or the part of it below a prefix; any thread of any process may use it.

    Args:
        place: Where, and how it is spoken to. Nothing is opened before the first use, and every process opens
            its own.
    """

    def __init__(self, place: S3Place) -> None:
        self._place = place
        self._opened = PerProcess(self._open)

    @property
    def location(self) -> str:
        """The place, as a user would write it."""
        return self._place.location

    def list(self, *, below: str = "") -> Iterator[ObjectInfo]:
        """List every object, page by page."""
        place = self._place
        start = len(place.within(""))
        with self._errors("listed", below) as client:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=self._prefix(below))
            for page in pages:
                for found in page.get("Contents", ()):
                    key = found["Key"][start:]
                    if key:
                        yield ObjectInfo(key=key, size=found["Size"], version=found["ETag"].strip('"'))

    def folders(self, *, below: str = "") -> tuple[str, ...]:
        """List the names of the folders right below a folder, page by page."""
        prefix = self._prefix(below)
        with self._errors("listed", below) as client:
            pages = client.get_paginator("list_objects_v2").paginate(
                Bucket=self._place.bucket, Prefix=prefix, Delimiter="/"
            )
            found = [common["Prefix"] for page in pages for common in page.get("CommonPrefixes", ())]
        return tuple(sorted(name[len(prefix) : -1] for name in found))

    def read(self, key: str) -> Iterator[bytes]:
        """Read one object, in chunks of 4 MiB."""
        with self._errors("read", key) as client:
            body = client.get_object(Bucket=self._place.bucket, Key=self._place.within(key))["Body"]
            try:
                while chunk := body.read(CHUNK_BYTES):
                    yield chunk
            finally:
                body.close()

    def path(self, key: str) -> None:  # noqa: ARG002 (the protocol's argument)
        """Tell that an object of S3 is no file."""
        return

    def put_if_absent(self, key: str, body: bytes, *, content_type: str, metadata: Mapping[str, str]) -> PutOutcome:
        """Put one object by one request, with `If-None-Match: *`."""
        check_key(self.location, key)
        check_headers(subject(self._place, key), content_type, metadata)
        with self._errors("written", key) as client:
            try:
                client.put_object(
                    Bucket=self._place.bucket,
                    Key=self._place.within(key),
                    Body=body,
                    ContentType=content_type,
                    Metadata=dict(metadata),
                    IfNoneMatch="*",
                )
            except ClientError as error:
                if answer_of(error).status == HTTPStatus.PRECONDITION_FAILED:
                    return PutOutcome.EXISTS
                raise
        return PutOutcome.CREATED

    def metadata(self, key: str) -> Mapping[str, str]:
        """Read an object's own metadata by a HEAD request."""
        with self._errors("read", key) as client:
            return client.head_object(Bucket=self._place.bucket, Key=self._place.within(key))["Metadata"]

    @contextmanager
    def opened(self, doing: Doing, key: str) -> Iterator[Opened]:
        """Give this process's client and session, and judge what is raised while they are used.

        Args:
            doing: What is asked of S3, for the messages.
            key: The object, relative to the place; empty when the place itself is meant.

        Raises:
            StorageError: As `Storage` says.
        """
        opened: Opened | None = None
        try:
            opened = self.current()
            yield opened
        except Exception as error:
            fault = judge_boto3(self._place, doing, key, error)
            if fault is None:
                raise
            if fault.of_credentials and opened is not None:
                self.forget(opened)
            raise fault.error from error

    def current(self) -> Opened:
        """Return this process's client and session."""
        return self._opened.get()

    def forget(self, opened: Opened) -> None:
        """Look for credentials anew when a client is next needed: somebody may have put others there."""
        self._opened.forget(opened)

    def _prefix(self, below: str) -> str:
        """Give what every key below a folder starts with."""
        prefix = "/".join(part for part in (self._place.prefix, below) if part)
        return f"{prefix}/" if prefix else ""

    @contextmanager
    def _errors(self, doing: Doing, key: str) -> Iterator[S3Client]:
        with self.opened(doing, key) as opened:
            yield opened.client

    def _open(self) -> Opened:
        place = self._place
        session = boto3.session.Session() if place.credentials is None else role_session(place.credentials)
        own_store: dict[str, Any] = (
            {}
            if place.endpoint_url is None
            else {
                "s3": {"addressing_style": "path"},
                # Stores that are not AWS's own often know no checksums in trailers.
                "request_checksum_calculation": "when_required",
                "response_checksum_validation": "when_required",
            }
        )
        client = session.client(
            "s3",
            endpoint_url=place.endpoint_url,
            region_name=place.region or session.region_name or os.environ.get("AWS_REGION") or DEFAULT_REGION,
            config=Config(
                retries={"total_max_attempts": 1, "mode": "standard"},
                connect_timeout=place.connect_timeout,
                read_timeout=place.read_timeout,
                max_pool_connections=place.connections,
                **own_store,
            ),
        )
        stay = "before-call.s3" if place.endpoint_url is not None else "before-call.s3.HeadBucket"
        client.meta.events.register(stay, _follow_no_redirect)
        return Opened(client, session)


def _follow_no_redirect(*, context: dict[str, Any], **_: object) -> None:
    """Let a redirect be an answer like any other.

    For a bucket of AWS in another region, botocore asks by HeadBucket where it lies, and goes there. It asks so
    about a redirected HeadBucket, too, without end when the answer names no region; and a store that is not
    AWS's own has no other region to go to.
    """
    context.setdefault("s3_redirect", {})["redirected"] = True
