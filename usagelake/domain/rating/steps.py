"""Steps: the arithmetic behind an amount, small enough that anybody can do it again by hand."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from usagelake.domain.money import format_exact

if TYPE_CHECKING:
    from usagelake.domain.canonical_json import JsonValue

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class TierStep:
    """Units that share one unit price: ``amount = quantity * unit_price + flat``.

    Args:
        first: The number of the step's first unit, counted from 1 after the free units; 0 when a flat amount
            is due without usage.
        last: The number of its last unit.
        quantity: How many units.
        unit_price: For each of them.
        flat: Due once for having entered the tier.
        amount: Exact, in units of the currency.
    """

    first: int
    last: int
    quantity: int
    unit_price: Decimal
    flat: Decimal
    amount: Decimal

    def to_document(self) -> dict[str, JsonValue]:
        """Give the step as an invoice shows it."""
        return {
            "from": str(self.first),
            "to": str(self.last),
            "quantity": str(self.quantity),
            "unit_price": format_exact(self.unit_price),
            "flat": format_exact(self.flat),
            "amount": format_exact(self.amount),
        }


@dataclass(frozen=True, slots=True)
class PackageStep:
    """Units sold in packages: ``amount = packages * package_price``.

    Args:
        quantity: How many units, after the free ones.
        package_size: Units in a package.
        rounding: Whether a package that is not full counts (``up``) or not (``down``).
        packages: How many packages that makes.
        package_price: For each of them.
        amount: Exact, in units of the currency.
    """

    quantity: int
    package_size: int
    rounding: Literal["up", "down"]
    packages: int
    package_price: Decimal
    amount: Decimal

    def to_document(self) -> dict[str, JsonValue]:
        """Give the step as an invoice shows it."""
        return {
            "from": "1",
            "to": str(self.quantity),
            "quantity": str(self.quantity),
            "package_size": str(self.package_size),
            "round": self.rounding,
            "packages": str(self.packages),
            "package_price": format_exact(self.package_price),
            "amount": format_exact(self.amount),
        }


Step: TypeAlias = TierStep | PackageStep


@dataclass(frozen=True, slots=True)
class Priced:
    """What a quantity costs, and why.

    Args:
        amount: Exact, in units of the currency; the sum of the steps' amounts.
        steps: Empty when nothing is due.
    """

    amount: Decimal
    steps: tuple[Step, ...]


NOTHING_DUE = Priced(amount=ZERO, steps=())
