"""From usage to invoices: assignments, pools, prices, totals, and the summary of the run."""

from __future__ import annotations

import csv
import datetime as dt
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tests.reference.landing import Lake, read_landing
from tests.reference.usage import Hour, hourly_usage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

DIGITS = {"JPY": 0, "USD": 2, "EUR": 2, "BHD": 3}
NO_END = dt.date.max


@dataclass(frozen=True)
class InvoiceLine:
    """One line: `meter`, `dimension` and `quantity` are None where it prices no usage."""

    charge_id: str
    plan_id: str
    plan_version: dt.date
    meter: str | None
    dimension: str | None
    quantity: int | None
    amount_exact: Fraction
    amount: Fraction
    digits: int

    def document(self) -> dict[str, str]:
        """Return the line as it stands in the invoice, without its steps and free units.

        A share of a fee whose digits do not end has no `amount_exact`: it is no exact decimal.
        """
        fields = {
            "charge_id": self.charge_id,
            "plan_id": self.plan_id,
            "plan_version": self.plan_version.isoformat(),
            "amount": fixed(self.amount, self.digits),
        }
        exact = plain(self.amount_exact)
        if exact is not None:
            fields["amount_exact"] = exact
        if self.meter is not None:
            fields |= {
                "meter": self.meter,
                "dimension": str(self.dimension),
                "quantity": str(self.quantity),
            }
        return fields


@dataclass(frozen=True)
class Invoice:
    """One customer's invoice: lines by plan, version and the order of the book, each minimum last."""

    customer_id: str
    lines: tuple[InvoiceLine, ...]
    total: Fraction
    digits: int

    def document(self) -> dict[str, Any]:
        """Return what of the invoice every order, split and engine agrees on."""
        return {
            "customer_id": self.customer_id,
            "lines": [line.document() for line in self.lines],
            "total": fixed(self.total, self.digits),
        }


@dataclass(frozen=True)
class ReferenceResult:
    """All that one run must come to.

    Attributes:
        summary: As summary.json has it; `run` is that of a run from nothing.
        invoices: By customer.
        usage: The rows of usage_hourly, of all times: quantity and events.
        lake: The events and the quarantine.
    """

    summary: dict[str, Any]
    invoices: dict[str, Invoice]
    usage: dict[Hour, tuple[int, int]]
    lake: Lake


@dataclass(frozen=True)
class Assignment:
    """One row of customers.csv."""

    subject: tuple[str, str]
    customer_id: str
    plan_id: str
    start: dt.date
    end: dt.date


def bill(landing: Path, pricing: Path, period: str, runs: Iterable[Iterable[str]] | None = None) -> ReferenceResult:
    """Do the main job.

    Args:
        landing: The landing folder.
        pricing: A folder with `price_book.toml` and `customers.csv`; both must be sound.
        period: `YYYY-MM`.
        runs: See `read_landing`.
    """
    lake = read_landing(landing, runs)
    usage = hourly_usage(lake)
    book = tomllib.loads((pricing / "price_book.toml").read_text(encoding="utf-8"))
    assignments = _assignments(pricing / "customers.csv")
    start, end = _month(period)
    rating = _Rating(book, assignments, start, end)
    for key, (quantity, _events) in usage.items():
        if start <= key.hour.date() < end:
            rating.take(key, quantity)
    invoices = rating.invoices()
    keyless = [
        request
        for request in lake.requests.values()
        if request.api_key_id is None and start <= request.time.date() < end
    ]
    taken = len(lake.requests) + len(lake.events)
    total = sum((invoice.total for invoice in invoices.values()), Fraction(0))
    summary = {
        "period": period,
        "objects": lake.objects,
        "unreadable_objects": lake.unreadable_objects,
        "lines": lake.lines,
        "events": taken,
        "duplicates": lake.duplicates,
        "quarantined": lake.quarantine.total(),
        "keyless": len(keyless),
        "unassigned": [
            {
                "subject_type": subject_type,
                "subject_id": subject_id,
                "meters": {meter: str(quantity) for meter, quantity in sorted(meters.items())},
            }
            for (subject_type, subject_id), meters in sorted(rating.unassigned.items())
        ],
        "unpriced": [
            {"plan_id": plan_id, "meter": meter, "quantity": str(quantity)}
            for (plan_id, meter), quantity in sorted(rating.unpriced.items())
            if quantity
        ],
        "invoices": len(invoices),
        "total": {book["currency"]: fixed(total, rating.digits)},
        "run": {"new_objects": lake.objects, "new_events": taken},
    }
    return ReferenceResult(summary, invoices, usage, lake)


