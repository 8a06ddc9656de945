"""Objects on S3 by obstore: ten times boto3's rate of puts, for a shipper that does nothing else.

Puts, reads and metadata go by obstore. Three things stay boto3's:

* credentials, region and endpoint, so that profiles, SSO, IRSA, ECS and instance roles work the same;
* listing, and keys that obstore cannot say: it refuses a whole page for one key with an empty part, and takes
  the final `/` off a folder's marker;
* everything in a process that was forked after obstore's first use: its threads stay in the parent, and a call
  in the child would wait for them for ever, even on a store that the child has opened.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import obstore
from botocore.exceptions import NoCredentialsError
from obstore.exceptions import AlreadyExistsError
from obstore.store import S3Store

from usagelake.storage.keys import check_headers, check_key
from usagelake.storage.obstore_faults import judge_obstore, status_of
from usagelake.storage.per_process import PerProcess
from usagelake.storage.protocol import PutOutcome
from usagelake.storage.s3_boto3 import S3ByBoto3
from usagelake.storage.s3_faults import subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from obstore.store import S3Credential

    from usagelake.storage.protocol import ObjectInfo
    from usagelake.storage.s3_boto3 import Opened
    from usagelake.storage.s3_faults import Doing
    from usagelake.storage.s3_place import S3Place

CHUNK_BYTES = 1024 * 1024

HELD_FOR: Final = timedelta(minutes=1)
"""How long obstore signs with credentials before it asks again; botocore renews them ten minutes ahead."""

WHOLE_REQUEST: Final = timedelta(hours=1)
"""What a request may take in all, which obstore wants to know: silence is what is bounded, not size."""

_HEADERS: Final = frozenset(
    {
        "Cache-Control",
        "Content-Disposition",
        "Content-Encoding",
        "Content-Language",
        "Content-Type",
        "Storage-Class",
    }
)
_first_used_in: list[int] = []


class S3ByObstore:
    """A bucket, or the part of it below a prefix; any thread of any process may use it.

    Args:
        place: Where, and how it is spoken to. Nothing is opened before the first use, and every process opens
            its own.
    """

    def __init__(self, place: S3Place) -> None:
        self._place = place
        self._boto3 = S3ByBoto3(place)
        self._stores = PerProcess(self._open)

    @property
    def location(self) -> str:
        """The place, as a user would write it."""
        return self._place.location

    def list(self, *, below: str = "") -> Iterator[ObjectInfo]:
        """List every object, page by page."""
        return self._boto3.list(below=below)

    def folders(self, *, below: str = "") -> tuple[str, ...]:
        """List the names of the folders right below a folder, page by page."""
        return self._boto3.folders(below=below)

    def read(self, key: str) -> Iterator[bytes]:
        """Read one object, in chunks of about a megabyte."""
        if not self._can_say(key):
            yield from self._boto3.read(key)
            return
        with self._store("read", key) as store:
            found = obstore.get(store, self._place.within(key))
            for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(chunk)

    def path(self, key: str) -> None:  # noqa: ARG002 (the protocol's argument)
        """Tell that an object of S3 is no file."""
        return

    def put_if_absent(self, key: str, body: bytes, *, content_type: str, metadata: Mapping[str, str]) -> PutOutcome:
        """Put one object by one request, with `If-None-Match: *`."""
        check_key(self.location, key)
        check_headers(subject(self._place, key), content_type, metadata)
        if not self._can_say(key):
            return self._boto3.put_if_absent(key, body, content_type=content_type, metadata=metadata)
        with self._store("written", key) as store:
            try:
                obstore.put(
                    store,
                    self._place.within(key),
                    body,
                    attributes={"Content-Type": content_type, **metadata},
                    mode="create",
                    use_multipart=False,
                )
            except AlreadyExistsError as error:
                # It is also what obstore makes of a 409, which says that nothing has been decided.
                if status_of(error) == HTTPStatus.PRECONDITION_FAILED:
                    return PutOutcome.EXISTS
                raise
        return PutOutcome.CREATED

    def metadata(self, key: str) -> Mapping[str, str]:
        """Read an object's own metadata by a HEAD request."""
        if not self._can_say(key):
            return self._boto3.metadata(key)
        with self._store("read", key) as store:
            attributes = obstore.get(store, self._place.within(key), options={"head": True}).attributes
            return {name: value for name, value in attributes.items() if name not in _HEADERS}

    def _can_say(self, key: str) -> bool:
        """Tell whether obstore can be used in this process and for this key."""
        if not _first_used_in:
            _first_used_in.append(os.getpid())
        parts = self._place.within(key).split("/")
        return _first_used_in[0] == os.getpid() and key.isprintable() and not {"", ".", ".."} & {*parts}

    @contextmanager
    def _store(self, doing: Doing, key: str) -> Iterator[S3Store]:
        """Give this process's store, and judge what is raised while it is used."""
        with self._boto3.opened(doing, key) as opened:
            held = self._stores.get()
            if held.opened is not opened:
                self._stores.forget(held)
                held = self._stores.get()
            # Asked here, where what is wrong with them has a class; obstore's own question finds the same ones.
            held.credential()
            try:
                yield held.store
            except Exception as error:
                fault = judge_obstore(self._place, doing, key, error)
                if fault is None:
                    raise
                if fault.of_credentials:
                    self._boto3.forget(opened)
                raise fault.error from error

    def _open(self) -> _Held:
        return _Held(self._place, self._boto3.current())


class _Held:
    """A store, and what it was opened with."""

    def __init__(self, place: S3Place, opened: Opened) -> None:
        self.opened = opened
        meta = opened.client.meta
        endpoint, virtual_hosted = _endpoint(place, meta.endpoint_url)
        self.store = S3Store(
            place.bucket,
            # The other name, `endpoint`, yields to AWS_ENDPOINT_URL_S3.
            aws_endpoint_url_s3=endpoint,
            region=meta.region_name,
            virtual_hosted_style_request=virtual_hosted,
            credential_provider=self.credential,
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=place.connect_timeout),
                "read_timeout": timedelta(seconds=place.read_timeout),
                "timeout": WHOLE_REQUEST,
                "pool_max_idle_per_host": str(place.connections),
            },
            retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=place.read_timeout)},
        )

    def credential(self) -> S3Credential:
        """Ask botocore, which renews what can be renewed."""
        credentials = self.opened.session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        frozen = credentials.get_frozen_credentials()
        if frozen.access_key is None or frozen.secret_key is None:
            raise NoCredentialsError
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + HELD_FOR,
        }


def _endpoint(place: S3Place, resolved: str) -> tuple[str, bool]:
    """Tell the endpoint, and whether the bucket is part of its host: so on AWS, where the name can be in one."""
    host = urlsplit(resolved).netloc
    if place.endpoint_url is None and ".amazonaws.com" in host and "." not in place.bucket:
        return f"https://{place.bucket}.{host}", True
    return resolved.rstrip("/"), False
