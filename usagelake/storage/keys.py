"""Which keys and metadata may be written: those that mean the same in every store."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from usagelake.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?|")


def check_key(location: str, key: str) -> None:
    """Refuse a key that cannot be a file below a folder: such an object could not be copied, listed or read alike.

    Args:
        location: The place, for the message.
        key: The key, relative to the place.

    Raises:
        StorageError: A part of it is empty, `.` or `..`, or it holds control characters or is no Unicode.

    Example:
        >>> check_key("landing", "tokens/2015/05/01/00/00/a.jsonl")
        >>> check_key("landing", "../a.jsonl")
        Traceback (most recent call last):
        usagelake.errors.StorageError: landing: the key '../a.jsonl' cannot be written; no part of it may be '..'
    """
    fault = _key_fault(key)
    if fault is not None:
        raise StorageError(f"{location}: the key {key[:200]!r} cannot be written; {fault}")


def _key_fault(key: str) -> str | None:
    for part in key.split("/"):
        if part in {"", ".", ".."}:
            return f"no part of it may be {part!r}"
    if _CONTROL.search(key):
        return "it may hold no control characters"
    try:
        key.encode()
    except UnicodeEncodeError:
        return "it may hold no lone surrogates"
    return None


def check_headers(location: str, content_type: str, metadata: Mapping[str, str]) -> None:
    """Refuse a content type or metadata that cannot be HTTP headers.

    Args:
        location: The object, for the message.
        content_type: Such as `application/x-ndjson`.
        metadata: Names of lower-case letters, digits and hyphens; values of printable ASCII.

    Raises:
        StorageError: They are not.
    """
    for name, value in metadata.items():
        if not _NAME.fullmatch(name):
            raise StorageError(f"{location}: metadata may not be called {name!r}; use lower-case letters and hyphens")
        if not _VALUE.fullmatch(value):
            raise StorageError(f"{location}: metadata {name} may not be {value!r}; use printable ASCII")
    if not content_type or not _VALUE.fullmatch(content_type):
        raise StorageError(f"{location}: {content_type!r} is no content type; application/x-ndjson is one")
