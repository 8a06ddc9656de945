"""What the engine promises, on the local Athena: values, tables, staging, publishing, exports, what stays behind."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.conformance.edge_values import tables
from tests.engines.athena.conftest import Environment, client, run_called
from usagelake.domain.schema import CUSTOMERS, TABLES
from usagelake.engines import ad_hoc
from usagelake.engines.athena import exporting, landing
from usagelake.engines.duckdb import DuckDBEngine
from usagelake.engines.sql_file import parse_sql_file
from usagelake.errors import ConfigurationError, EngineError
from usagelake.storage import open_location

if TYPE_CHECKING:
    from pathlib import Path

    from usagelake.engines import QueryLibrary, SqlFile
    from usagelake.engines.athena import AthenaEngine

HEADER = "-- name: mine\n-- title: t\n-- grain: g\n-- owner: o\n"
CUSTOMER = ("api_key", "k1", "c1", "Über \x01 \\N\r\n'\"", "growth", date(2025, 1, 1), None)
OTHER = ("api_key", "k2", "c2", "", "growth", date(1, 1, 1), date(9999, 12, 31))


def everything(engine: Any, table: str) -> list[tuple[Any, ...]]:
    """All rows of a table."""
    return sorted(engine.fetch(ad_hoc(f"SELECT * FROM {table}")).rows, key=repr)


def statement(sql: str) -> SqlFile:
    """A statement of a file."""
    return parse_sql_file(HEADER + sql, name="mine", kind="events", origin="mine.sql")


VALUES = (
    "SELECT BIGINT '9223372036854775807' AS big, CAST(7 AS integer) AS small, CAST(NULL AS varchar) AS nothing, "
    "'' AS empty, 'NULL' AS word, 'a\u00fc\U0001f600' AS text, TRUE AS yes, "
    "CAST('12345678901234567890123456789012345678' AS decimal(38, 0)) AS whole, "
    "CAST('-0.50' AS decimal(4, 2)) AS part, TIMESTAMP '2025-10-31 23:59:59.123456' AS at, "
    "TIMESTAMP '0001-01-01 00:00:00.000000' AS dawn, DATE '9999-12-31' AS day, CAST('1.5' AS double) AS d, "
    "CAST('1E300' AS double) AS huge"
)


def test_values_are_the_very_same_as_on_duckdb(environment: Environment) -> None:
    """Types too: Decimal, int, datetime without a zone, date, str, and NULL is not the empty text."""
    with environment.open() as engine, DuckDBEngine(None) as embedded:
        ours, theirs = engine.fetch(ad_hoc(VALUES)), embedded.fetch(ad_hoc(VALUES))
    assert ours.rows == theirs.rows
    assert [type(value) for value in ours.rows[0]] == [type(value) for value in theirs.rows[0]]
    assert ours.columns == theirs.columns
    assert dict(zip(ours.columns, ours.types, strict=True))["whole"] == "decimal(38,0)"
    assert ours.rows[0][7] == 12345678901234567890123456789012345678


def test_every_page_is_read(environment: Environment) -> None:
    """Three pages of a thousand rows, in order, each row once."""
    sql = "SELECT n FROM UNNEST(sequence(1, 2500)) AS t (n) ORDER BY n"
    with environment.open() as engine:
        assert [n for (n,) in engine.fetch(ad_hoc(sql)).rows] == list(range(1, 2501))


def test_tables_are_made_once(environment: Environment) -> None:
    """Of the domain's schema, where the environment says; a second run makes none."""
    with environment.open():
        pass
    assert environment.tables() == sorted(TABLES)
    made = environment.journal("CREATE TABLE")
    assert len(made) == len(TABLES)
    location = client("glue").get_table(DatabaseName=environment.places.database, Name="customers")["Table"]
    assert location["StorageDescriptor"]["Location"].rstrip("/") == f"{environment.places.tables}/customers"
    with environment.open():
        pass
    assert len(environment.journal("CREATE TABLE")) == len(made)


