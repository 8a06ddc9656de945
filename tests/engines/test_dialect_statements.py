"""Statements that change tables: MERGE, INSERT, DELETE, and views."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from usagelake.engines.dialect import RefusalError, check, parse_statement, to_athena

if TYPE_CHECKING:
    from conftest import Athena

TARGET = {"k": "varchar", "at": "timestamp", "q": "decimal(38, 0)", "n": "bigint"}
MORNING = datetime(2024, 2, 29, 6)  # noqa: DTZ001


@pytest.fixture
def tables(athena: Athena) -> Athena:
    """A target and a source."""
    athena.table("target", TARGET, ("a", MORNING, Decimal(1), 1), ("b", MORNING, Decimal(2), 2))
    athena.table("source", {"k": "varchar", "q": "bigint"}, ("a", 10), ("b", 2), ("c", 30), (None, 40))
    return athena


MERGE = """
MERGE INTO target AS t
USING (SELECT k, q FROM source WHERE k IS NOT NULL) AS s
    ON t.k = s.k AND t.at >= TIMESTAMP '2024-02-29 00:00:00'
WHEN MATCHED AND t.q <> s.q THEN UPDATE SET q = s.q, n = t.n + 1
WHEN NOT MATCHED THEN INSERT (k, at, q, n) VALUES (s.k, DATE '2024-03-01', s.q, 0)
"""


def test_merge(tables: Athena) -> None:
    """What differs is updated, what is new is inserted; twice changes nothing more."""
    expected = [
        ("a", MORNING, Decimal(10), 2),
        ("b", MORNING, Decimal(2), 2),
        ("c", datetime(2024, 3, 1), Decimal(30), 0),  # noqa: DTZ001
    ]
    tables.execute(MERGE)
    assert tables.rows("SELECT k, at, q, n FROM target ORDER BY k") == expected
    tables.execute(MERGE.replace("t.at >= TIMESTAMP '2024-02-29 00:00:00'", "true = true"))
    assert tables.rows("SELECT k, at, q, n FROM target ORDER BY k") == expected


def test_merge_deletes(tables: Athena) -> None:
    """WHEN MATCHED THEN DELETE."""
    tables.execute("MERGE INTO target USING source ON target.k = source.k WHEN MATCHED AND source.q > 5 THEN DELETE")
    assert tables.rows("SELECT k FROM target") == [("b",)]


def test_insert(tables: Athena) -> None:
    """Columns that are not named stay NULL; a bigint becomes a decimal."""
    tables.execute("INSERT INTO target (k, q) SELECT k, q FROM source WHERE k = 'c'")
    assert tables.rows("SELECT k, at, q, n FROM target WHERE k = 'c'") == [("c", None, Decimal(30), None)]


def test_delete(tables: Athena) -> None:
    """DELETE with and without WHERE."""
    tables.execute("DELETE FROM target WHERE k IN (SELECT k FROM source WHERE q > 5)")
    assert tables.rows("SELECT k FROM target") == [("b",)]
    tables.execute("DELETE FROM target")
    assert tables.rows("SELECT count(*) FROM target") == [(0,)]


def test_view(tables: Athena) -> None:
    """A view's columns are those of its query."""
    tables.execute("CREATE OR REPLACE VIEW v AS SELECT k AS name, count(*) AS n FROM source GROUP BY k")
    tables.schema["v"] = {"name": "varchar", "n": "bigint"}
    assert tables.rows("SELECT name FROM v WHERE n = 1 ORDER BY name LIMIT 1") == [("a",)]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (MERGE.replace("n = t.n + 1", "n = s.k"), "column n is bigint, the value is varchar"),
        (MERGE.replace("SET q", "SET x"), "no column x"),
        (MERGE.replace("SET q", "SET t.q"), "bare name"),
        (MERGE.replace("VALUES (s.k", "VALUES (t.k"), "t.k is not there"),
        (MERGE.replace(", n) VALUES", ") VALUES"), "3 columns and gives 4 values"),
        (MERGE.replace("t.k = s.k AND", "t.k = s.q AND"), "compare varchar with bigint"),
        (MERGE.replace("INTO target", "INTO nowhere"), "no table nowhere"),
        (MERGE.replace("NOT MATCHED THEN", "NOT MATCHED BY SOURCE THEN"), "."),
        ("INSERT INTO target (k) SELECT q FROM source", "column k is varchar, the value is bigint"),
        ("INSERT INTO target (k) SELECT k, q FROM source", "takes 1 columns"),
        ("INSERT INTO target SELECT k FROM source", "takes 4 columns"),
        ("INSERT OR REPLACE INTO target SELECT * FROM target", "."),
        ("DELETE FROM target USING source WHERE true", "."),
        ("DELETE FROM target RETURNING k", "."),
        ("DELETE FROM target WHERE x = 1", "column x is not there"),
        ("CREATE OR REPLACE VIEW v AS SELECT count(*) FROM source", "needs a name"),
        ("CREATE TABLE v AS SELECT 1 AS a", "only CREATE OR REPLACE VIEW"),
        ("CREATE TEMP VIEW v AS SELECT 1 AS a", "."),
    ],
)
def test_refused(tables: Athena, sql: str, message: str) -> None:
    """What Athena refuses is refused before anything runs."""
    with pytest.raises(RefusalError, match=message):
        check(parse_statement(sql), tables.schema)


def test_athena_gets_the_statement_as_it_is() -> None:
    """Written for Athena, nothing has changed but the space."""
    sql = (
        "SELECT api_key_id, approx_percentile(ms, 0.95) AS p, ARRAY[1, 2][1], transform(xs, x -> x + 1), "
        "DATE_DIFF('day', a, b), count(*) FILTER(WHERE status > 499), substr(k, 1, 2), DECIMAL '0.10' "
        "FROM t CROSS JOIN UNNEST(xs) AS u(x) WHERE k LIKE 'a!_%' ESCAPE '!' GROUP BY 1 ORDER BY 2 DESC LIMIT 5"
    )
    expected = sql.replace("DECIMAL '0.10'", "CAST('0.10' AS DECIMAL(2, 2))")
    assert to_athena(parse_statement(sql)).lower() == expected.lower()