class _Rating:
    def __init__(self, book: dict[str, Any], assignments: list[Assignment], start: dt.date, end: dt.date) -> None:
        self.digits = DIGITS[book["currency"]]
        self.plans = {
            plan["id"]: sorted(plan["version"], key=lambda version: version["effective_from"]) for plan in book["plan"]
        }
        self.assignments = [a for a in assignments if max(a.start, start) < min(a.end, end)]
        self.start, self.end = start, end
        self.pools: dict[tuple[str, str, dt.date, str], int] = defaultdict(int)
        self.unassigned: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.unpriced: dict[tuple[str, str], int] = defaultdict(int)

    def take(self, key: Hour, quantity: int) -> None:
        """Put one hour's usage where it belongs."""
        day = key.hour.date()
        subject = (key.subject_type, key.subject_id)
        found = [a for a in self.assignments if a.subject == subject and a.start <= day < a.end]
        if not found:
            self.unassigned[subject][key.meter] += quantity
            return
        (assignment,) = found
        version = self.version_on(assignment.plan_id, day)
        charges = [c for c in (version or {}).get("charge", []) if c.get("meter") == key.meter]
        named = [c for c in charges if c.get("dimension") == key.dimension]
        rest = [c for c in charges if "dimension" not in c]
        if version is None or not (named or rest):
            self.unpriced[assignment.plan_id, key.meter] += quantity
            return
        charge = (named or rest)[0]
        pool = (assignment.customer_id, assignment.plan_id, version["effective_from"], charge["id"])
        self.pools[pool] += quantity

    def version_on(self, plan_id: str, day: dt.date) -> dict[str, Any] | None:
        """Find the version in force: the last one that is effective."""
        effective = [version for version in self.plans[plan_id] if version["effective_from"] <= day]
        return effective[-1] if effective else None

    def invoices(self) -> dict[str, Invoice]:
        """Make the invoice of every customer with an assignment in the period, used or not."""
        customers = sorted({a.customer_id for a in self.assignments})
        found = {}
        for customer_id in customers:
            plans = sorted({a.plan_id for a in self.assignments if a.customer_id == customer_id})
            lines = [line for plan_id in plans for line in self.plan_lines(customer_id, plan_id)]
            total = sum((line.amount for line in lines), Fraction(0))
            found[customer_id] = Invoice(customer_id, tuple(lines), total, self.digits)
        return found

    def plan_lines(self, customer_id: str, plan_id: str) -> list[InvoiceLine]:
        """Price what one customer used and owes under one plan."""
        days = {
            day
            for a in self.assignments
            if a.customer_id == customer_id and a.plan_id == plan_id
            for day in _days(max(a.start, self.start), min(a.end, self.end))
        }
        found = [self.version_on(plan_id, day) for day in sorted(days)]
        last = found[-1]
        in_force = {version["effective_from"]: version for version in found if version is not None}
        lines = []
        for day, version in in_force.items():
            for charge in version.get("charge", []):
                if charge["model"] != "flat":
                    quantity = self.pools.get((customer_id, plan_id, day, charge["id"]), 0)
                    amount = price_of(charge, quantity)
                    if quantity or amount:
                        lines.append(self.line(charge, plan_id, day, quantity, amount))
                elif version is last:
                    share = Fraction(len(days), (self.end - self.start).days) if charge.get("prorate") else 1
                    amount = Fraction(charge["amount"]) * share
                    lines.append(self.line(charge, plan_id, day, None, amount))
        if last is not None:
            minimum = Fraction(last.get("minimum_commitment", "0"))
            missing = minimum - sum(line.amount for line in lines)
            if missing > 0:
                charge = {"id": "minimum_commitment"}
                lines.append(self.line(charge, plan_id, last["effective_from"], None, missing))
        return lines

    def line(
        self, charge: dict[str, Any], plan_id: str, version: dt.date, quantity: int | None, amount: Fraction
    ) -> InvoiceLine:
        """Write one line, rounded once."""
        is_usage = quantity is not None
        return InvoiceLine(
            charge_id=charge["id"],
            plan_id=plan_id,
            plan_version=version,
            meter=charge["meter"] if is_usage else None,
            dimension=charge.get("dimension", "") if is_usage else None,
            quantity=quantity,
            amount_exact=amount,
            amount=rounded(amount, self.digits),
            digits=self.digits,
        )


