"""What Athena would refuse is refused before anything runs, with the line and what to write instead."""

from __future__ import annotations

import pytest

from usagelake.engines.dialect import RefusalError, Schema, check, check_read_only, parse_statement
from usagelake.errors import ConfigurationError

SCHEMA: Schema = {
    "t": {"a": "bigint", "b": "varchar", "c": "double", "at": "timestamp", "day": "date"},
    "u": {"a": "bigint", "d": "decimal(38,0)"},
}

REFUSED = [
    # aliases are seen by ORDER BY alone
    ("SELECT a + 1 AS x FROM t GROUP BY x", "column x is not there"),
    ("SELECT a + 1 AS x, x + 1 AS y FROM t", "column x is not there"),
    ("SELECT a AS x FROM t WHERE x > 1", "column x is not there"),
    ("SELECT b, count(*) AS n FROM t GROUP BY b HAVING n > 1", "column n is not there"),
    # grouping
    ("SELECT a, count(*) FROM t", "must stand in GROUP BY"),
    ("SELECT a, b FROM t GROUP BY a", "column b must stand in GROUP BY"),
    ("SELECT a + b FROM t GROUP BY a", "must stand in GROUP BY|not carried"),
    ("SELECT * FROM t GROUP BY a", "must stand in GROUP BY"),
    ("SELECT b FROM t GROUP BY b ORDER BY a", "must stand in GROUP BY"),
    ("SELECT b FROM t GROUP BY b HAVING a > 1", "must stand in GROUP BY"),
    ("SELECT sum(count(*)) FROM t", "an aggregate cannot stand"),
    ("SELECT a FROM t WHERE count(*) > 1", "an aggregate cannot stand in WHERE"),
    ("SELECT a FROM t GROUP BY count(*)", "an aggregate cannot stand in GROUP BY"),
    ("SELECT b FROM t GROUP BY 3", "there are 1 columns"),
    ("SELECT b FROM t ORDER BY 2", "there are 1 columns"),
    ("SELECT a FROM t HAVING a > 1", "HAVING needs"),
    ("SELECT a FROM t GROUP BY ALL", "ALL"),
    ("SELECT a FROM t GROUP BY", "."),
    ("SELECT a FROM t ORDER BY", "."),
    ("SELECT a FROM t WHERE", "."),
    ("SELECT a FROM t LIMIT", "."),
    ("SELECT a FROM", "."),
    ("SELECT a FROM t INNER JOIN u", "needs ON or USING"),
    ("SELECT count(*) FROM t LEFT JOIN u", "needs ON or USING"),
    # windows
    ("SELECT a FROM t WHERE row_number() OVER (ORDER BY a) = 1", "window function cannot stand in WHERE"),
    ("SELECT row_number() FROM t", "needs OVER"),
    ("SELECT a FROM t QUALIFY row_number() OVER (ORDER BY a) = 1", "."),
    ("SELECT sum(row_number() OVER ()) OVER () FROM t", "window function cannot stand"),
    ("SELECT lower(b) OVER () FROM t", "neither an aggregate nor"),
    # types
    ("SELECT 1 FROM t WHERE b = 1", "compare varchar with integer"),
    ("SELECT 1 FROM t WHERE a = '1'", "compare bigint with varchar"),
    ("SELECT 1 FROM t WHERE b IN ('x', 1)", "cast"),
    ("SELECT 1 FROM t WHERE at >= '2024-01-01'", "timestamp"),
    ("SELECT 1 FROM t WHERE a", "needs a condition"),
    ("SELECT 1 FROM t WHERE a AND b = 'x'", "AND needs a condition"),
    ("SELECT a + b FROM t", "not carried"),
    ("SELECT sum(b) FROM t", r"sum\(varchar\) does not exist"),
    ("SELECT coalesce(a, 'x') FROM t", "cannot mix"),
    ("SELECT CASE WHEN a = 1 THEN 1 ELSE 'x' END FROM t", "cannot mix"),
    ("SELECT if(a, 1) FROM t", "needs a condition"),
    ("SELECT 1 FROM t INNER JOIN u ON t.b = u.a", "compare varchar with bigint"),
    ("SELECT a FROM t UNION SELECT b FROM t", "cast one of them"),
    ("SELECT a, b FROM t UNION SELECT a FROM t", "2 and 1 columns"),
    ("SELECT DECIMAL '1' / 3", "not divided"),
    ("SELECT avg(d) FROM u", "cast to double"),
    # names
    ("SELECT x FROM t", "column x is not there: t has a, b, c, at, day"),
    ("SELECT t.x FROM t", "t has a, b"),
    ("SELECT x.a FROM t", "x.a is not there"),
    ("SELECT a FROM x", "there is no table x: there are t, u"),
    ("SELECT a FROM t, u", "ambiguous"),
    ("SELECT t.a FROM t AS s", "t.a is not there"),
    ("SELECT 1 FROM t CROSS JOIN t", "two relations are called t"),
    ("SELECT a FROM usage.t", "without a database"),
    ("SELECT nosuch(a) FROM t", "function nosuch is not carried"),
    ("SELECT strlen(b) FROM t", "not carried"),
    ("SELECT a AS first FROM t", "reserved word"),
    ("SELECT a AS end FROM t", "reserved word"),
    ("SELECT $path FROM t", "must be quoted"),
    # DuckDB's own
    ("SELECT a::varchar FROM t", "no cast in Athena"),
    ("SELECT DISTINCT ON (a) a, b FROM t", "DISTINCT ON"),
    ("SELECT * EXCLUDE (a) FROM t", "EXCLUDE"),
    ("SELECT * REPLACE (1 AS a) FROM t", "EXCLUDE or REPLACE"),
    ("SELECT COLUMNS('a') FROM t", "not carried"),
    ("SELECT a, FROM t", "a comma too many"),
    ("SELECT a FROM t ORDER BY a,", "a comma too many"),
    ("SELECT a FROM t WHERE a IN (1, 2,)", "a comma too many"),
    ("FROM t", "does not start with FROM"),
    ("SELECT [1, 2]", "."),
    ("SELECT {'a': 1}", "not carried"),
    ("SELECT a FROM t LIMIT 1 OFFSET 1", "OFFSET before LIMIT"),
    ("SELECT a FROM t LIMIT a", "integer written out"),
    ("SELECT a == 1 FROM t", "write `=`"),
    ("SELECT a // 2 FROM t", "."),
    ("SELECT a ** 2 FROM t", "."),
    ("SELECT a & 2 FROM t", "bitwise_and"),
    ("SELECT b ILIKE 'x' FROM t", "no ILIKE"),
    ("SELECT b SIMILAR TO 'x' FROM t", "."),
    ("SELECT b ~ 'x' FROM t", "."),
    ("SELECT a FROM t ASOF JOIN u ON t.a >= u.a", "ASOF"),
    ("SELECT a FROM t SEMI JOIN u ON t.a = u.a", "."),
    ("SELECT a FROM t NATURAL JOIN u", "JOIN"),
    ("SELECT a FROM t USING SAMPLE 10", "."),
    ("SELECT a FROM t TABLESAMPLE BERNOULLI (10)", "not carried"),
    ("SELECT a FROM t POSITIONAL JOIN u", "."),
    ("SELECT 1 WHERE 1 IN [1]", "."),
    ("SELECT sum(a ORDER BY a) FILTER (WHERE a) FROM t", "needs a condition"),
    ("SELECT string_agg(b, ',') FROM t", "listagg"),
    ("SELECT list(b) FROM t", "array_agg"),
    ("SELECT a FROM t UNION BY NAME SELECT a FROM u", "."),
    ("SELECT try_cast(b AS int128) FROM t", "."),
    ("SELECT b[1] FROM t", "no subscript"),
    ("SELECT b -> '$.a' FROM t", "not carried"),
    ("SELECT b ->> '$.a' FROM t", "not carried"),
    ("SELECT 'a' 'b'", "write"),
    ("SELECT `a` FROM t", "."),
    ("SELECT a FROM t # comment", "."),
    ("SELECT 0x1F", "."),
    ("SELECT 1_000", "."),
    ("WITH RECURSIVE r AS (SELECT 1 AS a) SELECT a FROM r", "RECURSIVE"),
    ("SELECT a FROM t WHERE a = ANY (SELECT a FROM u)", "EXISTS or IN"),
    ("SELECT a IS TRUE FROM t", "NULL and NOT NULL"),
    ("SELECT (a, b) FROM t", "not carried"),
    # files and other catalogs
    ("SELECT * FROM read_csv('x.csv')", "tables, not functions"),
    ("SELECT * FROM 'x.csv'", "no table"),
    ('SELECT * FROM "x.parquet"', "no table"),
    ("SELECT * FROM glob('*')", "."),
    ("SELECT * FROM read_text('/etc/passwd')", "tables, not functions"),
    ("SELECT * FROM duckdb_settings()", "tables, not functions"),
    ("SELECT * FROM information_schema.tables", "without a database"),
    ("SELECT * FROM range(5)", "tables, not functions"),
    ("SELECT getenv('HOME')", "not carried"),
    ("SELECT read_text('/etc/passwd')", "not files"),
    ("SELECT current_setting('x')", "not carried"),
    ("SELECT query('SELECT 1')", "not carried"),
]

