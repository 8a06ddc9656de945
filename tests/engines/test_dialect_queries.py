"""Whole queries: aggregates, windows, joins, sets, ordering, as Athena computes them."""

# ruff: noqa: E501 -- a case stands on one line

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from usagelake.engines.dialect import RefusalError, carry, parse_statement

if TYPE_CHECKING:
    from conftest import Athena

SALES = {"k": "varchar", "d": "integer", "q": "bigint", "p": "decimal(10, 4)", "x": "double"}
ROWS = [
    ("a", 1, 10, Decimal("0.0035"), 1.5),
    ("a", 2, None, Decimal("0.0028"), None),
    ("b", 1, 30, None, 2.5),
    (None, 3, 40, Decimal("1.0000"), 4.0),
]

AGGREGATE = "functions/aggregate.html"
WINDOW = "functions/window.html"
SELECT = "sql/select.html"

CASES: list[tuple[str, list[tuple[Any, ...]], str]] = [
    ("SELECT count(*), count(k), count(DISTINCT k), sum(q), avg(d) FROM s", [(4, 3, 2, 80, 1.75)], AGGREGATE),
    ("SELECT sum(q), count(*) FROM s WHERE k = 'zz'", [(None, 0)], AGGREGATE),
    ("SELECT sum(p) FROM s", [(Decimal("1.0063"),)], AGGREGATE),
    ("SELECT count_if(q > 10), bool_and(d > 0), bool_or(d > 2), every(d > 1) FROM s", [(2, True, True, False)], AGGREGATE),
    ("SELECT count(*) FILTER (WHERE k = 'a'), sum(q) FILTER (WHERE d = 1) FROM s", [(2, 40)], AGGREGATE),
    ("SELECT max_by(q, d), min_by(k, d) FROM s WHERE d <> 1", [(40, "a")], AGGREGATE),
    ("SELECT max_by(q, d) FROM s WHERE k = 'a'", [(None,)], AGGREGATE),
    ("SELECT array_agg(k ORDER BY d, k) FROM s", [(["a", "b", "a", None],)], AGGREGATE),
    ("SELECT array_agg(d ORDER BY d DESC) FROM s WHERE k = 'zz'", [(None,)], AGGREGATE),
    ("SELECT listagg(k, ',') WITHIN GROUP (ORDER BY d, k) FROM s", [("a,b,a",)], AGGREGATE),
    ("SELECT approx_percentile(q, 0.5) FROM s", [(30,)], AGGREGATE),
    ("SELECT approx_distinct(d) FROM s", [(3,)], AGGREGATE),
    ("SELECT arbitrary(k) FROM s WHERE k = 'b'", [("b",)], AGGREGATE),
    ("SELECT min(k), max(k), min(x), max(p) FROM s", [("a", "b", 1.5, Decimal("1.0000"))], AGGREGATE),
    ("SELECT round(stddev_pop(d), 3), round(variance(d), 3) FROM s", [(0.829, 0.917)], AGGREGATE),
    ("SELECT count_if(q > 0), count_if(q < 0) FROM s WHERE q IS NULL", [(0, 0)], AGGREGATE),
    ("SELECT count_if(q > 0) FROM s WHERE k = 'zz'", [(0,)], AGGREGATE),
    ("SELECT count_if(q > 10) FILTER (WHERE d = 1), count_if(q > 10) FROM s", [(1, 2)], AGGREGATE),
    ("SELECT d, count_if(q > 10) OVER (PARTITION BY d) FROM s ORDER BY d, 2", [(1, 1), (1, 1), (2, 0), (3, 1)], WINDOW),
    # grouping
    ("SELECT k, sum(d) AS n FROM s GROUP BY k ORDER BY k", [("a", 3), ("b", 1), (None, 3)], SELECT),
    ("SELECT k, sum(d) AS n FROM s GROUP BY 1 ORDER BY 2 DESC, 1", [("a", 3), (None, 3), ("b", 1)], SELECT),
    ("SELECT coalesce(k, '-') AS k, count(*) FROM s GROUP BY coalesce(k, '-') ORDER BY 1", [("-", 1), ("a", 2), ("b", 1)], SELECT),
    ("SELECT upper(k) || '!' FROM s GROUP BY upper(k) ORDER BY 1", [("A!",), ("B!",), (None,)], SELECT),
    ("SELECT k FROM s GROUP BY k HAVING count(*) > 1", [("a",)], SELECT),
    ("SELECT count(*) FROM s HAVING count(*) > 10", [], SELECT),
    ("SELECT k, d, count(*) FROM s GROUP BY GROUPING SETS ((k), (d), ()) HAVING count(*) > 1 ORDER BY 3, 1",
     [("a", None, 2), (None, 1, 2), (None, None, 4)], SELECT),
    ("SELECT k, grouping(k) FROM s GROUP BY ROLLUP (k) ORDER BY 2, 1", [("a", 0), ("b", 0), (None, 0), (None, 1)], SELECT),
    ("SELECT d, k, count(*) FROM s WHERE k IS NOT NULL GROUP BY CUBE (d, k) ORDER BY 1, 2",
     [(1, "a", 1), (1, "b", 1), (1, None, 2), (2, "a", 1), (2, None, 1), (None, "a", 2), (None, "b", 1), (None, None, 3)], SELECT),
    ("SELECT DISTINCT d FROM s ORDER BY d DESC", [(3,), (2,), (1,)], SELECT),
    ("SELECT sum(q) / count(*) FROM s", [(20,)], SELECT),
    ("SELECT k, 100 * sum(d) / (SELECT sum(d) FROM s) FROM s GROUP BY k ORDER BY k", [("a", 42), ("b", 14), (None, 42)], SELECT),
    # order: NULLs last in both directions
    ("SELECT q FROM s ORDER BY q", [(10,), (30,), (40,), (None,)], SELECT),
    ("SELECT q FROM s ORDER BY q DESC", [(40,), (30,), (10,), (None,)], SELECT),
    ("SELECT q FROM s ORDER BY q NULLS FIRST LIMIT 2", [(None,), (10,)], SELECT),
    ("SELECT q FROM s ORDER BY q OFFSET 1 LIMIT 2", [(30,), (40,)], SELECT),
    ("SELECT q FROM s ORDER BY q FETCH FIRST 1 ROW ONLY", [(10,)], SELECT),
    ("SELECT -q AS q FROM s ORDER BY q LIMIT 1", [(-40,)], SELECT),
    ("SELECT -q AS q FROM s ORDER BY q + 0 LIMIT 1", [(-40,)], SELECT),
    ("SELECT k FROM s ORDER BY d, x DESC LIMIT 2", [("b",), ("a",)], SELECT),
    # windows
    ("SELECT d, row_number() OVER (ORDER BY q DESC) FROM s ORDER BY 2", [(3, 1), (1, 2), (1, 3), (2, 4)], WINDOW),
    ("SELECT k, sum(q) OVER (PARTITION BY k ORDER BY d ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM s WHERE k = 'a'",
     [("a", 10), ("a", 10)], WINDOW),
    ("SELECT q, lag(q) OVER (ORDER BY q) AS before, lead(q, 1, 0) OVER (ORDER BY q) AS after FROM s WHERE q IS NOT NULL ORDER BY q",
     [(10, None, 30), (30, 10, 40), (40, 30, 0)], WINDOW),
    ("SELECT d, rank() OVER (ORDER BY d), dense_rank() OVER (ORDER BY d) FROM s ORDER BY 1, 2", [(1, 1, 1), (1, 1, 1), (2, 3, 2), (3, 4, 3)], WINDOW),
    ("SELECT d, last_value(q) IGNORE NULLS OVER (ORDER BY d, q ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM s ORDER BY 1, 2",
     [(1, 10), (1, 30), (2, 30), (3, 40)], WINDOW),
    ("SELECT k, sum(q) AS n, sum(sum(q)) OVER (ORDER BY k) AS running FROM s GROUP BY k ORDER BY k",
     [("a", 10, 10), ("b", 30, 40), (None, 40, 80)], WINDOW),
    ("SELECT d, count(*) OVER w FROM s WINDOW w AS (PARTITION BY d) ORDER BY d", [(1, 2), (1, 2), (2, 1), (3, 1)], WINDOW),
    ("SELECT sum(q) FILTER (WHERE d = 1) OVER () FROM s LIMIT 1", [(40,)], WINDOW),
    # joins and subqueries
    ("SELECT s.d, m.name FROM s LEFT JOIN m ON s.k = m.k AND m.name <> 'x' ORDER BY 1, 2",
     [(1, "Ann"), (1, None), (2, "Ann"), (3, None)], SELECT),
    ("SELECT k, name, d FROM s INNER JOIN m USING (k) ORDER BY d", [("a", "Ann", 1), ("a", "Ann", 2)], SELECT),
    ("SELECT m.k FROM s RIGHT JOIN m ON s.k = m.k GROUP BY m.k ORDER BY 1", [("a",), ("c",)], SELECT),
    ("SELECT count(*) FROM s, m", [(8,)], SELECT),
    ("SELECT count(*) FROM s CROSS JOIN m WHERE s.k = m.k", [(2,)], SELECT),
    ("SELECT count(*) FROM s FULL OUTER JOIN m ON s.k = m.k", [(5,)], SELECT),
    ("SELECT d FROM s WHERE k IN (SELECT k FROM m) ORDER BY d", [(1,), (2,)], SELECT),
    ("SELECT d FROM s WHERE k NOT IN (SELECT k FROM m) ORDER BY d", [(1,)], SELECT),
    ("SELECT d FROM s WHERE NOT EXISTS (SELECT 1 FROM m WHERE m.k = s.k) ORDER BY d", [(1,), (3,)], SELECT),
    ("SELECT d, (SELECT name FROM m WHERE m.k = s.k) AS name FROM s ORDER BY d, 2", [(1, "Ann"), (1, None), (2, "Ann"), (3, None)], SELECT),
    ("SELECT t.k FROM (SELECT k, count(*) AS n FROM s GROUP BY k) AS t WHERE t.n > 1", [("a",)], SELECT),
    ("WITH t (kk, n) AS (SELECT k, count(*) FROM s GROUP BY k), u AS (SELECT kk FROM t WHERE n = 1) SELECT kk FROM u ORDER BY kk", [("b",), (None,)], SELECT),
    ("SELECT * FROM m ORDER BY k", [("a", "Ann"), ("c", "Cid")], SELECT),
    ("SELECT m.*, 1 AS one FROM m ORDER BY k LIMIT 1", [("a", "Ann", 1)], SELECT),
    ("SELECT K, Name FROM M ORDER BY NAME", [("a", "Ann"), ("c", "Cid")], SELECT),
    ('SELECT "k" FROM m AS "M" ORDER BY "M"."k"', [("a",), ("c",)], SELECT),
    # sets and values
    ("SELECT k FROM s UNION SELECT k FROM m ORDER BY k", [("a",), ("b",), ("c",), (None,)], SELECT),
    ("SELECT 1 UNION ALL SELECT 1", [(1,), (1,)], SELECT),
    ("SELECT k FROM s EXCEPT SELECT k FROM m ORDER BY 1", [("b",), (None,)], SELECT),
    ("SELECT k FROM s INTERSECT SELECT k FROM m", [("a",)], SELECT),
    ("(SELECT d FROM s WHERE d = 3) UNION ALL (SELECT d FROM s WHERE d = 2) ORDER BY d", [(2,), (3,)], SELECT),
    ("SELECT a, b FROM (VALUES (1, 'x'), (2, NULL)) AS v (a, b) ORDER BY a DESC", [(2, None), (1, "x")], SELECT),
    ("SELECT sum(a) FROM (VALUES 1, 2, 3) AS v (a)", [(6,)], SELECT),
    ("VALUES (1, 'a')", [(1, "a")], SELECT),
    ("SELECT a FROM (VALUES (1), (BIGINT '3000000000')) AS v (a) ORDER BY 1", [(1,), (3000000000,)], SELECT),
    # arrays
    ("SELECT n, x FROM (VALUES (1, ARRAY['a', 'b']), (2, ARRAY[]), (3, NULL)) AS v (n, xs) CROSS JOIN UNNEST(xs) AS t (x) ORDER BY 1, 2",
     [(1, "a"), (1, "b")], SELECT),
    ("SELECT x, i FROM UNNEST(ARRAY['a', 'b']) WITH ORDINALITY AS t (x, i) ORDER BY i", [("a", 1), ("b", 2)], SELECT),
    ("SELECT m.k, x, i FROM m CROSS JOIN UNNEST(split(name, 'n')) WITH ORDINALITY AS t (x, i) WHERE m.k = 'a' ORDER BY i",
     [("a", "A", 1), ("a", "", 2), ("a", "", 3)], SELECT),
    ("SELECT a, b FROM (VALUES 1) AS v (n) CROSS JOIN UNNEST(ARRAY[1, 2], ARRAY['x']) AS t (a, b) ORDER BY 1", [(1, "x"), (2, None)], SELECT),
    ("SELECT a.k, x FROM m AS a INNER JOIN m AS b ON a.k = b.k CROSS JOIN UNNEST(ARRAY[a.name, b.name]) AS t (x) WHERE a.k = 'c'",
     [("c", "Cid"), ("c", "Cid")], SELECT),
]  # fmt: skip

