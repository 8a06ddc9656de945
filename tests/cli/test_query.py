"""Asking the lake: the first sketch's queries word for word, every format, every type of parameter, and no writing."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.cli.landings import event, put, request
from tests.cli.main_job import USAGELAKE, Job, files, invoke, run
from usagelake.bootstrap import open_engine
from usagelake.cli.query import ASKABLE
from usagelake.engines import load_queries
from usagelake.engines.parameters import parse_parameter
from usagelake.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

    from usagelake.engines import Rows

MEBIBYTE = 1_048_576

TOTALS = (
    "SELECT apiKeyId, COUNT(*) as total_requests, SUM(responseLatency) as total_latency_ms FROM api_gateway_logs "
    "WHERE year = 2025 AND month = 10 GROUP BY apiKeyId ORDER BY total_requests DESC;"
)
MEGABYTES = (
    "SELECT apiKeyId, SUM(requestSize + responseSize) / 1024 / 1024 as total_mb_transferred FROM api_gateway_logs "
    "WHERE year = 2025 AND month = 10 GROUP BY apiKeyId;"
)
PATHS = (
    "SELECT apiKeyId, resourcePath, COUNT(*) as request_count FROM api_gateway_logs "
    "WHERE year = 2025 AND month = 10 GROUP BY apiKeyId, resourcePath;"
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Requests around the ends of October 2025."""
    job = Job(tmp_path_factory.mktemp("october"))
    job.write_pricing()
    job.put(
        "apigw_access/a.jsonl",
        # key-1: three requests, 10 + 20 + 30 ms, 2 MiB + 1.5 MiB + 1 byte
        request("1", "2025-10-01T00:00:00Z", responseLatency="10", responseLength=str(2 * MEBIBYTE)),
        request(
            "2", "2025-10-15T12:00:00Z", responseLatency="20", responseLength=str(MEBIBYTE), requestLength="524288"
        ),
        request("3", "2025-10-31T23:59:59.999Z", responseLatency="30", responseLength="1", resourcePath="/toys"),
        # key-2: two requests, 7 ms and an unknown time, one byte short of a mebibyte
        request("4", key="key-2", responseLatency="7", responseLength=str(MEBIBYTE - 1), resourcePath="/toys"),
        request("5", key="key-2", responseLatency="-", responseLength="-", resourcePath="-"),
        # nobody: one request
        request("6", key="-", responseLatency="5", responseLength="10", status="403"),
        # not in October
        request("7", "2025-09-30T23:59:59.999Z", responseLatency="1000"),
        request("8", "2025-11-01T00:00:00Z", responseLatency="1000"),
        request("9", "2024-10-15T00:00:00Z", responseLatency="1000"),
    )
    job.put("data-api/a.jsonl", event("a", product='"quoted", new\nline 日本', model="[bold]:100:\\"), event("b"))
    job.billed()
    return job.lake


def _query(lake: Path, *arguments: object) -> Result:
    return invoke("query", "--lake", lake, *arguments)


def _json(lake: Path, *arguments: object) -> list[dict[str, Any]]:
    result = _query(lake, *arguments, "--format", "json")
    assert result.exit_code == 0, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_the_first_sketch_counts_requests(lake: Path) -> None:
    """Requests and latency of a key, the most first; unknown latency is left out of the sum."""
    assert _json(lake, "--sql", TOTALS) == [
        {"apiKeyId": "key-1", "total_requests": 3, "total_latency_ms": 60},
        {"apiKeyId": "key-2", "total_requests": 2, "total_latency_ms": 7},
        {"apiKeyId": None, "total_requests": 1, "total_latency_ms": 5},
    ]


def test_the_first_sketch_sums_megabytes(lake: Path) -> None:
    """Whole megabytes, as Athena divides integers; an unknown size counts as nothing."""
    found = {row["apiKeyId"]: row["total_mb_transferred"] for row in _json(lake, "--sql", MEGABYTES)}
    assert found == {"key-1": 3, "key-2": 0, None: 0}