NO_QUERY = [
    "DELETE FROM t",
    "INSERT INTO t SELECT * FROM t",
    "CREATE OR REPLACE VIEW v AS SELECT 1 AS a",
    "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
]

NO_STATEMENT = [
    "",
    "-- nothing",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE t",
    "DROP TABLE t",
    "ATTACH 'x'",
    "COPY t TO 'x'",
    "PRAGMA version",
    "SET threads = 1",
    "EXPLAIN SELECT 1",
    "CALL x()",
    "INSTALL httpfs",
    "SELECT",
    "SELECT (1",
    "SELECT 'a",
]


@pytest.mark.parametrize(("sql", "message"), REFUSED)
def test_refused(sql: str, message: str) -> None:
    """The refusal says what is wrong."""
    with pytest.raises(RefusalError, match=message):
        check(parse_statement(sql), SCHEMA)


@pytest.mark.parametrize("sql", NO_STATEMENT)
def test_not_one_statement(sql: str) -> None:
    """Exactly one statement of the kinds that are carried."""
    with pytest.raises(RefusalError):
        check(parse_statement(sql), SCHEMA)


@pytest.mark.parametrize("sql", NO_QUERY)
def test_read_only(sql: str) -> None:
    """Where only queries may run, nothing else does."""
    with pytest.raises(RefusalError, match="changes the lake"):
        check_read_only(parse_statement(sql))


