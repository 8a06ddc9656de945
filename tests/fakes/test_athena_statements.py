"""What the local Athena runs, and what it refuses as Athena would: tables, views, external tables, UNLOAD."""

from __future__ import annotations

import bz2
import gzip
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from usagelake.domain.schema import TABLES
from usagelake.engines.iceberg_ddl import athena_table

if TYPE_CHECKING:
    from tests.fakes.conftest import Client

LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
ICEBERG = "table_type = 'ICEBERG', is_external = false, format = 'PARQUET'"


def make_t(client: Client) -> None:
    """Make an Iceberg table of two rows."""
    client.run(
        "CREATE TABLE t (id string, n int, at timestamp, amount decimal(38,0)) "
        "LOCATION 's3://lake/tables/t/' TBLPROPERTIES ('table_type'='ICEBERG')"
    )
    client.run(
        "INSERT INTO t SELECT 'a', 1, TIMESTAMP '2026-01-01 00:00:00.000001', CAST(5 AS decimal(38, 0)) "
        "UNION ALL SELECT NULL, 2, NULL, NULL"
    )


def show_text(client: Client, name: str, columns: dict[str, str], *, place: str = "", **told: Any) -> None:
    """Register an external table of text."""
    descriptor = {
        "Columns": [{"Name": column, "Type": kind} for column, kind in columns.items()],
        "Location": f"s3://lake/{place or name}/",
        "SerdeInfo": {"SerializationLibrary": LAZY, "Parameters": told.pop("serde", {})},
    }
    table = {"Name": name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": descriptor, **told}
    client.glue.create_table(DatabaseName="usage_test", TableInput=table)


def test_lakes_tables_are_made_by_their_ddl(client: Client) -> None:
    """Every table of the schema, twice: Glue shows it as an Iceberg table with its columns and its place."""
    for _ in range(2):
        for table in TABLES.values():
            client.run(athena_table(table, database="usage_test", location="s3://lake/tables"))
    for name, table in TABLES.items():
        shown = client.glue.get_table(DatabaseName="usage_test", Name=name)["Table"]
        assert shown["TableType"] == "EXTERNAL_TABLE"
        assert shown["Parameters"]["table_type"] == "ICEBERG"
        assert shown["Parameters"]["metadata_location"].startswith(f"s3://lake/tables/{name}/metadata/")
        columns = shown["StorageDescriptor"]["Columns"]
        assert [column["Name"] for column in columns] == [column.name for column in table.columns]
        assert [column["Comment"] for column in columns] == [column.doc for column in table.columns]
        assert client.run(f"SELECT * FROM {name}") == []


@pytest.mark.parametrize(
    ("ddl", "reason"),
    [
        ("CREATE TABLE x (id string) LOCATION 's3://lake/x/'", "managed table"),
        ("CREATE TABLE x (id string) TBLPROPERTIES ('table_type'='ICEBERG')", "location"),
        ("CREATE TABLE x (id string NOT NULL) LOCATION 's3://lake/x/' TBLPROPERTIES ('table_type'='ICEBERG')", "Parse"),
        ("CREATE TABLE x (id smallint) LOCATION 's3://lake/x/' TBLPROPERTIES ('table_type'='ICEBERG')", "smallint"),
        ("CREATE TABLE x (a int) LOCATION 's3://lake/x/' TBLPROPERTIES ('table_type'='ICEBERG', 'k'='v')", "key: k"),
        ("CREATE TABLE gone.x (a int) LOCATION 's3://lake/x/' TBLPROPERTIES ('table_type'='ICEBERG')", "SCHEMA_NOT"),
        ("CREATE TABLE t (a int) LOCATION 's3://lake/x/' TBLPROPERTIES ('table_type'='ICEBERG')", "already exists"),
        ("CREATE TABLE x (a int) LOCATION 's3://lake/tables/t/' TBLPROPERTIES ('table_type'='ICEBERG')", "non-empty"),
    ],
)
def test_ddl_that_athena_refuses(client: Client, ddl: str, reason: str) -> None:
    """Nothing is registered by a statement that fails."""
    make_t(client)
    assert reason in client.reason(ddl)
    assert [table["Name"] for table in client.glue.get_tables(DatabaseName="usage_test")["TableList"]] == ["t"]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT nope FROM t", "COLUMN_NOT_FOUND: line 1:1: Column 'nope' cannot be resolved"),
        ("SELECT id AS x FROM t GROUP BY x", "COLUMN_NOT_FOUND: line 1:1: Column 'x' cannot be resolved"),
        ("SELECT id AS x FROM t WHERE x = 'a'", "COLUMN_NOT_FOUND"),
        ("SELECT id, n FROM t GROUP BY id", "EXPRESSION_NOT_AGGREGATE"),
        ("SELECT * FROM t WHERE id = 1", "TYPE_MISMATCH"),
        ("SELECT id || n FROM t", "TYPE_MISMATCH"),
        ("SELECT * FROM t WHERE n", "TYPE_MISMATCH"),
        ("INSERT INTO t (id) SELECT n FROM t", "TYPE_MISMATCH"),
        ("SELECT list_sum(ARRAY[1])", "FUNCTION_NOT_FOUND: line 1:1: Function 'list_sum' not registered"),
        ("SELECT * FROM gone", "TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.usage_test.gone' does not exist"),
        ("SELECT * FROM gone.t", "SCHEMA_NOT_FOUND: line 1:1: Schema 'gone' does not exist"),
        ('SELECT * FROM "other"."usage_test"."t"', "CATALOG_NOT_FOUND"),
        ("SELEC 1", "SYNTAX_ERROR"),
        ("SELECT n::bigint FROM t", "SYNTAX_ERROR"),
        ("SELECT DISTINCT ON (id) id FROM t", "Athena has no DISTINCT ON"),
        ("SELECT id, FROM t", "SYNTAX_ERROR"),
        ("SELECT 1 AS a; SELECT 2 AS b", "SYNTAX_ERROR"),
        ("DROP TABLE `gone`", "Table not found"),
        ("SELECT CAST('x' AS bigint) AS k", "INVALID_CAST_ARGUMENT"),
        (
            (
                "MERGE INTO t USING (SELECT 'a' AS id, 1 AS n UNION ALL SELECT 'a', 2) s ON t.id = s.id "
                "WHEN MATCHED THEN UPDATE SET n = s.n"
            ),
            "MERGE_TARGET_ROW_MULTIPLE_MATCHES",
        ),
    ],
)
def test_statements_that_athena_refuses(client: Client, sql: str, reason: str) -> None:
    """Each fails with the reason that Athena gives, and changes nothing."""
    make_t(client)
    assert reason in client.reason(sql)
    assert client.run("SELECT id, n FROM t ORDER BY n") == [["a", "1"], [None, "2"]]


