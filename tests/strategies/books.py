"""Price books of every feature, and customers who change their plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.strategies.lines import MODELS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from tests.strategies.dice import Dice

METERS = (
    "api_requests",
    "internal_tokens",
    "external_tokens",
    "response_bytes",
    "request_bytes",
    "internal_egress_bytes",
    "external_egress_bytes",
    "internal_ingress_bytes",
    "external_ingress_bytes",
)
CURRENCIES = ("USD", "JPY", "BHD", "EUR")
PRICES = ("1", "0.0035", "0.005", "0.015", "0.0000004", "0", "12.345", "2.50", "0.333333333333")
AMOUNTS = ("10.00", "0", "0.10", "25", "3.005", "99.999")
BOUNDS = (1, 2, 3, 10, 1000, 10**18)
PLANS = ("payg", "growth", "scale")
MODELS_OF_PRICES = ("per_unit", "graduated", "volume", "package", "free")


def price_book(dice: Dice, days: tuple[date, ...]) -> str:
    """Make up a price book with all of `PLANS`.

    Args:
        dice: Decides.
        days: Days from which a version may be effective, the earliest before all use.
    """
    lines = [f'currency = "{dice.pick(CURRENCIES)}"']
    for plan_id in PLANS:
        lines += ["", "[[plan]]", f'id = "{plan_id}"']
        effective = {dice.pick((days[0], *days))} | ({dice.pick(days)} if dice.one_in(2) else set())
        for day in sorted(effective, reverse=dice.one_in(2)):
            lines += ["[[plan.version]]", f"effective_from = {day.isoformat()}"]
            if dice.one_in(2):
                lines.append(f'minimum_commitment = "{dice.pick(AMOUNTS)}"')
            lines += list(_charges(dice)) or list(_charge(dice, METERS[0], None))
    return "\n".join(lines) + "\n"


def _charges(dice: Dice) -> Iterator[str]:
    for number in range(dice.below(3)):
        yield "[[plan.version.charge]]"
        yield f'id = "fee-{number}"'
        yield f'model = "flat"\namount = "{dice.pick(AMOUNTS)}"'
        if dice.one_in(3):
            yield f"prorate = {dice.pick(('true', 'false'))}"
    for meter in METERS:
        if dice.below(3) == 0:
            continue
        dimensions: list[str | None] = [None]
        if meter.endswith("_tokens"):
            dimensions = [None, MODELS[0], MODELS[5]][dice.below(2) : 1 + dice.below(3)]
        for dimension in dimensions:
            yield from _charge(dice, meter, dimension)


def _charge(dice: Dice, meter: str, dimension: str | None) -> Iterator[str]:
    model = dice.pick(MODELS_OF_PRICES)
    yield "[[plan.version.charge]]"
    yield f'id = "{meter}-{dimension or "rest"}"'
    yield f'meter = "{meter}"\nmodel = "{model}"'
    if dimension is not None:
        yield f'dimension = "{dimension}"'
    if model != "free" and dice.one_in(2):
        yield f"free_units = {dice.pick((1, 0, 2, 10, 10**6))}"
    if model == "per_unit":
        yield f'unit_price = "{dice.pick(PRICES)}"'
    if model == "package":
        yield f'package_size = {dice.pick(BOUNDS)}\npackage_price = "{dice.pick(PRICES)}"'
        if dice.one_in(2):
            yield f'round = "{dice.pick(("up", "down"))}"'
    if model in ("graduated", "volume"):
        yield f"tiers = [{', '.join(_tiers(dice))}]"
        if dice.one_in(2):
            yield f"flat_at_zero = {dice.pick(('true', 'false'))}"


def _tiers(dice: Dice) -> Iterator[str]:
    bounds = sorted({dice.pick(BOUNDS) for _ in range(dice.below(4))})
    for bound in (*bounds, None):
        fields = [] if bound is None else [f"up_to = {bound}"]
        fields.append(f'unit_price = "{dice.pick(PRICES)}"')
        if dice.one_in(3):
            fields.append(f'flat = "{dice.pick(AMOUNTS)}"')
        yield "{ " + ", ".join(fields) + " }"


def customers(dice: Dice, subjects: tuple[tuple[str, str], ...], days: tuple[date, ...]) -> str:
    """Make up a customers file.

    Args:
        dice: Decides.
        subjects: Type and id of those who may be assigned.
        days: Days on which assignments may begin and end, in order.
    """
    lines = ["subject_type,subject_id,customer_id,customer_name,plan_id,valid_from,valid_to"]
    for subject_type, subject_id in subjects:
        start = 0 if not dice.one_in(4) else dice.below(len(days) - 1)
        while start < len(days) - 1 and len(lines) < 40:
            end = len(days) - 1 if not dice.one_in(3) else start + 1 + dice.below(len(days) - 1 - start)
            customer = f"cust-{dice.below(4)}"
            name = f'"Customer, {customer}"'
            valid_from = "" if start == 0 and dice.one_in(8) else days[start].isoformat()
            valid_to = "" if end == len(days) - 1 else days[end].isoformat()
            lines.append(f"{subject_type},{subject_id},{customer},{name},{dice.pick(PLANS)},{valid_from},{valid_to}")
            start = end + dice.below(2) if end < len(days) - 1 else end
    return "\n".join(lines) + "\n"
