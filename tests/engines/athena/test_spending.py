"""Bytes and dollars: 10 MB at least for what reads, nothing for DDL, five dollars a terabyte."""

from __future__ import annotations

from decimal import Decimal

import pytest

from usagelake.engines.athena import Spending, Spent


def spent(size: int, kind: str = "DML") -> Spent:
    """A statement that scanned so much."""
    return Spent("s", "id", kind, size, 1)


@pytest.mark.parametrize(
    ("size", "usd"),
    [
        (0, "0.00005"),
        (10**7 - 1, "0.00005"),
        (10**7, "0.00005"),
        (10**7 + 200_000, "0.000051"),
        (10**12, "5"),
    ],
)
def test_a_statement_costs_what_it_scans(size: int, usd: str) -> None:
    assert spent(size).usd == Decimal(usd)
    assert spent(size, "DDL").usd == 0


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ([], "Athena scanned 0 bytes in 0 statements, about $0.000"),
        ([spent(999)], "Athena scanned 999 bytes in 1 statement, about $0.000"),
        ([spent(1_200_000_000), *[spent(0)] * 42], "Athena scanned 1.2 GB in 43 statements, about $0.008"),
        ([spent(3 * 10**15)], "Athena scanned 3000.0 TB in 1 statement, about $15000.000"),
    ],
)
def test_a_run_says_what_it_took(statements: list[Spent], said: str) -> None:
    assert str(Spending(statements)) == said