@pytest.mark.parametrize(
    ("sql", "parameters", "reason"),
    [
        ("SELECT n FROM t WHERE id = ?", (), "expected 1 but found 0"),
        ("SELECT n FROM t", ("1",), "expected 0 but found 1"),
        ("SELECT n FROM t WHERE id = ?", ("a",), "Column 'a' cannot be resolved"),
        ("SELECT ? AS k FROM t", ("1",), "in WHERE only"),
        ("MERGE INTO t USING t s ON t.id = ? WHEN MATCHED THEN DELETE", ("'a'",), "not supported in MERGE"),
        ("MERGE INTO t USING t s ON t.id = s.id WHEN MATCHED AND s.n = ? THEN DELETE", (), "not supported in MERGE"),
    ],
)
def test_parameters_that_athena_refuses(client: Client, sql: str, parameters: tuple[str, ...], reason: str) -> None:
    """A parameter is a literal in a WHERE, as many as there are marks, and none in MERGE."""
    make_t(client)
    assert reason in client.reason(sql, *parameters)


def test_parameters_are_typed_literals(client: Client) -> None:
    """Texts, numbers, dates and casts stand for the marks in their order."""
    make_t(client)
    sql = "SELECT n FROM t WHERE id = ? AND n < ? AND at > ? OR n = ? ORDER BY n"
    assert client.run(sql, "'a'", "5", "TIMESTAMP '2026-01-01 00:00:00'", "CAST('2' AS integer)") == [["1"], ["2"]]
    client.run("INSERT INTO t (id, n) SELECT id, 9 FROM t WHERE n = ?", "-1")
    assert client.run("SELECT count(*) AS k FROM t") == [["2"]]