def test_the_first_sketch_counts_paths(lake: Path) -> None:
    """Requests of a key and path."""
    found = {(row["apiKeyId"], row["resourcePath"]): row["request_count"] for row in _json(lake, "--sql", PATHS)}
    assert found == {
        ("key-1", "/pets/{id}"): 2,
        ("key-1", "/toys"): 1,
        ("key-2", "/toys"): 1,
        ("key-2", None): 1,
        (None, "/pets/{id}"): 1,
    }


def test_a_table(lake: Path) -> None:
    """Numbers stand to the right; the number of rows is told."""
    shown = _query(lake, "--sql", TOTALS).stdout
    lines = [line.strip() for line in shown.splitlines()]
    assert lines[1].split() == ["apiKeyId", "total_requests", "total_latency_ms"]
    assert lines[3].split() == ["key-1", "3", "60"]
    assert lines[-1] == "3 rows"


def test_a_table_shows_texts_as_they_are(lake: Path) -> None:
    """Neither markup nor emoji nor a backslash is anything but text."""
    shown = _query(lake, "--sql", "SELECT model, 'a\\' AS b, 'tab\tstop' AS c FROM billing_events WHERE event_id = 'a'")
    assert "[bold]:100:\\" in shown.stdout
    assert " a\\ " in shown.stdout
    assert "tab     stop" in shown.stdout
    assert shown.stdout.endswith("1 row\n")


def test_csv(lake: Path) -> None:
    """Quoted where it must be; NULL is empty."""
    sql = (
        "SELECT product, api_requests.api_key_id AS k FROM billing_events "
        "LEFT JOIN api_requests ON event_id = request_id ORDER BY product"
    )
    result = _query(lake, "--format", "csv", "--sql", sql)
    assert result.stdout.startswith('product,k\n"""quoted"", new\nline 日本",\n')
    assert list(csv.reader(io.StringIO(result.stdout, newline=""))) == [
        ["product", "k"],
        ['"quoted", new\nline 日本', ""],
        ["data-api", ""],
    ]


def test_json_of_every_type(lake: Path) -> None:
    """Integers are whole, decimals are exact, instants are UTC."""
    sql = (
        "SELECT 9223372036854775807 AS big, CAST('12345678901234567890.10' AS decimal(38, 2)) AS exact, "
        "CAST('12345678901234567890' AS decimal(38, 0)) AS whole, 1e0 / 4 AS share, TRUE AS yes, NULL AS none, "
        "DATE '2025-10-01' AS day, TIMESTAMP '2025-10-01 12:00:00.123456' AS instant, ARRAY['a', NULL] AS list"
    )
    assert _json(lake, "--sql", sql) == [
        {
            "big": 9223372036854775807,
            "exact": "12345678901234567890.10",
            "whole": 12345678901234567890,
            "share": 0.25,
            "yes": True,
            "none": None,
            "day": "2025-10-01",
            "instant": "2025-10-01 12:00:00.123456",
            "list": ["a", None],
        }
    ]


def test_json_has_no_room_for_two_columns_of_one_name(lake: Path) -> None:
    """One of them would be lost."""
    result = _query(lake, "--format", "json", "--sql", "SELECT 1 AS a, 2 AS a")
    assert result.exit_code == 2
    assert "a" in result.stderr
    assert result.stdout == ""


def test_no_rows(lake: Path) -> None:
    """An empty answer is one too."""
    sql = "SELECT event_id FROM billing_events WHERE event_id = 'none'"
    assert _json(lake, "--sql", sql) == []
    assert _query(lake, "--sql", sql, "--format", "csv").stdout == "event_id\n"
    assert "0 rows" in _query(lake, "--sql", sql).stdout


