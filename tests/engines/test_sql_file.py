"""One SQL file: header, parameters, statement."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from usagelake.engines.parameters import Parameter
from usagelake.engines.sql_file import load_sql_file, parse_sql_file
from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """\
-- name: calls
-- title: Calls per key
-- description: How many calls a key made.
--     Keyless calls are left out.
-- grain: one row per key
-- owner: billing
-- param: start timestamp -- the first instant, inclusive
-- param: keys varchar[] = a, b
-- param: limit_to bigint = 5 -- how many rows
-- a comment that is none of the header's
SELECT api_key_id AS key, count(*) AS calls
FROM api_requests -- all of them
WHERE event_time >= :start AND api_key_id IN (:keys) AND status < :limit_to
GROUP BY api_key_id
"""
GOOD = TEXT.replace("-- a comment that is none of the header's\n", "")


def test_a_file_is_read() -> None:
    """Everything in the header has its place."""
    file = parse_sql_file(GOOD, name="calls", kind="analyst", origin="calls.sql")
    assert (file.name, file.kind, file.title, file.grain, file.owner) == (
        "calls",
        "analyst",
        "Calls per key",
        "one row per key",
        "billing",
    )
    assert file.description == "How many calls a key made. Keyless calls are left out."
    assert file.params == {
        "start": Parameter("start", "timestamp", description="the first instant, inclusive"),
        "keys": Parameter("keys", "varchar[]", ("a", "b"), optional=True),
        "limit_to": Parameter("limit_to", "bigint", 5, optional=True, description="how many rows"),
    }
    assert file.tables == {"api_requests"}
    assert file.digest == f"sha256:{hashlib.sha256(GOOD.encode()).hexdigest()}"


def test_the_digest_is_of_the_bytes(tmp_path: Path) -> None:
    """A line end more is another file."""
    path = tmp_path / "calls.sql"
    path.write_bytes(GOOD.encode() + b"\r\n")
    assert load_sql_file(path, "analyst").digest == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def test_tables_are_those_that_with_does_not_name() -> None:
    """A name of WITH is no table."""
    text = GOOD.replace("SELECT api_key_id", "WITH w AS (SELECT 1 AS a FROM other) SELECT api_key_id").replace(
        "FROM api_requests", "FROM api_requests CROSS JOIN w"
    )
    assert parse_sql_file(text, name="calls", kind="analyst", origin="x").tables == {"api_requests", "other"}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("-- name: calls\n", "", "calls.sql:1: the header has no name"),
        ("-- owner: billing\n", "", "calls.sql:1: the header has no owner"),
        ("-- grain: one row per key", "-- grain:", "calls.sql:5: grain is empty"),
        ("name: calls", "name: other", "calls.sql:1: the name is other, the file's is calls"),
        ("-- owner: billing", "-- owner: billing\n-- owner: sales", "calls.sql:7: owner stands twice"),
        ("-- owner: billing", "-- owner: billing\n-- tag: x", "calls.sql:7: tag is no key of a header"),
        (
            "-- owner: billing",
            "-- owner: billing\n-- kind: meters",
            "calls.sql:7: the kind is meters, the folder's is analyst",
        ),
        ("-- owner: billing", "-- owner: billing\n-- hello", "calls.sql:7: a header line is"),
        ("start timestamp", "start time", "calls.sql:7: param start has type time"),
        ("start timestamp", "Start timestamp", "calls.sql:7: a param is"),
        ("limit_to bigint = 5", "limit_to bigint = five", "calls.sql:9: parameter limit_to: 'five' is not an integer"),
        ("-- param: limit_to bigint = 5 -- how many rows\n", "", "calls.sql:1: :limit_to is used and not declared"),
        ("AND status < :limit_to", "", "calls.sql:9: param limit_to is declared and not used"),
        ("-- param: keys varchar[] = a, b", "-- param: start bigint", "calls.sql:8: param start stands twice"),
        ("GROUP BY api_key_id", "GROUP BY api_key_id;\nSELECT 1", "calls.sql: expected exactly one statement, found 2"),
        ("GROUP BY api_key_id", "GROUP BY (", "calls.sql:13: "),
        ("count(*)", "count(*)::bigint", "calls.sql:10: `::` is no cast"),
    ],
)
def test_faults_are_named_with_file_and_line(old: str, new: str, fault: str) -> None:
    """A wrong file is refused as a whole."""
    with pytest.raises(ConfigurationError) as caught:
        parse_sql_file(GOOD.replace(old, new), name="calls", kind="analyst", origin="calls.sql")
    assert any(found.startswith(fault) for found in caught.value.faults), caught.value.faults


def test_every_fault_is_named() -> None:
    """Not the first alone."""
    text = GOOD.replace("-- owner: billing\n", "").replace("-- title: Calls per key\n", "")
    with pytest.raises(ConfigurationError) as caught:
        parse_sql_file(text, name="calls", kind="analyst", origin="calls.sql")
    assert caught.value.faults == ("calls.sql:1: the header has no title", "calls.sql:1: the header has no owner")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Not there, or not text."""
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_sql_file(tmp_path / "calls.sql", "analyst")
    (tmp_path / "calls.sql").write_bytes(b"-- name: \xff")
    with pytest.raises(ConfigurationError, match="not UTF-8 at byte 9"):
        load_sql_file(tmp_path / "calls.sql", "analyst")
