"""What a delivered object says of itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Manifest:
    """Placeholder until the real one is merged."""

    events: int
    sha256: str

    @classmethod
    def of(cls, body: bytes, timestamps: Sequence[str]) -> Manifest:
        """Count."""
        return cls(len(timestamps), hashlib.sha256(body).hexdigest())

    def metadata(self) -> dict[str, str]:
        """Render."""
        return {"usagelake-events": str(self.events), "usagelake-sha256": self.sha256}

    @classmethod
    def parse(cls, metadata: Mapping[str, str]) -> Manifest:
        """Read."""
        return cls(int(metadata["usagelake-events"]), metadata["usagelake-sha256"])