def test_parquet(lake: Path, tmp_path: Path) -> None:
    """Types are kept."""
    path = tmp_path / "it's a file?.parquet"
    result = _query(lake, "--sql", TOTALS, "--format", "parquet", "--out", path)
    assert (result.exit_code, result.stdout) == (0, "")
    with duckdb.connect() as connection:
        found = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
        assert [column[0] for column in found.description] == ["apiKeyId", "total_requests", "total_latency_ms"]
        assert found.fetchall() == [("key-1", 3, 60), ("key-2", 2, 7), (None, 1, 5)]


@pytest.mark.parametrize("file_format", ["csv", "json"])
def test_a_file_of_text(lake: Path, tmp_path: Path, file_format: str) -> None:
    """The same bytes as on the screen."""
    path = tmp_path / "rows"
    result = _query(lake, "--sql", TOTALS, "--format", file_format, "--out", path)
    assert (result.exit_code, result.stdout) == (0, "")
    assert path.read_bytes().decode() == _query(lake, "--sql", TOTALS, "--format", file_format).stdout


@pytest.mark.parametrize("file_format", ["csv", "json", "parquet"])
def test_a_file_in_a_folder_that_is_not_there(lake: Path, tmp_path: Path, file_format: str) -> None:
    """It is named."""
    path = tmp_path / "nowhere" / "rows"
    result = _query(lake, "--sql", TOTALS, "--format", file_format, "--out", path)
    assert result.exit_code == 1
    assert str(path) in result.stderr
    assert not path.parent.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give either a query's NAME or --sql"),
        (("top_customers", "--sql", "SELECT 1"), "give either a query's NAME or --sql"),
        (("--sql", "SELECT 1", "--format", "parquet"), "--format parquet needs --out FILE"),
        (("--sql", "SELECT 1", "--format", "xml"), "'xml' is not one of"),
        (("no_such_query",), "there is no query no_such_query"),
        (("top_custmers",), "did you mean top_customers"),
        (("merge_api_requests",), "there is no query merge_api_requests"),
        (("rollup/drop_meter_usage",), "there is no query rollup/drop_meter_usage"),
        (("--sql", "SELECT nothing FROM quarantine"), "nothing"),
        (("--sql", "SELECT 1 FROM nowhere"), "there is no table nowhere"),
        (("--sql", "SELECT status FROM api_requests WHERE status = '200'"), "cannot compare integer with varchar"),
        (("--sql", "SELECT 1", "-p", "x=1"), "--sql has no parameter x; it has none"),
    ],
)
def test_what_cannot_be_asked(lake: Path, arguments: tuple[str, ...], said: str) -> None:
    """Exit 2, and what to do."""
    result = _query(lake, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


WRITERS = [
    "INSERT INTO quarantine SELECT * FROM quarantine",
    "UPDATE quarantine SET line = ''",
    "DELETE FROM quarantine",
    "TRUNCATE TABLE quarantine",
    "MERGE INTO quarantine USING quarantine AS s ON TRUE WHEN MATCHED THEN DELETE",
    "CREATE TABLE stolen AS SELECT * FROM quarantine",
    "CREATE OR REPLACE VIEW api_gateway_logs AS SELECT 1",
    "DROP TABLE quarantine",
    "ALTER TABLE quarantine DROP COLUMN line",
    "SELECT 1 INTO stolen",
    "WITH gone AS (DELETE FROM quarantine) SELECT 1",
    "EXPLAIN ANALYZE DELETE FROM quarantine",
    "SELECT 1; DELETE FROM quarantine",
    "COPY quarantine TO '{0}'",
    "COPY (SELECT 1) TO '{0}'",
    "EXPORT DATABASE '{0}'",
    "ATTACH '{0}' AS other",
    "DETACH lake",
    "USE memory",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET memory_limit = '1MB'",
    "PRAGMA enable_logging",
    "CALL enable_logging()",
    "CHECKPOINT",
    "VACUUM",
    "BEGIN",
    "SELECT * FROM read_csv('{1}')",
    "SELECT * FROM read_text('{1}')",
    "SELECT * FROM read_parquet('{1}')",
    "SELECT * FROM read_blob('{1}')",
    "SELECT * FROM glob('*')",
    "SELECT * FROM '{1}'",
    'SELECT * FROM "{1}"',
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM information_schema.tables",
    "SELECT getenv('HOME')",
    "SELECT current_setting('memory_limit')",
    "SELECT content FROM (SELECT read_text('{1}') AS content)",
    "SHOW TABLES",
    "DESCRIBE quarantine",
    "",
    ";",
    "-- nothing",
]


@pytest.mark.parametrize("sql", WRITERS)
def test_a_query_only_reads(lake: Path, tmp_path: Path, sql: str) -> None:
    """Whatever could write, or read anything but the lake's tables, is refused."""
    secret = put(tmp_path / "secret.csv", "secret")
    before = files(lake)
    result = _query(lake, "--sql", sql.format(tmp_path / "copy", secret))
    assert result.exit_code == 2, result.stdout
    assert "secret\n" not in result.stdout
    assert files(lake) == before
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


def test_the_lake_itself_is_opened_for_reading(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should a statement slip through the check, the engine refuses it."""
    monkeypatch.setattr(sys.modules["usagelake.engines.ad_hoc"], "check_read_only", lambda _: None)
    before = files(lake)
    result = _query(lake, "--sql", "DELETE FROM quarantine")
    assert result.exit_code != 0
    assert files(lake) == before


EVERY_TYPE = """\
-- name: every_type
-- title: Gives back what it is given
-- grain: one row
-- owner: tests
-- param: a_text varchar
-- param: a_number bigint
-- param: a_switch boolean
-- param: a_day date
-- param: an_instant timestamp
-- param: some_texts varchar[]
-- param: a_default varchar = unsaid
SELECT
    :a_text AS a_text,
    :a_number AS a_number,
    :a_switch AS a_switch,
    :a_day AS a_day,
    :an_instant AS an_instant,
    'b' IN (:some_texts) AS some_texts,
    :a_default AS a_default
"""
VALUES = {
    "a_text": 'it\'s = "so"; -- 日本',
    "a_number": "-9223372036854775808",
    "a_switch": "true",
    "a_day": "2024-02-29",
    "an_instant": "2025-10-01T02:00:00+02:00",
    "some_texts": "a, b,c",
}


@pytest.fixture
def queries(tmp_path: Path) -> Iterator[Path]:
    """A query of one's own."""
    put(tmp_path / "queries" / "analyst" / "every_type.sql", EVERY_TYPE)
    return tmp_path / "queries"


def _asked(lake: Path, queries: Path, values: dict[str, str]) -> Result:
    pairs = [f"--param={name}={value}" for name, value in values.items()]
    return _query(lake, "every_type", "--queries", queries, "--format", "json", *pairs)


def test_parameters_of_every_type(lake: Path, queries: Path) -> None:
    """What is typed arrives as it was typed; a month is its first day; an instant is UTC."""
    result = _asked(lake, queries, VALUES)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == [
        {
            "a_text": VALUES["a_text"],
            "a_number": -9223372036854775808,
            "a_switch": True,
            "a_day": "2024-02-29",
            "an_instant": "2025-10-01 00:00:00",
            "some_texts": True,
            "a_default": "unsaid",
        }
    ]
    other = {**VALUES, "a_text": "", "a_switch": "FALSE", "a_day": "2025-10", "some_texts": "a,bb", "a_default": "said"}
    (row,) = json.loads(_asked(lake, queries, other).stdout)
    assert (row["a_text"], row["a_switch"], row["a_day"]) == ("", False, "2025-10-01")
    assert (row["some_texts"], row["a_default"]) == (False, "said")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("a_number", "1.5", "an integer of 64 bits"),
        ("a_number", "9223372036854775808", "an integer of 64 bits"),
        ("a_switch", "yes", "true or false"),
        ("a_day", "2025-02-30", "a day such as"),
        ("an_instant", "yesterday", "an instant such as"),
    ],
)
def test_a_value_of_another_type(lake: Path, queries: Path, name: str, value: str, said: str) -> None:
    """The parameter is named, and what it takes."""
    result = _asked(lake, queries, {**VALUES, name: value})
    assert result.exit_code == 2
    assert f"parameter {name}: '{value}' is not {said}" in result.stderr


