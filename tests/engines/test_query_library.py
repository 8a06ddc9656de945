"""The library of SQL files: the packaged ones, and a user's in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from usagelake.engines.packaged import packaged_folder
from usagelake.engines.query_library import KINDS, QueryLibrary, load_folder, load_queries
from usagelake.engines.sql_file import SqlFile, load_sql_file, parse_sql_file
from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "-- name: {name}\n-- title: T\n-- grain: one row\n-- owner: billing\n"
SCHEMA = {"t": {"k": "varchar", "at": "timestamp", "q": "bigint"}}
METER = (
    "SELECT 'api_key' AS subject_type, k AS subject_id, date_trunc('hour', at) AS hour, '' AS dimension, "
    "sum(q) AS quantity, count(*) AS events FROM w GROUP BY k, date_trunc('hour', at)"
)


def _file(kind: str, name: str, sql: str) -> SqlFile:
    return parse_sql_file(HEADER.format(name=name) + sql, name=name, kind=kind, origin=f"{kind}/{name}.sql")


def _library(*extra: SqlFile) -> QueryLibrary:
    return QueryLibrary(
        [
            _file("views", "v", "SELECT k, at, q FROM w WHERE q > 0"),
            _file("views", "w", "SELECT k, at, q FROM t"),
            _file("meters", "m", METER),
            _file("meters", "direct", METER.replace("FROM w", "FROM t")),
            *extra,
        ]
    )


def test_lookup() -> None:
    """By kind and name; by name alone where it is plain which."""
    library = _library(_file("analyst", "m", "SELECT 1 AS one"))
    assert library.get("meters", "m").kind == "meters"
    assert [file.name for file in library.meters()] == ["direct", "m"]
    assert library.find("direct").kind == "meters"
    assert library.find("analyst/m").kind == "analyst"
    assert library.find("m", ["analyst"]).kind == "analyst"
    with pytest.raises(ConfigurationError, match="write meters/m or analyst/m"):
        library.find("m")


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    """A slip of the finger is told."""
    with pytest.raises(ConfigurationError, match="no query direkt in meters: did you mean direct"):
        _library().get("meters", "direkt")
    with pytest.raises(ConfigurationError, match="did you mean direct"):
        _library().find("direkt")
    with pytest.raises(ConfigurationError, match="there are direct, m"):
        _library().get("meters", "zzzzzzz")


def test_views_come_after_what_they_read() -> None:
    """And a circle is refused."""
    assert [view.name for view in _library().views()] == ["w", "v"]
    circle = _file("views", "w", "SELECT k, at, q FROM v")
    with pytest.raises(ConfigurationError, match="circle: v, w"):
        _library(circle).views()


def test_what_a_file_reads() -> None:
    """Through views too."""
    library = _library()
    meter = library.get("meters", "m")
    assert [view.name for view in library.views_of(meter)] == ["w"]
    assert library.sources(meter, ("t", "u")) == ("t",)
    assert library.views_of(library.get("meters", "direct")) == ()


def test_the_digest_with_views_changes_with_a_view() -> None:
    """So that a meter is computed again when the policy changes."""
    before, after = _library(), _library(_file("views", "w", "SELECT k, at, q FROM t WHERE q < 9"))
    meter = before.get("meters", "m")
    assert before.digest_with_views(meter) != after.digest_with_views(meter)
    direct = before.get("meters", "direct")
    assert before.digest_with_views(direct) == after.digest_with_views(direct) == direct.digest


def test_a_user_s_file_takes_the_place_of_a_packaged_one(tmp_path: Path) -> None:
    """The folder is laid out as the packaged one; subfolders may be missing."""
    (tmp_path / "meters").mkdir()
    (tmp_path / "meters" / "api_requests.sql").write_text(HEADER.format(name="api_requests") + METER.replace("w", "t"))
    (tmp_path / "meters" / "mine.sql").write_text(HEADER.format(name="mine") + METER)
    library = load_queries(tmp_path)
    assert library.get("meters", "api_requests").title == "T"
    assert {"mine", "response_bytes"} <= {meter.name for meter in library.meters()}


def test_every_fault_of_every_file_is_named(tmp_path: Path) -> None:
    """A folder is refused as a whole."""
    (tmp_path / "meters").mkdir()
    (tmp_path / "meterz").mkdir()
    (tmp_path / "stray.sql").write_text("SELECT 1")
    (tmp_path / "meterz" / "x.sql").write_text("SELECT 1")
    (tmp_path / "meters" / "a.sql").write_text("SELECT 1")
    (tmp_path / "meters" / "b.sql").write_text(HEADER.format(name="c") + "SELECT 1")
    with pytest.raises(ConfigurationError) as caught:
        load_folder(tmp_path)
    text = str(caught.value)
    assert "stray.sql: a query lies in a subfolder" in text
    assert "did you mean meters" in text
    assert "a.sql:1: the header has no name" in text
    assert "b.sql:1: the name is c, the file's is b" in text
    with pytest.raises(ConfigurationError, match="no such folder"):
        load_queries(tmp_path / "nowhere")


def test_faults() -> None:
    """Every file is judged against the tables; a meter's shape too."""
    assert _library().faults(SCHEMA) == []
    faults = _library(
        _file("analyst", "wrong", "SELECT x FROM t"),
        _file("meters", "m", METER.replace(", count(*) AS events", "").replace("sum(q)", "sum(CAST(q AS double))")),
    ).faults(SCHEMA)
    assert faults == [
        "meters/m.sql: the meter has no column events",
        "meters/m.sql: column quantity of a meter is decimal, not double",
        "analyst/wrong.sql:5: column x is not there: t has k, at, q",
    ]
    assert _library(_file("views", "w", "SELECT y FROM t")).faults(SCHEMA) == [
        "views/w.sql:5: column y is not there: t has k, at, q"
    ]


def test_the_packaged_files_load() -> None:
    """Each folder is a kind, each file is whole."""
    folders = {path.name for path in packaged_folder("queries").iterdir() if path.is_dir()}
    assert folders <= set(KINDS)
    assert {"api_requests", "response_bytes", "internal_tokens"} <= {meter.name for meter in load_queries().meters()}


def test_the_packaged_files_are_sound() -> None:
    """They are loaded as sound, without being parsed: here each is parsed and held against its header."""
    paths = sorted(packaged_folder("queries").glob("*/*.sql"))
    assert {path.parent.name for path in paths} == set(KINDS)
    for path in paths:
        load_sql_file(path, path.parent.name)