def test_the_line_and_the_file_are_named() -> None:
    """A refusal is a configuration error that tells where."""
    with pytest.raises(ConfigurationError) as caught:
        check(parse_statement("SELECT\n    a,\n    lower(a)\nFROM t"), SCHEMA, origin="meters/x.sql")
    assert caught.value.faults == (
        "meters/x.sql:3: lower(bigint) does not exist: it takes (varchar); cast the arguments",
    )


def test_a_closing_semicolon_and_comments_are_fine() -> None:
    """As editors leave them."""
    assert check(parse_statement("-- all\nSELECT count(*) AS n /* rows */ FROM t;\n"), SCHEMA) == (("n", "bigint"),)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT b AS a FROM t ORDER BY a",
        "SELECT upper(b) AS x, count(*) FROM t GROUP BY upper(b) ORDER BY x",
        "SELECT T.A, U.D FROM T INNER JOIN U ON T.a = U.a",
        "SELECT a FROM t GROUP BY t.a",
        "SELECT t.a FROM t GROUP BY a",
        "SELECT (a + 1) * 2 FROM t GROUP BY (a + 1)",
        "SELECT sum(c) / 2 FROM t",
        "SELECT 1 FROM t WHERE a > 1.5",
        "SELECT 1 FROM t WHERE day = at",
        "SELECT coalesce(a, 1) FROM t",
        "SELECT max(a) OVER () FROM t",
        "SELECT 1 FROM t GROUP BY ()",
    ],
)
def test_allowed(sql: str) -> None:
    """Strictness does not reach what Athena takes."""
    check(parse_statement(sql), SCHEMA)
