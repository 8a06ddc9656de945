"""The protocol that every pricing model of usage follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from usagelake.domain.rating.steps import Priced


class PricingModel(Protocol):
    """How a charge turns a pool's quantity into an amount.

    A model knows its prices and nothing of customers, free units or currencies. It is pure: the same quantity
    always costs the same.
    """

    def price(self, quantity: int) -> Priced:
        """Price the units of one pool.

        Args:
            quantity: Whole units of the meter, zero or more, after the free ones.

        Returns:
            The exact amount, not rounded, and the steps that prove it.
        """
        ...  # pragma: no cover
