"""What a run's statements have scanned, and about what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

USD_PER_TERABYTE: Final = Decimal(5)
"""Athena's price in us-east-1 in November 2026 (https://aws.amazon.com/athena/pricing/), the same in most regions."""

TERABYTE: Final = 10**12

LEAST_BYTES: Final = 10**7
"""What a query that reads anything is charged for at least (the same page)."""

_UNITS: Final = ("bytes", "kB", "MB", "GB", "TB")
_UNIT: Final = 1000
_FREE: Final = frozenset({"DDL"})


@dataclass(frozen=True, slots=True)
class Spent:
    """What one statement took.

    Attributes:
        statement: The SQL file's name, or what was done.
        execution_id: Athena's id of it.
        kind: Athena's kind of statement: `DML`, `DDL` or `UTILITY`.
        bytes_scanned: Bytes that it read.
        milliseconds: How long it took, with waiting in the queue.
    """

    statement: str
    execution_id: str
    kind: str
    bytes_scanned: int
    milliseconds: int

    @property
    def usd(self) -> Decimal:
        """What it cost, exactly, if the price is that one."""
        if self.kind in _FREE:
            return Decimal(0)
        return max(self.bytes_scanned, LEAST_BYTES) * USD_PER_TERABYTE / TERABYTE


@dataclass(frozen=True, slots=True)
class Spending:
    """What a run's statements took together.

    Attributes:
        statements: Each of them.
    """

    statements: Sequence[Spent]

    @property
    def bytes_scanned(self) -> int:
        """Bytes that they read."""
        return sum(spent.bytes_scanned for spent in self.statements)

    @property
    def usd(self) -> Decimal:
        """What they cost, exactly."""
        return sum((spent.usd for spent in self.statements), Decimal(0))

    def __str__(self) -> str:
        count = len(self.statements)
        usd = self.usd.quantize(Decimal("0.001"), rounding=ROUND_HALF_UP)
        statements = "1 statement" if count == 1 else f"{count:,} statements"
        return f"Athena scanned {_shown(self.bytes_scanned)} in {statements}, about ${usd}"


def _shown(size: int) -> str:
    """Write a number of bytes for a person.

    Example:
        >>> _shown(1_249_000_000), _shown(999)
        ('1.2 GB', '999 bytes')
    """
    amount, unit = Decimal(size), 0
    while amount >= _UNIT and unit < len(_UNITS) - 1:
        amount, unit = amount / _UNIT, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else f"{size} bytes"
