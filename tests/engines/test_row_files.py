"""Rows of an engine elsewhere, written to a local file."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from usagelake.engines.row_files import write_rows
from usagelake.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLUMNS = [
    ("text", "varchar(7)"), ("many", "decimal(38, 0)"), ("count", "bigint"), ("at", "timestamp(6)"), ("day", "date"),
    ("yes", "boolean"), ("share", "double"),
]  # fmt: skip
FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999)  # noqa: DTZ001
ROWS: list[tuple[Any, ...]] = [
    ("", Decimal(10**38 - 1), 2**63 - 1, FIRST, date(1, 1, 1), True, 0.1),
    (None, None, None, None, None, None, None),
    ('a"\\\n\x00\x01é\U0001f600', Decimal(0), -(2**63), LAST, date(9999, 12, 31), False, -1e300),
]


def test_parquet_holds_what_was_given(tmp_path: Path) -> None:
    """Every type at its edges; NULL and the empty text stay apart."""
    path = tmp_path / "it's.parquet"
    write_rows(path, "parquet", COLUMNS, ROWS)
    with duckdb.connect() as connection:
        assert connection.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall() == ROWS


def test_no_rows_make_a_file_with_columns(tmp_path: Path) -> None:
    """A reader finds the columns."""
    path = tmp_path / "none.parquet"
    write_rows(path, "parquet", COLUMNS, [])
    with duckdb.connect() as connection:
        found = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
        assert [column[0] for column in found.description or []] == [name for name, _ in COLUMNS]
        assert found.fetchall() == []


def test_ndjson_and_csv_keep_the_order(tmp_path: Path) -> None:
    """One row after the other, as they came."""
    rows = [(str(number),) for number in range(5000)]
    write_rows(tmp_path / "rows.ndjson", "ndjson", [("n", "varchar")], iter(rows))
    lines = (tmp_path / "rows.ndjson").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"n": text} for (text,) in rows]
    write_rows(tmp_path / "rows.csv", "csv", [("n", "varchar")], iter(rows))
    assert (tmp_path / "rows.csv").read_text().splitlines() == ["n", *(text for (text,) in rows)]


def test_a_reader_that_fails_is_heard(tmp_path: Path) -> None:
    """Nothing is written of half a result."""

    def rows() -> Iterator[tuple[str]]:
        yield ("1",)
        raise EngineError("gone")

    with pytest.raises(EngineError, match="gone"):
        write_rows(tmp_path / "half.csv", "csv", [("n", "varchar")], rows())
    assert list(tmp_path.iterdir()) == []