def test_parameters_that_are_missing_or_unknown(lake: Path, queries: Path) -> None:
    """Every one of them is named."""
    some = {name: VALUES[name] for name in ("a_text", "a_number", "a_switch", "a_day")}
    result = _asked(lake, queries, some)
    assert result.exit_code == 2
    assert "parameter an_instant (timestamp) has no value" in result.stderr
    assert "parameter some_texts (varchar[]) has no value" in result.stderr
    result = _asked(lake, queries, {**VALUES, "colour": "red"})
    assert result.exit_code == 2
    assert "every_type has no parameter colour; it has a_text, a_number" in result.stderr
    result = _query(lake, "every_type", "--queries", queries, "--param", "a_text")
    assert result.exit_code == 2
    assert "--param a_text: write it as name=value" in result.stderr


@pytest.fixture(scope="module")
def saved(lake: Path) -> dict[str, Rows]:
    """What each saved query answers, with a month for a span of time and whatever else it asks for."""
    texts = {"varchar": "api_requests", "bigint": "1", "boolean": "true", "varchar[]": "a,b"}
    library = load_queries()
    answers = {}
    with open_engine(library, Settings(), lake, read_only=True) as engine:
        for query in library.all(*ASKABLE):
            values = {
                name: parse_parameter(param, "2025-11" if name == "end" else texts.get(param.type, "2025-10"))
                for name, param in query.params.items()
                if not param.optional
            }
            answers[f"{query.kind}/{query.name}"] = engine.fetch(query, values)
    return answers


