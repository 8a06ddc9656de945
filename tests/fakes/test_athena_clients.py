"""PyAthena and awswrangler, unmodified, on the local Athena."""

from __future__ import annotations

import warnings
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import awswrangler as wr
import pandas as pd
import pyathena
import pytest
from pyathena.cursor import DictCursor
from pyathena.error import DatabaseError
from pyathena.pandas.cursor import PandasCursor

from tests.fakes.athena import Fault

if TYPE_CHECKING:
    from tests.fakes.conftest import Client

TYPED = """
SELECT CAST('12345678901234567890.50' AS decimal(38, 2)) AS amount,
       TIMESTAMP '2026-01-31 23:59:59.123456' AS fine,
       CAST(TIMESTAMP '2026-01-31 23:59:59.123456' AS timestamp(3)) AS coarse,
       DATE '2026-02-28' AS day,
       CAST(NULL AS varchar) AS nothing,
       '' AS empty,
       'it''s "quoted", é
two lines' AS words,
       9223372036854775807 AS big,
       1.0e10 AS large,
       0.5e0 AS half,
       true AS yes,
       ARRAY[1, 2] AS list
"""


@pytest.fixture(autouse=True)
def _no_word_of_others() -> Any:
    """Warnings of the clients about themselves are not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def connect(**told: Any) -> Any:
    return pyathena.connect(work_group="usage-test-pipeline", schema_name="usage_test", poll_interval=0.01, **told)


def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": ["a", "b", None],
            "n": [1, 2, 3],
            "amount": [Decimal("1.50"), Decimal("-0.01"), None],
            "at": pd.to_datetime(["2026-01-01T00:00:00.001", "2026-01-02T00:00:00.000", "2026-01-03T00:00:00.000"]),
            "day": [date(2026, 1, 1), date(2026, 1, 2), None],
        }
    )


def append(frame: pd.DataFrame, **told: Any) -> None:
    wr.athena.to_iceberg(
        df=frame,
        database="usage_test",
        table="invoice_lines",
        table_location="s3://lake/tables/invoice_lines/",
        temp_path="s3://lake/work/append/",
        keep_files=False,
        workgroup="usage-test-pipeline",
        dtype={"amount": "decimal(38,2)"},
        **told,
    )


@pytest.mark.usefixtures("client")
def test_cursor_gives_each_type() -> None:
    """Exact numbers, both precisions of a timestamp, and NULL beside an empty text arrive as they are."""
    cursor = connect().cursor()
    [row] = cursor.execute(TYPED).fetchall()
    assert row == (
        Decimal("12345678901234567890.50"),
        datetime.fromisoformat("2026-01-31T23:59:59.123456"),
        datetime.fromisoformat("2026-01-31T23:59:59.123000"),
        date(2026, 2, 28),
        None,
        "",
        'it\'s "quoted", é\ntwo lines',
        9223372036854775807,
        1.0e10,
        0.5,
        True,
        [1, 2],
    )
    described = {name: (kind, precision, scale) for name, kind, _, _, precision, scale, _ in cursor.description}
    assert described["amount"] == ("decimal", 38, 2)
    assert (described["fine"][:2], described["coarse"][:2]) == (("timestamp", 3), ("timestamp", 3))
    assert (described["nothing"][0], described["big"][0], described["half"][0]) == ("varchar", "bigint", "double")


@pytest.mark.usefixtures("client")
def test_dict_cursor_reads_every_page() -> None:
    """2,500 rows come whole, by name, in pages of 300."""
    cursor = connect().cursor(DictCursor, arraysize=300)
    found = cursor.execute("SELECT n FROM UNNEST(sequence(1, 2500)) AS t (n) ORDER BY n").fetchall()
    assert found == [{"n": n} for n in range(1, 2501)]


@pytest.mark.usefixtures("client")
def test_pandas_cursor_reads_the_file() -> None:
    """It reads the CSV on S3 where the execution says that it is."""
    frame = connect().cursor(PandasCursor).execute(TYPED).as_pandas()
    assert frame["amount"].tolist() == [Decimal("12345678901234567890.50")]
    assert frame["fine"].tolist() == [pd.Timestamp("2026-01-31 23:59:59.123456")]
    assert frame["words"].tolist() == ['it\'s "quoted", é\ntwo lines']


@pytest.mark.usefixtures("client")
def test_cursor_binds_parameters() -> None:
    """Both ways of PyAthena: formatted into the text, and as execution parameters."""
    sql = "SELECT n FROM UNNEST(sequence(1, 9)) AS t (n) WHERE CAST(n AS varchar) = {0} OR n > {1} ORDER BY n"
    cursor = connect().cursor()
    formatted = cursor.execute(sql.format("%(text)s", "%(n)d"), {"text": "2", "n": 8}).fetchall()
    bound = cursor.execute(sql.format("?", "?"), ["'2'", "8"], paramstyle="qmark").fetchall()
    assert formatted == bound == [(2,), (9,)]


def test_cursor_tells_the_reason(client: Client) -> None:
    """A failed statement raises with Athena's reason; a stopped one as well."""
    with pytest.raises(DatabaseError, match="COLUMN_NOT_FOUND"):
        connect().cursor().execute("SELECT nope FROM (SELECT 1 AS one) AS t")
    client.local.fail_with(Fault("cancel", reason="Query cancelled!"))
    with pytest.raises(DatabaseError, match="Query cancelled!"):
        connect().cursor().execute("SELECT 1 AS one")


