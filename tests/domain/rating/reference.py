"""Rating once more, day by day and unit by unit, with fractions: the rules as prose has them.

It reads the plain data of a world, never the product's price book or customers.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.domain.rating.worlds import DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from tests.domain.rating.worlds import World


class Line(NamedTuple):
    plan: str
    version: date
    charge: str
    quantity: int | None
    exact: Fraction
    cents: int


class Reference(NamedTuple):
    invoices: dict[str, list[Line]]
    unassigned: dict[str, dict[str, int]]
    unpriced: dict[tuple[str, str], int]


def cents_of(exact: Fraction) -> int:
    return floor(exact * 100 + Fraction(1, 2))


def rate_by_day(world: World) -> Reference:
    pools: dict[tuple[str, str, date, str], int] = defaultdict(int)
    unassigned: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    unpriced: dict[tuple[str, str], int] = defaultdict(int)
    for day, subject, meter, dimension, quantity in world.usage:
        owner = _owner(world, subject, day)
        if owner is None:
            unassigned[subject][meter] += quantity
            continue
        customer, plan = owner
        version = _version(world, plan, day)
        charge = None if version is None else _charge(version[2], meter, dimension)
        if version is None or charge is None:
            if quantity:
                unpriced[plan, meter] += quantity
        else:
            pools[customer, plan, version[0], charge["id"]] += quantity
    customers = sorted({row[1] for row in world.rows if any(row[3] <= day < row[4] for day in DAYS)})
    invoices = {customer: _invoice(world, customer, pools) for customer in customers}
    return Reference(invoices, {s: dict(m) for s, m in unassigned.items()}, dict(unpriced))


def _invoice(world: World, customer: str, pools: dict[tuple[str, str, date, str], int]) -> list[Line]:
    lines: list[Line] = []
    for plan in sorted(world.plans):
        days = [d for d in DAYS if any(r[1:3] == (customer, plan) and r[3] <= d < r[4] for r in world.rows)]
        last = _version(world, plan, days[-1]) if days else None
        plan_lines = [
            line
            for version in world.plans[plan]
            if any(_version(world, plan, day) is version for day in days)
            for charge in version[2]
            for line in _lines(
                charge,
                customer=customer,
                plan=plan,
                version=version,
                pools=pools,
                days=days,
                is_last=version is last,
            )
        ]
        if last is not None and last[1] is not None:
            missing = Fraction(last[1]) - Fraction(sum(line.cents for line in plan_lines), 100)
            true_up = Line(plan, last[0], "minimum_commitment", None, missing, cents_of(missing))
            plan_lines += [true_up] if missing > 0 else []
        lines += plan_lines
    return lines


def _lines(
    charge: Mapping[str, Any],
    *,
    customer: str,
    plan: str,
    version: Any,
    pools: dict[tuple[str, str, date, str], int],
    days: list[date],
    is_last: bool,
) -> list[Line]:
    if charge["model"] != "flat":
        quantity = pools.get((customer, plan, version[0], charge["id"]), 0)
        exact = _cost(charge, quantity)
        is_due = bool(quantity or exact)
        return [Line(plan, version[0], charge["id"], quantity, exact, cents_of(exact))] if is_due else []
    exact = Fraction(charge["amount"]) * (Fraction(len(days), len(DAYS)) if charge["prorate"] else 1)
    return [Line(plan, version[0], charge["id"], None, exact, cents_of(exact))] if is_last else []


def _owner(world: World, subject: str, day: date) -> tuple[str, str] | None:
    owners = [(row[1], row[2]) for row in world.rows if row[0] == subject and row[3] <= day < row[4]]
    return owners[0] if owners else None


def _version(world: World, plan: str, day: date) -> Any:
    begun = [version for version in world.plans[plan] if version[0] <= day]
    return max(begun, key=lambda version: version[0]) if begun else None


def _charge(charges: Sequence[Mapping[str, Any]], meter: str, dimension: str) -> Mapping[str, Any] | None:
    priced = [charge for charge in charges if charge.get("meter") == meter]
    named = [charge for charge in priced if charge.get("dimension") == dimension]
    rest = [charge for charge in priced if "dimension" not in charge]
    return next(iter(named or rest), None)


def _cost(charge: Mapping[str, Any], quantity: int) -> Fraction:
    """Go through the units one by one."""
    units = list(range(1, quantity + 1))[charge.get("free_units", 0) :]
    count = len(units)
    match charge["model"]:
        case "free":
            return Fraction(0)
        case "per_unit":
            return sum((Fraction(charge["unit_price"]) for _ in units), Fraction(0))
        case "package":
            starts = [n for n in range(count) if n % charge["package_size"] == 0]
            ends = [n for n in range(count) if (n + 1) % charge["package_size"] == 0]
            return len(starts if charge["round"] == "up" else ends) * Fraction(charge["package_price"])
        case _:
            return _tiered(charge, count)


def _tiered(charge: Mapping[str, Any], count: int) -> Fraction:
    def tier_of(unit: int) -> Mapping[str, Any]:
        return next(tier for tier in charge["tiers"] if unit <= tier.get("up_to", unit))

    if count == 0:
        first = charge["tiers"][0]
        return Fraction(first.get("flat", "0")) if charge["flat_at_zero"] else Fraction(0)
    entered = [tier_of(n) for n in range(1, count + 1)]
    if charge["model"] == "volume":
        entered = [entered[-1]] * count
    flats = {id(tier): Fraction(tier.get("flat", "0")) for tier in entered}
    return sum((Fraction(tier["unit_price"]) for tier in entered), Fraction(0)) + sum(flats.values())
