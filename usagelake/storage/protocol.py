"""What the project asks of a place that holds objects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object as a listing shows it.

    Attributes:
        key: The object's key, relative to the storage's location, with `/` between its parts.
        size: Its size in bytes.
        version: A stamp, free to get, that changes when the object does: S3's ETag, or a file's time of
            modification. It says which objects need a look; identity is the content's digest.
    """

    key: str
    size: int
    version: str


class PutOutcome(Enum):
    """What became of a put that must not overwrite."""

    CREATED = "created"
    """The object is there now."""

    EXISTS = "exists"
    """An object stood under this key already and was left as it is (S3's 412)."""


class Storage(Protocol):
    """A place that holds objects under keys; safe to use from several threads at once."""

    @property
    def location(self) -> str:
        """The place, as a user would write it."""

    def list(self, *, below: str = "") -> Iterator[ObjectInfo]:
        """List every object, in no particular order.

        Args:
            below: List only this folder and what is below it, such as `tokens/2015/05`, without a `/` at either
                end. A folder that is not there holds nothing.

        Raises:
            StorageError: The place cannot be listed.
        """

    def folders(self, *, below: str = "") -> tuple[str, ...]:
        """List the names of the folders that lie right below a folder, sorted; objects beside them are left out.

        Args:
            below: The folder, as `list` takes it. One that is not there holds none.

        Raises:
            StorageError: The place cannot be listed.
        """

    def read(self, key: str) -> Iterator[bytes]:
        """Read one object, in chunks of at most a few megabytes.

        Raises:
            StorageError: The object cannot be opened or read.
        """

    def path(self, key: str) -> Path | None:
        """Tell where the object lies as a file of this machine, if it does."""

    def put_if_absent(self, key: str, body: bytes, *, content_type: str, metadata: Mapping[str, str]) -> PutOutcome:
        """Write one object whole, unless its key is taken: `If-None-Match: *`, and no retries.

        Args:
            key: Where; of S3 below the location's prefix.
            body: The object's bytes.
            content_type: Such as `application/x-ndjson`.
            metadata: Names of lower-case letters and hyphens, values of ASCII. A local folder has nowhere to keep
                them and does not.

        Raises:
            StorageConflictError: Another write of this key is under way.
            StorageUnavailableError: It may work when tried again. The object may be there all the same.
            StorageDeniedError: It will not work until somebody changes permissions, names or credentials.
            StorageError: The place refuses this very object.
        """

    def metadata(self, key: str) -> Mapping[str, str] | None:
        """Read what `put_if_absent` kept beside an object; None where the place keeps nothing.

        Raises:
            StorageError: The object cannot be asked for.
        """
