"""Volume: all units cost what the tier says that their total falls in."""

from __future__ import annotations

from dataclasses import dataclass

from usagelake.domain.money import exact_arithmetic
from usagelake.domain.rating.steps import Priced
from usagelake.domain.rating.tiers import Tier, price_without_usage, require_sound


@dataclass(frozen=True, slots=True)
class Volume:
    """All units at one tier's price (Stripe: volume pricing). A total can fall as usage grows.

    Args:
        tiers: In rising order, the last one unbounded.
        flat_at_zero: Whether the first tier's flat amount is due without usage.

    Raises:
        ValueError: The tiers are empty, not rising, or end.
    """

    tiers: tuple[Tier, ...]
    flat_at_zero: bool = False

    def __post_init__(self) -> None:
        require_sound(self.tiers)

    @exact_arithmetic()
    def price(self, quantity: int) -> Priced:
        """Charge all units times the unit price of the total's tier, plus that tier's flat amount."""
        if quantity == 0:
            return price_without_usage(self.tiers, flat_at_zero=self.flat_at_zero)
        tier = next(tier for tier in self.tiers if tier.up_to is None or quantity <= tier.up_to)
        step = tier.step(1, quantity)
        return Priced(step.amount, (step,))
