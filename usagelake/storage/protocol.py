"""What the project asks of a place that holds objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
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


class Storage(Protocol):
    """A place that holds objects under keys."""

    @property
    def location(self) -> str:
        """The place, as a user would write it."""

    def list(self) -> Iterator[ObjectInfo]:
        """List every object, in no particular order.

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
