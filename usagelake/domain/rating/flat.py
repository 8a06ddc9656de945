"""Flat: a fee per period, whatever was used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from usagelake.domain.money import share_of

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Flat:
    """A fee per period (Stripe: flat rate). It has no usage and so no steps.

    Args:
        amount: For a whole period, in units of the currency, zero or more.
        prorate: Whether only the assigned share of the period is due.
    """

    amount: Decimal
    prorate: bool = False

    def fee(self, *, hours: int, period_hours: int) -> Decimal:
        """Charge the amount, or its share for the assigned hours.

        Args:
            hours: In how many hours of the period the customer had the plan.
            period_hours: How many hours the period has.

        Returns:
            The exact amount; a share whose digits do not end is cut behind the 12th decimal.
        """
        return share_of(self.amount, hours, period_hours) if self.prorate else self.amount