def test_merge_update_and_delete(client: Client) -> None:
    """Iceberg's rows are changed, by whatever name the table is called."""
    make_t(client)
    client.run(
        "MERGE INTO \"usage_test\".\"t\" target USING (SELECT 'a' AS id, 7 AS n UNION ALL SELECT 'z', 8) source "
        "ON target.id = source.id WHEN MATCHED THEN UPDATE SET n = source.n "
        "WHEN NOT MATCHED THEN INSERT (id, n) VALUES (source.id, source.n)"
    )
    client.run("UPDATE t SET n = n + 1, id = 'WHERE' WHERE id = 'z'")
    client.run('DELETE FROM "AwsDataCatalog"."usage_test"."t" WHERE t.id IS NULL')
    assert client.run("SELECT id, n FROM t ORDER BY n") == [["a", "7"], ["WHERE", "9"]]


def test_ctas_makes_an_iceberg_table(client: Client) -> None:
    """Where its parameters say everything that Athena wants; the copy has the rows and the types."""
    make_t(client)
    with_ = f"{ICEBERG}, location = 's3://lake/work/copy/'"
    client.run(f"CREATE TABLE usage_test.copy WITH ({with_}) AS SELECT n, at, amount AS Sum FROM t WHERE n = ?", "1")
    assert client.run("SELECT * FROM copy") == [["1", "2026-01-01 00:00:00.000001", "5"]]
    columns = client.glue.get_table(DatabaseName="usage_test", Name="copy")["Table"]["StorageDescriptor"]["Columns"]
    assert [(each["Name"], each["Type"]) for each in columns] == [
        ("n", "int"),
        ("at", "timestamp"),
        ("sum", "decimal(38,0)"),
    ]


@pytest.mark.parametrize(
    ("with_", "query", "reason"),
    [
        (ICEBERG, "SELECT n FROM t", "location must be set"),
        ("table_type = 'ICEBERG', location = 's3://lake/x/'", "SELECT n FROM t", "is_external"),
        (
            f"{ICEBERG}, location = 's3://lake/x/'",
            "SELECT CAST(at AS timestamp(3)) AS at FROM t",
            'NOT_SUPPORTED: Timestamp precision (3) not supported for Iceberg. Use "timestamp(6)" instead.',
        ),
        (f"{ICEBERG}, location = 's3://lake/x/'", "SELECT n + 1 FROM t", "MISSING_COLUMN_NAME"),
        (f"{ICEBERG}, location = 's3://lake/x/'", "SELECT n, id AS N FROM t", "DUPLICATE_COLUMN_NAME"),
        (f"{ICEBERG}, location = 's3://lake/x/'", "SELECT NULL AS nothing", "COLUMN_TYPE_UNKNOWN"),
        (f"{ICEBERG}, location = 's3://lake/tables/t/'", "SELECT n FROM t", "non-empty location"),
        (
            "format = 'PARQUET'",
            "SELECT at FROM t",
            "Incorrect timestamp precision for timestamp(6); the configured precision is MILLISECONDS",
        ),
        ("external_location = 's3://lake/x/'", "SELECT n FROM t", "enforces a centralized output location"),
    ],
)
def test_ctas_that_athena_refuses(client: Client, with_: str, query: str, reason: str) -> None:
    """A table that cannot be made is not there afterwards."""
    make_t(client)
    assert reason in client.reason(f"CREATE TABLE x WITH ({with_}) AS {query}")
    assert "TABLE_NOT_FOUND" in client.reason("SELECT * FROM x")
    assert client.keys("x/") == []


def test_dropped_table_is_gone_with_its_objects(client: Client) -> None:
    """By Athena's DROP, the place is free again; what Glue alone has forgotten still lies there."""
    make_t(client)
    again = "CREATE TABLE t (id string) LOCATION 's3://lake/tables/t/' TBLPROPERTIES ('table_type'='ICEBERG')"
    client.run("DROP TABLE IF EXISTS `usage_test`.`t`")
    assert client.keys("tables/") == []
    client.run("DROP TABLE IF EXISTS `usage_test`.`t`")
    client.run(again)
    assert client.run("SELECT * FROM t") == []
    client.glue.delete_table(DatabaseName="usage_test", Name="t")
    assert "TABLE_NOT_FOUND" in client.reason("INSERT INTO t VALUES ('a')")
    assert "non-empty location" in client.reason(again)


