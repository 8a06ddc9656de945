"""What Trino and Athena are given to run."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from usagelake.engines import ad_hoc, load_queries
from usagelake.engines.relations import Relations
from usagelake.engines.sql_file import parse_sql_file
from usagelake.errors import ConfigurationError

QUERIES = load_queries()
AT = datetime(1, 1, 1, tzinfo=UTC)


@pytest.fixture
def relations() -> Relations:
    """The packaged views, and one working relation."""
    made = Relations()
    for view in QUERIES.views():
        made.define(view)
    made.place("meter_rows", "iceberg", "usage_work_1")
    return made


def test_a_plain_query_goes_as_it_is(relations: Relations) -> None:
    """Nothing is carried anywhere: Trino speaks Athena's dialect."""
    assert (
        relations.text(ad_hoc("SELECT count(*) AS n, 7 / 2 FROM api_requests WHERE status = 200"))
        == "SELECT COUNT(*) AS n, 7 / 2 FROM api_requests WHERE status = 200"
    )


def test_a_working_relation_is_found(relations: Relations) -> None:
    """By catalog and schema, wherever it stands in a statement; a WITH of its name hides it."""
    assert "iceberg.usage_work_1.meter_rows AS m" in relations.text(
        QUERIES.get("rollup", "drop_vanished_usage"), {"meter": "it's", "start": AT, "end": AT}
    )
    hidden = "WITH meter_rows AS (SELECT 1 AS n) SELECT n FROM meter_rows"
    assert "usage_work_1" not in relations.text(ad_hoc(hidden))
    assert "usage_work_1" not in relations.text(ad_hoc("SELECT * FROM other.meter_rows"))


def test_values_are_typed_literals(relations: Relations) -> None:
    """Also in MERGE and DELETE, where Trino binds none; a quote stays within its text."""
    text = relations.text(QUERIES.get("rollup", "drop_vanished_usage"), {"meter": "it's", "start": AT, "end": AT})
    assert "meter = 'it''s'" in text
    assert "CAST('0001-01-01 00:00:00.000000' AS TIMESTAMP(6))" in text
    with pytest.raises(ConfigurationError, match="has no value"):
        relations.text(QUERIES.get("rollup", "drop_vanished_usage"))


def test_a_view_becomes_its_query(relations: Relations) -> None:
    """Under its alias or its name, so that reading needs no right to make views."""
    text = relations.text(ad_hoc("SELECT billable_requests.status FROM billable_requests"))
    assert "FROM api_requests WHERE" in text
    assert text.endswith(") AS billable_requests")
    assert relations.text(ad_hoc("SELECT b.status FROM billable_requests AS b")).endswith(") AS b")


def test_a_view_of_a_view(relations: Relations) -> None:
    """Both are set in."""
    header = "-- name: mine\n-- title: t\n-- grain: g\n-- owner: o\n"
    relations.define(
        parse_sql_file(header + "SELECT api_key_id FROM billable_requests", name="mine", kind="views", origin="mine")
    )
    text = relations.text(ad_hoc("SELECT count(*) FROM mine"))
    assert "AS billable_requests) AS mine" in text
