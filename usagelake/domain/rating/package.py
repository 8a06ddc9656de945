"""Package: units are sold in packages of a fixed size."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from usagelake.domain.money import exact_arithmetic
from usagelake.domain.rating.steps import NOTHING_DUE, PackageStep, Priced


@dataclass(frozen=True, slots=True)
class Package:
    """A price for each package (Stripe: package pricing). It is not combined with tiers.

    Args:
        package_size: Units in a package, at least 1.
        package_price: In units of the currency, zero or more.
        rounding: ``up`` charges the last package when it is not full, ``down`` gives it away.
    """

    package_size: int
    package_price: Decimal
    rounding: Literal["up", "down"] = "up"

    @exact_arithmetic()
    def price(self, quantity: int) -> Priced:
        """Charge packages times package price."""
        if quantity == 0:
            return NOTHING_DUE
        packages, left_over = divmod(quantity, self.package_size)
        if left_over > 0 and self.rounding == "up":
            packages += 1
        amount = Decimal(packages) * self.package_price
        step = PackageStep(
            quantity=quantity,
            package_size=self.package_size,
            rounding=self.rounding,
            packages=packages,
            package_price=self.package_price,
            amount=amount,
        )
        return Priced(amount, (step,))
