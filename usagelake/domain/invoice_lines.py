"""A period's invoices as rows of the table `invoice_lines`: one revision, known by the digest of its lines."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from usagelake.domain.canonical_json import canonical_json
from usagelake.domain.invoice import LineUsage
from usagelake.domain.money import format_exact
from usagelake.domain.rating.steps import ZERO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from usagelake.domain.invoice import Invoice
    from usagelake.domain.period import Period
    from usagelake.domain.rating.rate import Rated

NO_LINE = 0
"""The line number of the one row that a revision without any line has."""


@dataclass(frozen=True, slots=True)
class LineRevision:
    """The lines of all invoices of a period.

    Attributes:
        period: The period.
        digest: Of the lines, `sha256:…`: equal lines have equal digests, whatever they were computed from.
        lines: A row for each line, with the table's columns from `status` on.
    """

    period: Period
    digest: str
    lines: tuple[tuple[Any, ...], ...]

    @classmethod
    def of(cls, period: Period, rated: Rated) -> LineRevision:
        """Take the lines of a rated period, in the order of its invoices.

        A period without any line has a row all the same: whoever reads the newest revision must see that the lines
        of the one before are due no more.
        """
        lines = tuple(line for invoice in rated.invoices for line in _lines(invoice)) or (_no_line(period, rated),)
        texts = [[None if value is None else str(value) for value in line] for line in lines]
        return cls(period, f"sha256:{hashlib.sha256(canonical_json(texts)).hexdigest()}", lines)

    def rows(self, published_at: datetime) -> list[tuple[Any, ...]]:
        """Give the table's rows.

        Args:
            published_at: When the revision is published, in UTC and without a zone.
        """
        return [(self.period.name, self.digest, published_at, *line) for line in self.lines]


def _lines(invoice: Invoice) -> Iterator[tuple[Any, ...]]:
    for number, line in enumerate(invoice.lines, start=1):
        usage = line.basis if isinstance(line.basis, LineUsage) else None
        yield (
            invoice.status,
            str(invoice.invoice_id),
            invoice.customer_id,
            invoice.customer_name,
            invoice.currency,
            number,
            line.charge_id,
            line.plan_id,
            line.plan_version,
            None if usage is None else usage.meter,
            None if usage is None else usage.dimension,
            None if usage is None else usage.quantity,
            line.amount,
            format_exact(line.amount_exact),
        )


def _no_line(period: Period, rated: Rated) -> tuple[Any, ...]:
    first_day = period.start.date()
    return ("draft", "", "", "", rated.currency, NO_LINE, "", "", first_day, None, None, None, ZERO, format_exact(ZERO))
