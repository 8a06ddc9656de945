"""What a simulation made, counted while it was written: the truth to hold a bill against."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from usagelake.simulation.options import SimulationOptions

SCHEMA = "usagelake.simulation/1"


@dataclass(kw_only=True, slots=True)
class SourceAccount:
    """The account of one source. A line is what `docs/contracts.md` says it is.

    Args:
        subject_type: `api_key` or `resource`.
        objects: Objects written.
        stored_bytes: Their size as stored.
        events: Distinct valid events.
        duplicates: Redelivered lines.
        late: Events that were held back for minutes to 48 hours.
        reasons: Quarantined lines by reason.
        in_period: Events whose time lies in the period.
        keyless: Events of the period without an API key (access logs only).
        billable: Events of the period that the default billing policy bills.
        usage: Quantity in the period by subject id and meter, of billable events.
    """

    subject_type: str
    objects: int = 0
    stored_bytes: int = 0
    events: int = 0
    duplicates: int = 0
    late: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    in_period: int = 0
    keyless: int = 0
    billable: int = 0
    usage: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    @property
    def quarantined(self) -> int:
        """Lines that cannot be billed."""
        return self.reasons.total()

    @property
    def lines(self) -> int:
        """All lines: each is an event, a duplicate or quarantined."""
        return self.events + self.duplicates + self.quarantined

    @property
    def meters(self) -> Counter[str]:
        """Quantity in the period by meter, over all subjects."""
        return sum(self.usage.values(), Counter())

    def as_dict(self) -> dict[str, Any]:
        """Return the account as JSON's own types."""
        return {
            "objects": self.objects,
            "stored_bytes": self.stored_bytes,
            "lines": self.lines,
            "events": self.events,
            "duplicates": self.duplicates,
            "quarantined": self.quarantined,
            "late": self.late,
            "in_period": self.in_period,
            "keyless": self.keyless,
            "billable": self.billable,
            "reasons": dict(self.reasons),
            "meters": _text(self.meters),
            "usage": {f"{self.subject_type}:{subject}": _text(used) for subject, used in self.usage.items()},
        }


@dataclass(frozen=True, slots=True)
class SimulationAccount:
    """The account of a whole simulation.

    Args:
        options: What was asked for.
        api_requests: The account of the access logs.
        billing_events: The account of the billing events.
    """

    options: SimulationOptions
    api_requests: SourceAccount
    billing_events: SourceAccount

    @property
    def sources(self) -> tuple[SourceAccount, SourceAccount]:
        """Both sources' accounts."""
        return self.api_requests, self.billing_events

    def summary(self) -> dict[str, int]:
        """Return the counts under the names that `summary.json` of `usagelake bill` gives them."""
        names = ("objects", "lines", "events", "duplicates", "quarantined", "keyless")
        return {name: sum(getattr(source, name) for source in self.sources) for name in names}

    def to_json(self) -> str:
        """Return the account as canonical JSON; quantities are strings."""
        account = {
            "schema": SCHEMA,
            "seed": self.options.seed,
            "period": {"start": _utc(self.options.start), "end": _utc(self.options.end)},
            "summary": self.summary(),
            "sources": {
                "apigw_access": self.api_requests.as_dict(),
                "billing_events": self.billing_events.as_dict(),
            },
        }
        return json.dumps(account, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _text(quantities: Counter[str]) -> dict[str, str]:
    return {meter: str(quantity) for meter, quantity in quantities.items()}


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
