"""Rows that are added to a table of the lake."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from usagelake.domain.schema import INVOICE_LINES
from usagelake.engines import ad_hoc
from usagelake.engines.duckdb import DuckDBEngine
from usagelake.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT = datetime(2026, 11, 29, 4, 0, 0, 123456)  # noqa: DTZ001
LEAST, MOST = Decimal("-" + "9" * 34 + ".9999"), Decimal("9" * 34 + ".9999")


def line(number: int, **values: Any) -> tuple[Any, ...]:
    """Give a row of `invoice_lines`."""
    row = {
        **dict.fromkeys(INVOICE_LINES.column_names, "x"),
        "published_at": AT,
        "line_number": number,
        "plan_version": date(2026, 1, 1),
        "quantity": None,
        "amount": Decimal("0.10"),
        **values,
    }
    return tuple(row.values())


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[DuckDBEngine]:
    """An empty lake."""
    with DuckDBEngine(tmp_path) as engine:
        yield engine


def held(lake: DuckDBEngine) -> list[tuple[Any, ...]]:
    """Read the table."""
    return lake.fetch(ad_hoc("SELECT * FROM invoice_lines ORDER BY line_number")).rows


def test_rows_are_added_to_those_that_are_there(lake: DuckDBEngine) -> None:
    """Each value as it was given, at its edges too; no rows are no change."""
    rows = [
        line(1),
        line(2, quantity=Decimal(10**38 - 1), amount=MOST, meter="", dimension=None, customer_name='Ö "&", \n\\N\x01'),
        line(3, quantity=0, amount=LEAST, amount_exact="0.333333333333"),
    ]
    lake.append("invoice_lines", rows[:2])
    lake.append("invoice_lines", [])
    lake.append("invoice_lines", rows[2:])
    assert held(lake) == rows


@pytest.mark.parametrize("wrong", [{"amount": Decimal(10**34)}, {"customer_id": None}, {"quantity": Decimal(10**38)}])
def test_all_rows_are_added_or_none(lake: DuckDBEngine, wrong: dict[str, Any]) -> None:
    """One that does not fit keeps the others out, and the lake goes on."""
    lake.append("invoice_lines", [line(1)])
    with pytest.raises(EngineError, match="adding to invoice_lines: "):
        lake.append("invoice_lines", [line(2), line(3, **wrong)])
    assert held(lake) == [line(1)]
    lake.append("invoice_lines", [line(2)])
    assert held(lake) == [line(1), line(2)]
