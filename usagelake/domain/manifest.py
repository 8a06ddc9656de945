"""What a delivered object says of itself, as S3 user metadata, so that reconciliation need not read its body."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

EVENTS: Final = "usagelake-events"
FIRST: Final = "usagelake-first"
LAST: Final = "usagelake-last"
SHA256: Final = "usagelake-sha256"

_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?Z")
_DATE_LENGTH: Final = 10
_COUNT: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The count, the span of time and the digest of one object.

    Attributes:
        events: How many lines its body has.
        first: The smallest `timestamp` of its events, as written; None when no event has a readable one.
        last: The largest.
        sha256: Of the body, in lower-case hexadecimal.
    """

    events: int
    first: str | None
    last: str | None
    sha256: str

    @classmethod
    def of(cls, body: bytes, timestamps: Sequence[str]) -> Manifest:
        r"""Describe an object.

        Args:
            body: Its bytes, every line ended by a line feed.
            timestamps: What its lines have as `timestamp`, in any order; what is no instant is passed over.

        Example:
            >>> Manifest.of(b"{}\n{}\n", ["2025-10-05T12:00:00Z", "2025-10-05T12:00:00.5Z"]).last
            '2025-10-05T12:00:00.5Z'
        """
        # Without its Z, an instant sorts as text where it sorts in time, however many digits its fraction has.
        cut = [text[:-1] for text in timestamps]
        first: str | None
        last: str | None
        low, high = min(cut, default=""), max(cut, default="")
        if cut and _is_instant(timestamps[cut.index(low)]) and _is_instant(timestamps[cut.index(high)]):
            first, last = f"{low}Z", f"{high}Z"
        else:
            ordered = sorted({text[:-1] for text in timestamps if _INSTANT.fullmatch(text)})
            first, last = _first_real(ordered), _first_real(reversed(ordered))
        return cls(
            events=body.count(b"\n"),
            first=first,
            last=last,
            sha256=hashlib.sha256(body).hexdigest(),
        )

    def metadata(self) -> dict[str, str]:
        """Give it as names and values of S3 user metadata; what is None is left out."""
        told = {EVENTS: str(self.events), FIRST: self.first, LAST: self.last, SHA256: self.sha256}
        return {name: value for name, value in told.items() if value is not None}

    @classmethod
    def parse(cls, metadata: Mapping[str, str]) -> Manifest:
        """Read what `metadata` gave; stores that write names with capitals are understood.

        Args:
            metadata: All of an object's user metadata.

        Raises:
            ValueError: The object carries no manifest, or none that is whole and sound.
        """
        named = {name.lower(): value for name, value in metadata.items()}
        events, sha256 = named.get(EVENTS, ""), named.get(SHA256, "")
        first, last = named.get(FIRST), named.get(LAST)
        if not _COUNT.fullmatch(events):
            raise ValueError(f"{EVENTS} is {events!r}, no count")
        if not _DIGEST.fullmatch(sha256):
            raise ValueError(f"{SHA256} is {sha256!r}, no SHA-256")
        if (first is None) != (last is None):
            raise ValueError(f"only one of {FIRST} and {LAST} is there")
        for name, instant in ((FIRST, first), (LAST, last)):
            if instant is not None and not _is_instant(instant):
                raise ValueError(f"{name} is {instant!r}, no instant")
        return cls(int(events), first, last, sha256)


def _first_real(ordered: Iterable[str]) -> str | None:
    """Give the first text whose day is in the calendar, its Z back in place."""
    return next((f"{text}Z" for text in ordered if _is_day(text[:_DATE_LENGTH])), None)


def _is_instant(text: str) -> bool:
    return _INSTANT.fullmatch(text) is not None and _is_day(text[:_DATE_LENGTH])


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
