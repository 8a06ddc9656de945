"""The package's errors: one base, and a child for each thing a caller may want to tell apart.

A message names what was wrong, where, and what to do about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class UsageLakeError(Exception):
    """The base of every error that this package raises on purpose."""


class ConfigurationError(UsageLakeError):
    """What the user gave cannot be used: a price book, a customers file, a query, a parameter.

    Nothing has been written when this is raised.

    Args:
        faults: Every fault found, one sentence each, naming what is wrong, where, and what to do.
    """

    def __init__(self, faults: Sequence[str] | str) -> None:
        self.faults: tuple[str, ...] = (faults,) if isinstance(faults, str) else tuple(faults)
        super().__init__("\n".join(self.faults))


class EngineError(UsageLakeError):
    """A statement failed in the engine that ran it."""


class LakeBusyError(EngineError):
    """Another process has the lake open."""


class StorageError(UsageLakeError):
    """An object could not be listed, read or written."""


class StorageUnavailableError(StorageError):
    """The place cannot serve now: throttled, a fault of its own, a timeout, a connection lost. Try again soon."""


class StorageConflictError(StorageUnavailableError):
    """Somebody else is writing this very key (S3's 409). Try again at once."""


class StorageDeniedError(StorageError):
    """The place refuses until somebody changes something: no permission, no such bucket, no credentials."""
