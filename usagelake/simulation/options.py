"""What a simulation is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from usagelake.errors import ConfigurationError

Layout = Literal["contract", "upstream"]
"""How billing events lie: `<event_type>/…` with one type an object, or `data-api/…` with mixed types."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_MILLISECOND = timedelta(milliseconds=1)
_HIGHEST_RATES = {"duplicates": 0.5, "late": 0.5, "malformed": 0.5, "noise": 0.5, "compressed": 1.0}
_SMALLEST_OBJECT = 4096


def epoch_ms(instant: datetime) -> int:
    """Return an aware instant as milliseconds since 1970."""
    return (instant - _EPOCH) // _MILLISECOND


def from_epoch_ms(milliseconds: int) -> datetime:
    """Return the instant, in UTC, of milliseconds since 1970."""
    return _EPOCH + milliseconds * _MILLISECOND


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulationOptions:
    """The size, the period and the faults of a simulation. The same options give the same bytes.

    Args:
        seed: Chooses the traffic. Subjects do not depend on it (see `usagelake.simulation.subjects`).
        start: First instant of the period, a whole hour in UTC.
        end: First instant after the period, a whole hour in UTC.
        api_requests: Access-log events to make, duplicates and malformed lines not counted.
        billing_events: Billing events to make, duplicates and malformed lines not counted.
        customers: Customers who own the subjects; with the default, `pricing/customers.csv` fits.
        api_keys: API keys that send traffic; by default as many as the customers own and one more.
        tenants: Tenants that send traffic; by default as many as the customers own and one more.
        object_bytes: Most bytes in one object, before compression.
        object_events: Most lines in one object of billing events; None for no such limit. Access logs
            have none, because Firehose knows none.
        object_age_s: Seconds after which an object is sealed however small it is; None for never.
        duplicates: Redelivered lines per event.
        late: Share of the events that arrive minutes to 48 hours after they happened.
        malformed: Malformed lines per event, each with one of the faults of `docs/contracts.md`.
        noise: Harmless oddities per line: `}{` joins, blank lines, byte order marks.
        compressed: Share of the objects that are gzipped.
        edge_hours: Hours of traffic before the period and after it.
        layout: How billing events lie.

    Raises:
        ConfigurationError: With every option that cannot be used.
    """

    seed: int = 1
    start: datetime = datetime(2025, 10, 1, tzinfo=UTC)
    end: datetime = datetime(2025, 11, 1, tzinfo=UTC)
    api_requests: int = 20_000
    billing_events: int = 20_000
    customers: int = 12
    api_keys: int | None = None
    tenants: int | None = None
    object_bytes: int = 2_000_000
    object_events: int | None = None
    object_age_s: int | None = 3600
    duplicates: float = 0.01
    late: float = 0.005
    malformed: float = 0.001
    noise: float = 0.0005
    compressed: float = 0.02
    edge_hours: int = 3
    layout: Layout = "contract"

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated, all of it at once."""
        faults = [*self._period_faults(), *self._count_faults()]
        faults += [
            f"{name} is {rate}: give a rate from 0 to {highest}"
            for name, highest in _HIGHEST_RATES.items()
            if not 0 <= (rate := getattr(self, name)) <= highest
        ]
        if self.layout not in ("contract", "upstream"):
            faults.append(f"layout is {self.layout!r}: give contract or upstream")
        if faults:
            raise ConfigurationError(faults)

    def clean(self) -> SimulationOptions:
        """Return the same traffic without a duplicate, a late or malformed line, noise or compression."""
        return replace(self, duplicates=0, late=0, malformed=0, noise=0, compressed=0)

    def _period_faults(self) -> list[str]:
        faults = []
        for name, instant in (("start", self.start), ("end", self.end)):
            if instant.tzinfo is None:
                return [f"{name} is {instant}: give an instant with its time zone"]
            if (instant - _EPOCH) % _HOUR:
                faults.append(f"{name} is {instant}: give a whole hour")
        if self.start >= self.end:
            faults.append(f"the period ends at {self.end}, which is not after its start {self.start}")
        return faults

    def _count_faults(self) -> list[str]:
        least = {
            "api_requests": 0,
            "billing_events": 0,
            "customers": 2,
            "api_keys": 1,
            "tenants": 1,
            "object_bytes": _SMALLEST_OBJECT,
            "object_events": 1,
            "object_age_s": 1,
            "edge_hours": 0,
        }
        return [
            f"{name} is {given}: give at least {bound}"
            for name, bound in least.items()
            if (given := getattr(self, name)) is not None and given < bound
        ]