@pytest.mark.usefixtures("client")
def test_cursor_lists_what_is_there() -> None:
    """Databases and tables, by Athena's own calls."""
    append(rows())
    cursor = connect().cursor()
    assert [each.name for each in cursor.list_databases("AwsDataCatalog")] == ["usage_test"]
    [table] = cursor.list_table_metadata("AwsDataCatalog", "usage_test")
    assert (table.name, [column.name for column in table.columns]) == (
        "invoice_lines",
        ["id", "n", "amount", "at", "day"],
    )
    assert cursor.execute("SHOW TABLES").fetchall() == [("invoice_lines",)]


def test_wrangler_appends_twice(client: Client) -> None:
    """The first call makes the table, the second adds: through a temporary Parquet table that is gone afterwards."""
    append(rows(), mode="append")
    append(rows(), mode="append")
    found = client.run("SELECT id, n, amount, at, day FROM invoice_lines ORDER BY n")
    assert found == [
        each
        for row in (
            ["a", "1", "1.50", "2026-01-01 00:00:00.001000", "2026-01-01"],
            ["b", "2", "-0.01", "2026-01-02 00:00:00.000000", "2026-01-02"],
            [None, "3", None, "2026-01-03 00:00:00.000000", None],
        )
        for each in (row, row)
    ]
    [table] = client.glue.get_tables(DatabaseName="usage_test")["TableList"]
    assert (table["Name"], table["Parameters"]["table_type"]) == ("invoice_lines", "ICEBERG")
    assert client.keys("work/") == []


def test_wrangler_changes_the_schema_and_merges(client: Client) -> None:
    """A new column is added when that is allowed, and `merge_cols` updates the rows that are there."""
    append(rows())
    with pytest.raises(wr.exceptions.InvalidArgumentValue, match="Schema change detected"):
        append(rows().assign(revision=1))
    append(rows().head(1).assign(revision=1), schema_evolution=True)
    append(rows().assign(revision=7), merge_cols=["id", "n"], merge_match_nulls=True)
    found = client.run("SELECT id, revision FROM invoice_lines ORDER BY n, id")
    assert found == [["a", "7"], ["a", "7"], ["b", "7"], [None, "7"]]


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    "how",
    [
        {"ctas_approach": False, "workgroup": "usage-test-pipeline"},
        {"ctas_approach": True, "workgroup": "usage-test-pipeline"},
        {"ctas_approach": False, "unload_approach": True, "s3_output": "s3://lake/unloaded/"},
    ],
    ids=["csv", "ctas", "unload"],
)
def test_wrangler_reads(how: dict[str, Any]) -> None:
    """By the CSV file, by a temporary table and by UNLOAD, the rows are the same."""
    append(rows())
    sql = "SELECT id, n, amount, day FROM invoice_lines ORDER BY n"
    frame = wr.athena.read_sql_query(sql, database="usage_test", **how)
    assert frame["n"].tolist() == [1, 2, 3]
    assert frame["id"].isna().tolist() == [False, False, True]
    assert frame["amount"].tolist() == [Decimal("1.50"), Decimal("-0.01"), None]
    assert frame["day"].tolist()[:2] == [date(2026, 1, 1), date(2026, 1, 2)]


def test_wrangler_unloads(client: Client) -> None:
    """UNLOAD leaves Parquet objects at the place, and a manifest that names them."""
    append(rows())
    told = wr.athena.unload(
        "SELECT id, n FROM invoice_lines", path="s3://lake/big/", database="usage_test", workgroup="usage-test-pipeline"
    )
    assert wr.s3.read_parquet("s3://lake/big/")["n"].sort_values().tolist() == [1, 2, 3]
    _, _, key = told.manifest_location.removeprefix("s3://").partition("/")
    manifest = client.s3.get_object(Bucket="lake", Key=key)["Body"].read().decode()
    assert manifest.split() == [f"s3://lake/{each}" for each in client.keys("big/")]


def test_wrangler_deletes(client: Client) -> None:
    """Rows that match a frame's go."""
    append(rows())
    wr.athena.delete_from_iceberg_table(
        rows().head(1),
        database="usage_test",
        table="invoice_lines",
        merge_cols=["id"],
        temp_path="s3://lake/work/delete/",
        workgroup="usage-test-pipeline",
    )
    assert client.run("SELECT n FROM invoice_lines ORDER BY n") == [["2"], ["3"]]
