"""What the trial found: one line per link of the flow."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """How a link did."""

    WORKS = "works"
    NOT_CARRIED = "not carried"
    """The emulator does not have it, and says so or does nothing; no fault of the app."""
    FAILED = "FAILED"


@dataclass(frozen=True)
class Link:
    """One link.

    Attributes:
        name: What hands what to whom.
        outcome: How it did.
        detail: What was seen, or the emulator's own words.
    """

    name: str
    outcome: Outcome
    detail: str


@dataclass
class Links:
    """All links so far, in order."""

    found: list[Link] = field(default_factory=list)

    def works(self, name: str, detail: str) -> None:
        """A link did what it should."""
        self.found.append(Link(name, Outcome.WORKS, detail))

    def not_carried(self, name: str, detail: str) -> None:
        """The emulator does not have this link."""
        self.found.append(Link(name, Outcome.NOT_CARRIED, detail))

    def failed(self, name: str, detail: str) -> None:
        """A link that should work does not."""
        self.found.append(Link(name, Outcome.FAILED, detail))

    def equal(self, name: str, seen: object, wanted: object) -> None:
        """A link works when what came out equals what went in."""
        if seen == wanted:
            self.works(name, str(seen))
        else:
            self.failed(name, f"{seen}, and not {wanted}")

    @property
    def exit_code(self) -> int:
        """1 when a link that should work does not, or when there was none."""
        return int(not self.found or any(each.outcome is Outcome.FAILED for each in self.found))

    def table(self) -> str:
        """One line per link."""
        names = max((len(each.name) for each in self.found), default=0)
        outcomes = max(len(outcome) for outcome in Outcome)
        return "\n".join(
            f"{each.name.ljust(names)}  {each.outcome.ljust(outcomes)}  {each.detail}" for each in self.found
        )