def test_table_that_others_have_made(client: Client) -> None:
    """An Iceberg table that a template has put into Glue is there, empty; made anew, it is empty again."""
    table = {
        "Name": "foreign",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"table_type": "ICEBERG", "format": "parquet"},
        "StorageDescriptor": {
            "Location": "s3://lake/tables/foreign",
            "Columns": [{"Name": "id", "Type": "string"}, {"Name": "at", "Type": "timestamp"}],
        },
    }
    for _ in range(2):
        client.glue.create_table(DatabaseName="usage_test", TableInput=table)
        assert client.run("SELECT * FROM foreign") == []
        client.run("INSERT INTO foreign VALUES ('a', TIMESTAMP '2026-01-01 00:00:00.000001')")
        assert client.run("SELECT * FROM foreign") == [["a", "2026-01-01 00:00:00.000001"]]
        client.glue.delete_table(DatabaseName="usage_test", Name="foreign")


def test_tables_of_two_databases_meet(client: Client) -> None:
    """Tables of one name in two databases, with a WITH of that name beside them."""
    make_t(client)
    client.run("CREATE DATABASE IF NOT EXISTS other")
    client.run("CREATE TABLE other.t (id string) LOCATION 's3://lake/o/' TBLPROPERTIES ('table_type'='ICEBERG')")
    client.run("INSERT INTO other.t SELECT id FROM t WHERE id = 'a'")
    joined = "SELECT t.id, o.id FROM usage_test.t JOIN other.t AS o ON t.id = o.id"
    assert client.run(joined) == [["a", "a"]]
    assert client.run(
        "WITH t AS (SELECT id FROM other.t) SELECT t.id, u.n FROM t JOIN usage_test.t AS u ON t.id = u.id"
    ) == [["a", "1"]]


def test_views(client: Client) -> None:
    """A view is kept in Glue, read with its own database's names, replaced, and dropped."""
    make_t(client)
    client.run("CREATE OR REPLACE VIEW v AS SELECT id, n FROM t WHERE n < 2")
    client.run("CREATE OR REPLACE VIEW w AS SELECT x.n AS m FROM v AS x")
    assert client.run("SELECT w.m FROM usage_test.w", QueryExecutionContext={}) == [["1"]]
    client.run("CREATE OR REPLACE VIEW v AS SELECT id, n + 1 AS n FROM t")
    assert client.run("SELECT sum(m) AS s FROM w") == [["5"]]
    shown = client.glue.get_table(DatabaseName="usage_test", Name="v")["Table"]
    assert (shown["TableType"], shown["Parameters"]["presto_view"]) == ("VIRTUAL_VIEW", "true")
    assert "already exists" in client.reason("CREATE VIEW v AS SELECT 1 AS one")
    assert "already exists" in client.reason("CREATE OR REPLACE VIEW t AS SELECT 1 AS one")
    assert "COLUMN_NOT_FOUND" in client.reason("CREATE OR REPLACE VIEW v AS SELECT nope FROM t")
    client.run("DROP VIEW v")
    assert "TABLE_NOT_FOUND" in client.reason("SELECT * FROM w")


def test_text_is_read_as_hive_reads_it(client: Client) -> None:
    r"""Lines end at \n, \r and \r\n; what is no UTF-8 is replaced; NULL is what the table says; $path is hidden."""
    show_text(client, "lines", {"number": "bigint", "line": "string"})
    client.put("lines/a.txt", b"1\x01one\r\n2\x01\xff\xfe\n3\x01\\N\rx\n\n4")
    client.put("lines/b.gz", gzip.compress(b"5\x01five\x01more\n"))
    client.put("lines/c.bz2", bz2.compress(b"6\x01\n"))
    client.put("lines/_hidden", b"7\x01hidden\n")
    client.put("lines/.hidden", b"8\x01hidden\n")
    assert client.run("SELECT * FROM lines WHERE number IS NOT NULL ORDER BY number") == [
        ["1", "one"],
        ["2", "\ufffd\ufffd"],
        ["3", None],
        ["4", None],
        ["5", "five"],
        ["6", ""],
    ]
    assert client.run("SELECT count(*) AS k FROM lines WHERE number IS NULL") == [["2"]]
    assert client.run('SELECT DISTINCT "$path" FROM lines ORDER BY 1') == [
        ["s3://lake/lines/a.txt"],
        ["s3://lake/lines/b.gz"],
        ["s3://lake/lines/c.bz2"],
    ]
    execution = client.end(client.start("SELECT count(*) AS k FROM lines"))
    sizes = [each["Size"] for each in client.s3.list_objects_v2(Bucket="lake", Prefix="lines/")["Contents"]]
    assert execution["Statistics"]["DataScannedInBytes"] == sum(sizes[2:])