def price_of(charge: dict[str, Any], quantity: int) -> Fraction:
    """Price one pool by its charge."""
    units = max(quantity - charge.get("free_units", 0), 0)
    match charge["model"]:
        case "free":
            return Fraction(0)
        case "per_unit":
            return units * Fraction(charge["unit_price"])
        case "package":
            packages = Fraction(units, charge["package_size"])
            whole = packages.__floor__() if charge.get("round") == "down" else packages.__ceil__()
            return whole * Fraction(charge["package_price"])
        case "graduated":
            return _graduated(charge, units)
        case "volume":
            return _volume(charge, units)
        case other:
            raise AssertionError(other)


def _graduated(charge: dict[str, Any], units: int) -> Fraction:
    if units == 0:
        return _flat_at_zero(charge)
    amount, below = Fraction(0), 0
    for tier in charge["tiers"]:
        if units > below:
            inside = min(units, tier.get("up_to", units)) - below
            amount += inside * Fraction(tier["unit_price"]) + Fraction(tier.get("flat", "0"))
        below = tier.get("up_to", units)
    return amount


def _volume(charge: dict[str, Any], units: int) -> Fraction:
    if units == 0:
        return _flat_at_zero(charge)
    tier = next(t for t in charge["tiers"] if "up_to" not in t or units <= t["up_to"])
    return units * Fraction(tier["unit_price"]) + Fraction(tier.get("flat", "0"))


def _flat_at_zero(charge: dict[str, Any]) -> Fraction:
    return Fraction(charge["tiers"][0].get("flat", "0")) if charge.get("flat_at_zero") else Fraction(0)


def rounded(amount: Fraction, digits: int) -> Fraction:
    """Round half up to the currency's digits; no amount here is negative."""
    return Fraction((amount * 10**digits + Fraction(1, 2)).__floor__(), 10**digits)


def fixed(amount: Fraction, digits: int) -> str:
    """Write an amount with the currency's digits."""
    cents = int(amount * 10**digits)
    whole, part = divmod(cents, 10**digits)
    return f"{whole}.{part:0{digits}}" if digits else str(whole)


def plain(amount: Fraction) -> str | None:
    """Write an exact decimal without trailing zeros; None when its digits do not end."""
    digits = next((n for n in range(200) if (amount * 10**n).denominator == 1), None)
    return None if digits is None else fixed(amount, digits)


def _assignments(path: Path) -> list[Assignment]:
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Assignment(
                subject=(row["subject_type"], row["subject_id"]),
                customer_id=row["customer_id"],
                plan_id=row["plan_id"],
                start=dt.date.fromisoformat(row["valid_from"]) if row["valid_from"] else dt.date.min,
                end=dt.date.fromisoformat(row["valid_to"]) if row["valid_to"] else NO_END,
            )
            for row in csv.DictReader(file)
        ]


def _month(period: str) -> tuple[dt.date, dt.date]:
    year, month = (int(part) for part in period.split("-"))
    start = dt.date(year, month, 1)
    end = dt.date(year + month // 12, month % 12 + 1, 1)
    return start, end


def _days(start: dt.date, end: dt.date) -> list[dt.date]:
    return [start + dt.timedelta(days=number) for number in range((end - start).days)]