ARRAYS = [
    ("cardinality(ARRAY[1, 2])", 2),
    ("ARRAY[1, 2][2]", 2),
    ("element_at(ARRAY[1, 2], 5)", None),
    ("element_at(ARRAY[1, 2], -1)", 2),
    ("contains(ARRAY[1, NULL], 1)", True),
    ("contains(ARRAY[1, NULL], 2)", None),
    ("contains(ARRAY[1, 3], 2)", False),
    ("array_join(ARRAY['a', NULL, 'b'], '-')", "a-b"),
    ("array_sort(ARRAY[3, NULL, 1])", [1, 3, None]),
    ("array_max(ARRAY[1, NULL])", None),
    ("array_min(ARRAY[2, 1])", 1),
    ("array_position(ARRAY['a', 'b'], 'z')", 0),
    ("sequence(1, 3)", [1, 2, 3]),
    ("sequence(3, 1, -1)", [3, 2, 1]),
    ("transform(ARRAY[1, 2], x -> x * 2)", [2, 4]),
    ("filter(ARRAY[1, 2, 3], x -> x > 1)", [2, 3]),
    ("transform(ARRAY['a'], x -> x || '!')", ["a!"]),
    ("1 IN (1, 2)", True),
    ("3 NOT IN (1, NULL)", None),
    ("NULL IS NULL", True),
    ("1 IS DISTINCT FROM NULL", True),
    ("NULL IS NOT DISTINCT FROM NULL", True),
    ("NOT (1 = 1 AND NULL)", None),
    ("1 <> 2 OR NULL", True),
    ("2 BETWEEN 1 AND 3", True),
    ("'b' NOT BETWEEN 'a' AND 'c'", False),
]