def test_a_view_is_made_once_and_again_when_its_text_changes(environment: Environment) -> None:
    """The digest in Glue tells: an hourly run makes no view again."""
    with environment.open() as engine:
        engine.define_view(statement("SELECT customer_id FROM customers"))
    with environment.open() as engine:
        engine.define_view(statement("SELECT customer_id FROM customers"))
        assert len(environment.journal("CREATE OR REPLACE VIEW")) == 1
        engine.publish("customers", [CUSTOMER, OTHER])
        assert everything(engine, "mine") == [("c1",), ("c2",)]
    with environment.open() as engine:
        engine.define_view(statement("SELECT customer_id FROM customers WHERE subject_id = 'k1'"))
        assert len(environment.journal("CREATE OR REPLACE VIEW")) == 2
        assert everything(engine, "mine") == [("c1",)]
    with environment.open(read_only=True) as engine:
        engine.define_view(statement("SELECT plan_id FROM customers"))
        assert everything(engine, "mine") == [("growth",), ("growth",)]
        assert len(environment.journal("CREATE OR REPLACE VIEW")) == 2


def test_publish_replaces_at_once(environment: Environment) -> None:
    """One statement: what is new is put in, what is gone taken out, what stays not touched; odd texts come over."""
    changed = (*OTHER[:3], "changed", *OTHER[4:])
    with environment.open() as engine:
        for rows in ([CUSTOMER, OTHER], [CUSTOMER, changed], [changed], [], [OTHER, CUSTOMER]):
            before = len(environment.journal("MERGE INTO customers"))
            engine.publish("customers", rows)
            assert everything(engine, "customers") == sorted(rows, key=repr)
            assert len(environment.journal("MERGE INTO customers")) == before + 1
    assert environment.journal("DELETE FROM") == environment.journal("INSERT INTO") == []


@pytest.mark.parametrize("table", TABLES)
def test_rows_at_the_edges_come_over(environment: Environment, table: str) -> None:
    """Whatever a table may hold: published here and on DuckDB it is the same."""
    rows = list(dict.fromkeys(tables().get(table, [])))
    with environment.open() as engine, DuckDBEngine(None) as embedded:
        for each in (engine, embedded):
            each.publish(table, rows)
        assert everything(engine, table) == everything(embedded, table)


def test_append_adds_by_one_insert(environment: Environment) -> None:
    """To the microsecond and the last character; what awswrangler has written goes. No rows are no statement."""
    usage = TABLES["usage_hourly"]
    hour = datetime(2025, 10, 1, 5)  # noqa: DTZ001
    row = ("m", "api_key", "k", hour, "", Decimal(10) ** 37, 2**62, datetime(2025, 11, 1, 1, 2, 3, 456789))  # noqa: DTZ001
    quarantined = ("api_requests", "k", "\x01\n\r\u2028\U0001f600\\N", 1, "r", datetime(9999, 12, 31, 23, 59, 59))  # noqa: DTZ001
    customer = OTHER
    assert len(row) == len(usage.columns)
    with environment.open() as engine:
        for table, added in (("usage_hourly", row), ("quarantine", quarantined), ("customers", customer)):
            engine.append(table, [])
            before = len(engine.spent)
            engine.append(table, [added])
            assert [spent.statement for spent in engine.spent[before:]] == [f"adding rows to {table}"]
            assert everything(engine, table) == [added]
        engine.append("usage_hourly", [row])
        assert everything(engine, "usage_hourly") == [row, row]
    assert len(environment.journal("INSERT INTO")) == 4
    assert environment.tables() == sorted(TABLES)


def test_staged_rows_are_of_this_run_alone(environment: Environment) -> None:
    """Two engines stage under one name and see their own; each takes its own away."""
    with environment.open() as one, environment.open() as other:
        for engine, number in ((one, 1), (other, 2)):
            query = f"SELECT {number} AS n, TIMESTAMP '2025-10-01 00:00:00' AS at, CAST({number} AS smallint) AS s"
            engine.stage("meter_rows", ad_hoc(query))
        assert one.fetch(ad_hoc("SELECT n, s FROM meter_rows")).rows == [(1, 1)]
        assert other.fetch(ad_hoc("SELECT m.n FROM meter_rows AS m")).rows == [(2,)]
        one.stage("meter_rows", ad_hoc("SELECT 'again' AS n"))
        assert one.fetch(ad_hoc("SELECT meter_rows.n FROM meter_rows")).rows == [("again",)]
        (first, second, third) = environment.journal("CREATE TABLE work_")
        assert "CAST(at AS TIMESTAMP(6)) AS at" in first["text"]
        assert "is_external = false" in first["text"]
        assert len({each["token"] for each in (first, second, third)}) == 3
        assert len([name for name in environment.tables() if name.startswith("work_")]) == 2
    assert environment.tables() == sorted(TABLES)


