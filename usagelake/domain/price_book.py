"""The price book: plans, their versions over time, and what each version charges for.

``price_book_file`` reads one from TOML; what stands here is already checked.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from usagelake.domain.period import utc_day

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal

    from usagelake.domain.rating.flat import Flat
    from usagelake.domain.rating.model import PricingModel
    from usagelake.domain.rating.steps import Priced

#: The charge id of the true-up line; no charge of a book may have it.
MINIMUM_COMMITMENT = "minimum_commitment"


@dataclass(frozen=True, slots=True)
class UsageCharge:
    """A charge for what a meter counts.

    Args:
        id: Unique within its version.
        meter: Whose usage it prices.
        dimension: The one dimension it prices; None for what no sibling (same meter, same version) names.
        model: How units become an amount.
        free_units: The first units of each pool that cost nothing; the model prices the rest.
    """

    id: str
    meter: str
    dimension: str | None
    model: PricingModel
    free_units: int = 0

    def price(self, quantity: int) -> Priced:
        """Price one pool.

        Args:
            quantity: Whole units of the meter, zero or more, the free ones included.

        Returns:
            The exact amount and its steps, which count the units after the free ones.
        """
        return self.model.price(max(0, quantity - self.free_units))


@dataclass(frozen=True, slots=True)
class FlatCharge:
    """A fee that is due once per customer, plan and period.

    Args:
        id: Unique within its version.
        model: The fee.
    """

    id: str
    model: Flat


Charge: TypeAlias = UsageCharge | FlatCharge


@dataclass(frozen=True)
class PlanVersion:
    """What a plan charges from one day on, until its next version.

    Args:
        plan_id: The plan it belongs to.
        effective_from: The first day (UTC) on which it is in force.
        charges: In the order of the book.
        minimum_commitment: The least that a period costs a customer of the plan; None for no minimum.
    """

    plan_id: str
    effective_from: date
    charges: tuple[Charge, ...]
    minimum_commitment: Decimal | None = None

    @cached_property
    def _charge_by_usage(self) -> Mapping[tuple[str, str | None], UsageCharge]:
        usage_charges = (charge for charge in self.charges if isinstance(charge, UsageCharge))
        return {(charge.meter, charge.dimension): charge for charge in usage_charges}

    def charge_for(self, meter: str, dimension: str) -> UsageCharge | None:
        """Find the charge that prices a meter's dimension.

        Returns:
            The charge that names the dimension, else the one without a dimension, else None: unpriced.
        """
        charges = self._charge_by_usage
        return charges.get((meter, dimension)) or charges.get((meter, None))


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that customers are on.

    Args:
        id: Unique within the book.
        versions: Sorted by the day from which they are in force, no two on the same day.
    """

    id: str
    versions: tuple[PlanVersion, ...]

    def version_at(self, instant: datetime) -> PlanVersion | None:
        """Find the version in force at an aware instant.

        Returns:
            None before the plan's first version.

        Raises:
            ValueError: The instant has no time zone.
        """
        found = bisect_right(self.versions, utc_day(instant), key=lambda version: version.effective_from)
        return self.versions[found - 1] if found > 0 else None


@dataclass(frozen=True, slots=True)
class PriceBook:
    """All plans of a seller, in one currency.

    Args:
        currency: An ISO 4217 code.
        plans: By plan id.
    """

    currency: str
    plans: Mapping[str, Plan]