def test_text_with_its_own_signs(client: Client) -> None:
    """A delimiter and a NULL of the table's own, and types that a value may not be of."""
    columns = {"a": "string", "b": "int", "c": "decimal(10,2)", "d": "timestamp", "e": "boolean", "f": "date"}
    show_text(client, "own", columns, serde={"field.delim": "|", "serialization.null.format": "~"})
    client.put("own/x", b"~|1|1.50|2026-01-01 00:00:00.1234|true|2026-01-01\n\\N|1.5|x|y|maybe|z\n")
    assert client.run("SELECT * FROM own ORDER BY b") == [
        [None, "1", "1.50", "2026-01-01 00:00:00.123", "true", "2026-01-01"],
        ["\\N", None, None, None, None, None],
    ]
    assert "NOT_SUPPORTED" in client.reason("INSERT INTO own (a) SELECT 'x'")
    assert "NOT_SUPPORTED" in client.reason("DELETE FROM own WHERE a = 'x'")


def test_projected_partitions(client: Client) -> None:
    """A landing table: hours of its range are read, with the minutes below them; others are not there."""
    now = datetime.now(UTC)
    hours = [now - timedelta(hours=2), now, now + timedelta(hours=3)]
    for number, hour in enumerate(hours):
        client.put(f"api/{hour:%Y/%m/%d/%H}/59/{number}.ndjson", f"{number}\n".encode())
    client.put("api/2020/01/01/00/early.ndjson", b"early\n")
    client.put("api/stray.ndjson", b"stray\n")
    parameters = {
        "projection.enabled": "true",
        "projection.dt_hour.type": "date",
        "projection.dt_hour.format": "yyyy/MM/dd/HH",
        "projection.dt_hour.range": f"{now - timedelta(days=1):%Y/%m/%d/%H},NOW+1HOURS",
        "projection.dt_hour.interval": "1",
        "projection.dt_hour.interval.unit": "HOURS",
        "storage.location.template": "s3://lake/api/${dt_hour}/",
    }
    keys = [{"Name": "dt_hour", "Type": "string"}]
    show_text(client, "api", {"line": "string"}, PartitionKeys=keys, Parameters=parameters)
    assert client.run("SELECT line, dt_hour FROM api ORDER BY line") == [
        [str(number), f"{hour:%Y/%m/%d/%H}"] for number, hour in enumerate(hours[:2])
    ]


def test_unload(client: Client) -> None:
    """Rows go to an empty place in the format that is asked for; timestamps of six digits are refused."""
    make_t(client)
    for written in ("PARQUET", "JSON", "TEXTFILE"):
        client.run(f"UNLOAD (SELECT id, n FROM t) TO 's3://lake/{written}/' WITH (format = '{written}')")
        assert len(client.keys(f"{written}/")) == 1
    [key] = client.keys("JSON/")
    lines = gzip.decompress(client.s3.get_object(Bucket="lake", Key=key)["Body"].read()).decode().splitlines()
    assert sorted(lines) == ['{"id": "a", "n": 1}', '{"n": 2}']
    show_text(client, "unloaded", {"id": "string", "n": "int"}, place="TEXTFILE")
    assert client.run("SELECT * FROM unloaded ORDER BY n") == [["a", "1"], [None, "2"]]
    again = "UNLOAD (SELECT n FROM t) TO 's3://lake/PARQUET/' WITH (format = 'PARQUET')"
    assert "HIVE_PATH_ALREADY_EXISTS" in client.reason(again)
    fine = "UNLOAD (SELECT at FROM t) TO 's3://lake/fine/' WITH (format = 'PARQUET')"
    assert "Incorrect timestamp precision for timestamp(6)" in client.reason(fine)
    assert client.keys("fine/") == []
