"""Per unit: every unit costs the same."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from usagelake.domain.money import exact_arithmetic
from usagelake.domain.rating.steps import NOTHING_DUE, ZERO, Priced, TierStep


@dataclass(frozen=True, slots=True)
class PerUnit:
    """A price for each unit (Stripe: per-unit pricing).

    Args:
        unit_price: In units of the currency, zero or more.
    """

    unit_price: Decimal

    @exact_arithmetic()
    def price(self, quantity: int) -> Priced:
        """Charge units times unit price."""
        if quantity == 0:
            return NOTHING_DUE
        amount = Decimal(quantity) * self.unit_price
        return Priced(amount, (TierStep(1, quantity, quantity, self.unit_price, ZERO, amount),))
