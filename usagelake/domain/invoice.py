"""The invoice: what a customer owes for a period, line by line, and the evidence that proves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from uuid import UUID, uuid5

from usagelake.domain.canonical_json import canonical_json
from usagelake.domain.money import exact_arithmetic, format_amount, format_exact, round_amount
from usagelake.domain.period import format_instant
from usagelake.domain.rating.steps import ZERO

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal

    from usagelake.domain.canonical_json import JsonValue
    from usagelake.domain.period import Period
    from usagelake.domain.rating.steps import Step

SCHEMA = "usagelake.invoice/1"

#: Of the project's own; a changed namespace would give every invoice another id.
INVOICE_NAMESPACE = UUID("9d1742ef-23bf-599c-8536-ab51c376c932")


@dataclass(frozen=True, slots=True)
class LineUsage:
    """The usage that a line prices: one pool.

    Args:
        meter: What was counted.
        dimension: The one dimension that the charge names; ``""`` where it names none.
        quantity: The pool's units, the free ones included.
        free_units: How many first units of a pool the charge gives away.
        steps: How the other units came to the amount.
    """

    meter: str
    dimension: str
    quantity: int
    free_units: int
    steps: tuple[Step, ...]

    def to_document(self) -> dict[str, JsonValue]:
        """Give the keys that a usage line has beside the others."""
        return {
            "meter": self.meter,
            "dimension": self.dimension,
            "quantity": str(self.quantity),
            "free_units": str(self.free_units),
            "steps": [step.to_document() for step in self.steps],
        }


@dataclass(frozen=True, slots=True)
class ProratedHours:
    """The share of the period for which a prorated fee is due.

    Args:
        hours: In how many hours the customer had the plan.
        period_hours: How many the period has.
    """

    hours: int
    period_hours: int

    def to_document(self) -> dict[str, JsonValue]:
        """Give the key that a prorated line has beside the others."""
        return {"prorated": {"hours": str(self.hours), "period_hours": str(self.period_hours)}}


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One charge of an invoice.

    Args:
        charge_id: The charge of the price book, or ``minimum_commitment`` for a true-up.
        plan_id: The plan it belongs to.
        plan_version: The first day of the version that prices it.
        amount_exact: Before rounding, in units of the currency.
        amount: Rounded once to the currency's digits.
        basis: What the amount rests on; None for a whole fee and for a true-up.
    """

    charge_id: str
    plan_id: str
    plan_version: date
    amount_exact: Decimal
    amount: Decimal
    basis: LineUsage | ProratedHours | None = None

    def to_document(self, currency: str) -> dict[str, JsonValue]:
        """Give the line as the invoice shows it."""
        return {
            "charge_id": self.charge_id,
            "plan_id": self.plan_id,
            "plan_version": self.plan_version.isoformat(),
            "amount_exact": format_exact(self.amount_exact),
            "amount": format_amount(self.amount, currency),
            **({} if self.basis is None else self.basis.to_document()),
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an invoice was computed from, so that anybody can compute it again.

    Args:
        cutoff: Events ingested before it count; None while the invoice is a draft.
        queries: The digest of each SQL file that took part, by name.
        price_book: The digest of the price book's bytes.
        customers: The digest of the customers file's bytes.
        manifest: The digest of the sorted (key, ETag) pairs of the objects that were read.
        engine: The engine and its version, such as ``duckdb 2.0.0``.
    """

    cutoff: datetime | None
    queries: Mapping[str, str]
    price_book: str
    customers: str
    manifest: str
    engine: str

    def to_document(self) -> dict[str, JsonValue]:
        """Give the evidence as the invoice shows it."""
        return {
            "cutoff": None if self.cutoff is None else format_instant(self.cutoff),
            "queries": dict(self.queries),
            "price_book": self.price_book,
            "customers": self.customers,
            "manifest": self.manifest,
            "engine": self.engine,
        }


@dataclass(frozen=True, slots=True)
class Invoice:
    """What one customer owes for one period. Its evidence is added when it is written.

    Args:
        customer_id: Who pays.
        customer_name: As the customers file writes it.
        period: For when.
        currency: An ISO 4217 code.
        lines: Sorted by plan, version and the order of the book; each plan's minimum last.
        status: ``draft`` until the period is closed.
        revision: 0 for drafts and the first final invoice.
    """

    customer_id: str
    customer_name: str
    period: Period
    currency: str
    lines: tuple[InvoiceLine, ...]
    status: Literal["draft", "final"] = "draft"
    revision: int = 0

    @property
    def invoice_id(self) -> UUID:
        """A UUIDv5 of customer, period, currency and revision: the same invoice always has the same id."""
        # A customer id holds no slash, so no two invoices share a name.
        name = f"{self.customer_id}/{self.period.name}/{self.currency}/{self.revision}"
        return uuid5(INVOICE_NAMESPACE, name)

    @property
    def total(self) -> Decimal:
        """The sum of the rounded lines, with the currency's digits."""
        with exact_arithmetic():
            total = sum((line.amount for line in self.lines), ZERO)
        return round_amount(total, self.currency)

    def to_document(self, evidence: Evidence) -> dict[str, JsonValue]:
        """Give the invoice as it is written (docs/contracts.md).

        Args:
            evidence: What it was computed from.
        """
        return {
            "schema": SCHEMA,
            "invoice_id": str(self.invoice_id),
            "status": self.status,
            "customer_id": self.customer_id,
            "customer_name": self.customer_name,
            "period": {"start": format_instant(self.period.start), "end": format_instant(self.period.end)},
            "currency": self.currency,
            "lines": [line.to_document(self.currency) for line in self.lines],
            "total": format_amount(self.total, self.currency),
            "evidence": evidence.to_document(),
        }

    def to_json(self, evidence: Evidence) -> bytes:
        """Write the invoice as canonical JSON: equal invoices are equal bytes."""
        return canonical_json(self.to_document(evidence))