def test_what_killed_runs_have_left_is_swept_after_a_day(environment: Environment) -> None:
    """By the time in the name; a run that may still live is let be."""
    glue = client("glue")
    now = datetime.now(UTC)
    old, young = (f"work_{now - timedelta(hours=hours):%Y%m%d%H%M%S}_x_1_rows" for hours in (25, 23))
    for name in (old, young, "work_of_somebody"):
        glue.create_table(DatabaseName=environment.places.database, TableInput={"Name": name})
    with environment.open() as engine:
        engine.stage("meter_rows", ad_hoc("SELECT 1 AS n"))
    assert environment.tables() == sorted([*TABLES, young, "work_of_somebody"])


def objects_of(engine: AthenaEngine, environment: Environment) -> list[list[tuple[Any, ...]]]:
    """The lines of each batch of the landing."""
    storage = open_location(environment.places.landing)
    listed = sorted(storage.list(), key=lambda info: info.key)
    query = ad_hoc("SELECT object_key, line, fault FROM landing_billing_events")
    return [sorted(engine.fetch(query).rows, key=repr) for _ in engine.take_in(storage, listed)]


def test_lines_come_over_byte_by_byte(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    r"""Texts that Hive would take for NULL, columns or line ends; one object a batch, one line a file."""
    monkeypatch.setattr(landing, "BATCH_OBJECTS", 1)
    monkeypatch.setattr(landing, "_BLOCK_BYTES", 1)
    real = landing.packed
    monkeypatch.setattr(landing, "packed", lambda lines: real(lines, part_bytes=1))
    lines = ["\\N", "", '{"a": "\\u0001"}', "\\", "-", "caf\u00e9", '"quoted"', "a\tb", "x" * 5000]
    odd = b"one\rstill one\ntwo\x01two\n\xff\xfe\n\x00\n-\n"
    bucket = environment.places.landing.removeprefix("s3://")
    client("s3").put_object(Bucket=bucket, Key="t/a.jsonl", Body="\n".join(lines).encode())
    client("s3").put_object(Bucket=bucket, Key="t/b.jsonl", Body=odd)
    client("s3").put_object(Bucket=bucket, Key="t/c.jsonl", Body=b"")
    with environment.open() as engine:
        ours = objects_of(engine, environment)
    with DuckDBEngine(None) as embedded:
        storage = open_location(environment.places.landing)
        listed = sorted(storage.list(), key=lambda info: info.key)
        query = ad_hoc("SELECT object_key, line, fault FROM landing_billing_events")
        (theirs,) = [sorted(embedded.fetch(query).rows, key=repr) for _ in embedded.take_in(storage, listed)]
    # A blank line is NULL on DuckDB and empty here: the landing queries drop both.
    assert sorted([*ours[0], *ours[1]], key=repr) == sorted(
        ((key, line or "", *rest) for key, line, *rest in theirs), key=repr
    )
    assert ours[2] == []
    work = client("s3").list_objects_v2(Bucket=f"lake-{environment.name}", Prefix="work/")["Contents"]
    assert len([each for each in work if "billing_events_lines" in each["Key"]]) >= len(lines) - 1


def exported(engine: Any, query: SqlFile, path: Path) -> tuple[list[Any], list[Any]]:
    """Export a query; give the file's columns with their types, and its rows."""
    engine.export(query, {}, path, "parquet")
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
        return [column[:2] for column in rows.description], rows.fetchall()


@pytest.mark.parametrize(
    ("sql", "unloaded"),
    [
        ("SELECT n, -n AS m FROM UNNEST(sequence(1, 3000)) AS t (n) ORDER BY m", True),
        ("SELECT n % 7 AS k, n FROM UNNEST(sequence(1, 3000)) AS t (n) ORDER BY 1 DESC, N", True),
        ("SELECT n FROM UNNEST(sequence(1, 3000)) AS t (n) ORDER BY n DESC LIMIT 10", True),
        ("SELECT nullif(n, 3) AS v FROM UNNEST(sequence(1, 9)) AS t (n) ORDER BY v NULLS FIRST", True),
        ("SELECT n FROM UNNEST(sequence(1, 9)) AS t (n) WHERE n > 9 ORDER BY n", True),
        (f"{VALUES} ORDER BY big", True),
        ("SELECT n FROM UNNEST(sequence(1, 3000)) AS t (n) ORDER BY n % 10, n DESC", False),
        ("SELECT t.n FROM UNNEST(sequence(1, 3000)) AS t (n) ORDER BY t.n", False),
        ("SELECT n + 1 FROM UNNEST(sequence(1, 3)) AS t (n) ORDER BY 1", False),
        ("SELECT n, ARRAY[n] AS a FROM UNNEST(sequence(1, 3)) AS t (n) ORDER BY n", False),
    ],
)
def test_an_export_has_the_order_of_its_query(
    environment: Environment, tmp_path: Path, sql: str, unloaded: bool
) -> None:
    """By UNLOAD where each key is a column of the result, page by page elsewhere; the same file as DuckDB writes."""
    with environment.open() as engine, DuckDBEngine(None) as embedded:
        ours = exported(engine, ad_hoc(sql), tmp_path / "ours.parquet")
        theirs = exported(embedded, ad_hoc(sql), tmp_path / "theirs.parquet")
    if "ARRAY" not in sql:
        assert ours == theirs
    else:
        assert [row[0] for row in ours[1]] == [row[0] for row in theirs[1]]
    assert bool(environment.journal("UNLOAD")) is unloaded


def test_unload_has_no_order_of_its_own(environment: Environment, tmp_path: Path) -> None:
    """The place decides, however the files lie: proved on files whose rows are shuffled."""
    location = f"s3://lake-{environment.name}/shuffled"
    with duckdb.connect() as connection:
        for number, places in enumerate(([3, 1], [4, 2])):
            file = tmp_path / f"{number}.parquet"
            rows = ", ".join(f"('v{place}', {place})" for place in places)
            connection.execute(f"COPY (SELECT * FROM (VALUES {rows}) AS t (c0, place)) TO '{file}'")
            client("s3").upload_file(str(file), f"lake-{environment.name}", f"shuffled/{number}")
    exporting.write(location, tmp_path / "out.csv", "csv", [("v", "varchar")])
    assert (tmp_path / "out.csv").read_text().split() == ["v", "v1", "v2", "v3", "v4"]


def test_for_reading_alone_nothing_can_be_changed(environment: Environment) -> None:
    """Not by any way in; and a lake that is not there is not made."""
    with pytest.raises(EngineError, match="there is no lake here"):
        environment.open(read_only=True)
    with environment.open():
        pass
    with environment.open(read_only=True) as engine:
        for refused in (
            lambda: engine.execute(statement("DELETE FROM customers")),
            lambda: engine.stage("meter_rows", ad_hoc("SELECT 1 AS n")),
            lambda: engine.publish("customers", []),
            lambda: engine.append("customers", [CUSTOMER]),
            lambda: list(engine.take_in(open_location(environment.places.landing), [])),
        ):
            with pytest.raises(EngineError, match="open for reading alone"):
                refused()
        assert engine.fetch(ad_hoc("SELECT * FROM customers")).rows == []


def test_versions_windows_and_spending(environment: Environment) -> None:
    """What evidence names, what roll-up asks, and what each statement took."""
    with environment.open(run=run_called("spending")) as engine:
        assert engine.version == "athena 3"
        assert engine.windows_at_most == 4
        engine.publish("customers", [CUSTOMER])
        before = len(engine.spent)
        engine.fetch(ad_hoc("SELECT customer_name FROM customers"))
        (spent,) = engine.spent[before:]
        (ran,) = environment.journal("SELECT customer_name")
        assert (spent.statement, spent.execution_id, spent.kind) == ("--sql", ran["id"], "DML")
        assert spent.bytes_scanned == ran["bytes"] > 0
        assert engine.spending.bytes_scanned >= spent.bytes_scanned
        assert spent.usd == Decimal("0.00005")


def test_a_database_of_another_kind_is_told(environment: Environment) -> None:
    """An Iceberg table it must be, whatever else bears the name."""
    client("glue").create_table(
        DatabaseName=environment.places.database, TableInput={"Name": CUSTOMERS.name, "Parameters": {}}
    )
    with pytest.raises(EngineError, match=r"customers: is no Iceberg table"):
        environment.open()


def test_a_statement_too_long_is_told_before_it_is_sent(environment: Environment) -> None:
    """Athena's limit, in bytes."""
    with environment.open() as engine:
        sent = len(environment.journal())
        long = "SELECT '" + "\u00fc" * 131_072 + "' AS long"
        with pytest.raises(EngineError, match="Athena takes 262,144"):
            engine.fetch(ad_hoc(long))
        assert len(environment.journal()) == sent


def test_wrong_values_are_the_callers(environment: Environment, queries: QueryLibrary) -> None:
    """A parameter that is missing is refused before anything runs."""
    with environment.open() as engine, pytest.raises(ConfigurationError, match="has no value"):
        engine.execute(queries.get("rollup", "forget_meter"))
