"""Usage: what the meters counted, summed over a stretch of hours, and what of it cannot be billed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usagelake.domain.canonical_json import JsonValue


class UsageTotal(NamedTuple):
    """What one subject used of one meter and dimension within one segment of the period.

    Args:
        meter: The meter's name, such as ``api_requests``.
        subject_type: ``api_key``, ``resource``, or whatever the meter's file returns.
        subject_id: Whose usage it is.
        dimension: The value that prices may differ by, such as a model; ``""`` when there is none.
        quantity: In the meter's own unit (requests, bytes, tokens); zero or more.
        events: How many events the quantity was summed from.
    """

    meter: str
    subject_type: str
    subject_id: str
    dimension: str
    quantity: int
    events: int


@dataclass(frozen=True, slots=True, order=True)
class UnassignedUsage:
    """A subject that used something in hours in which no row of the customers file covers it.

    Args:
        subject_type: As in the usage.
        subject_id: As in the usage.
        meters: Quantity by meter, over those hours and all dimensions, sorted by meter.
    """

    subject_type: str
    subject_id: str
    meters: tuple[tuple[str, int], ...]

    def to_document(self) -> dict[str, JsonValue]:
        """Give the entry as it stands in ``summary.json``: quantities are strings."""
        meters: Mapping[str, JsonValue] = {meter: str(quantity) for meter, quantity in self.meters}
        return {"subject_type": self.subject_type, "subject_id": self.subject_id, "meters": meters}


@dataclass(frozen=True, slots=True, order=True)
class UnpricedUsage:
    """Usage of assigned subjects that no charge of their plan names, or in hours before its first version.

    Args:
        plan_id: The plan that says nothing about it.
        meter: What was used.
        quantity: More than zero, over all customers of the plan and all dimensions that have no charge.
    """

    plan_id: str
    meter: str
    quantity: int

    def to_document(self) -> dict[str, JsonValue]:
        """Give the entry as it stands in ``summary.json``: the quantity is a string."""
        return {"plan_id": self.plan_id, "meter": self.meter, "quantity": str(self.quantity)}