def test_every_saved_query_runs(saved: dict[str, Rows]) -> None:
    """On a real lake, and each has an answer."""
    assert len(saved) > 40
    assert all(answer.columns for answer in saved.values())
    assert sum(bool(answer.rows) for answer in saved.values()) > 20


def test_audits_find_nothing_but_what_is_there(saved: dict[str, Rows]) -> None:
    """On a lake that was just billed there is nothing to find."""
    found = {name: answer.rows for name, answer in saved.items() if name.startswith("audits/") and answer.rows}
    assert found == {}


def test_a_saved_query(lake: Path) -> None:
    """By its name, or by its kind and name."""
    span = ("-p", "start=2025-10", "-p", "end=2025-11")
    rows = _json(lake, "billing/usage_totals", *span)
    assert {row["meter"]: row["quantity"] for row in rows if row["subject_id"] == "key-2"} == {
        "api_requests": 2,
        "response_bytes": MEBIBYTE - 1,
    }
    assert _json(lake, "usage_totals", *span) == rows


def test_a_reader_that_goes_away(lake: Path) -> None:
    """`usagelake query … | head -1` ends without a trace."""
    sql = "SELECT a.object_key, b.* FROM api_requests AS a CROSS JOIN api_requests AS b"
    command = [*USAGELAKE, "query", "--lake", str(lake), "--sql", sql, "--format", "csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asking:
        assert asking.stdout is not None
        assert asking.stderr is not None
        asking.stdout.close()
        said = asking.stderr.read()
    assert "Traceback" not in said


def test_one_process_of_its_own(lake: Path) -> None:
    """As a user runs it."""
    result = run("query", "--lake", lake, "--sql", MEGABYTES + " ", "--format", "csv")
    assert (result.returncode, result.stderr) == (0, "")
    assert sorted(result.stdout.splitlines()) == [",0", "apiKeyId,total_mb_transferred", "key-1,3", "key-2,0"]