@pytest.fixture(scope="module")
def sales(shared_athena: Athena) -> Athena:
    """The tables s and m."""
    shared_athena.table("s", SALES, *ROWS)
    shared_athena.table("m", {"k": "varchar", "name": "varchar"}, ("a", "Ann"), ("c", "Cid"))
    return shared_athena


@pytest.mark.parametrize(("sql", "expected", "_source"), CASES)
def test_rows(sales: Athena, sql: str, expected: list[tuple[Any, ...]], _source: str) -> None:
    """The rows are Trino's."""
    assert sales.rows(sql) == expected


@pytest.mark.parametrize(("expression", "expected"), ARRAYS)
def test_value(shared_athena: Athena, expression: str, expected: Any) -> None:
    """Arrays and predicates are Trino's, NULLs included."""
    assert shared_athena.value(expression) == expected


def test_a_subscript_outside_the_array_is_an_error(shared_athena: Athena) -> None:
    """DuckDB would give NULL."""
    with pytest.raises(duckdb.Error, match="subscript"):
        shared_athena.value("ARRAY[1, 2][3]")


def test_a_scalar_query_of_two_rows_is_an_error(sales: Athena) -> None:
    """As it is in Athena."""
    with pytest.raises(duckdb.Error):
        sales.rows("SELECT (SELECT d FROM s)")


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT count(*), d AS Day, max(q) FROM s GROUP BY d", ["_col0", "Day", "_col2"]),
        ("SELECT apiKey, apiKey AS other FROM v", ["apiKey", "other"]),
        ("SELECT * FROM v", ["apiKey"]),
        ("SELECT d FROM s UNION ALL SELECT 1", ["d"]),
        ("SELECT line FROM lines", ["line"]),
        ("SELECT * FROM lines", ["line"]),
        ('SELECT "$path" FROM lines', ["$path"]),
    ],
)
def test_names(sales: Athena, sql: str, names: list[str]) -> None:
    """A result's columns are called as Athena calls them."""
    schema = {**sales.schema, "v": {"apiKey": "varchar"}, "lines": {"$path": "varchar", "line": "varchar"}}
    assert [name for name, _ in carry(parse_statement(sql), schema).columns] == names


def test_parameters_are_prepared(sales: Athena) -> None:
    """A parameter without a value is DuckDB's own, with its type."""
    carried = carry(
        parse_statement("SELECT count(*) FROM s WHERE d >= :d AND k IN (:ks)"),
        sales.schema,
        params={"d": "bigint", "ks": "varchar[]"},
    )
    run = sales.connection.execute
    assert run(carried.sql, {"d": 1, "ks": ["a", "b"]}).fetchall() == [(3,)]
    assert run(carried.sql, {"d": 2, "ks": ["a"]}).fetchall() == [(1,)]
    assert run(carried.sql, {"d": 0, "ks": []}).fetchall() == [(0,)]
    with pytest.raises(RefusalError, match="has no value"):
        carry(parse_statement("SELECT :d"), {})
