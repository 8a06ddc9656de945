"""The Iceberg tables of Trino and Athena."""

from __future__ import annotations

import pytest

from usagelake.domain.schema import API_REQUESTS, CUSTOMERS, TABLES, Table
from usagelake.engines.iceberg_ddl import athena_table, trino_table


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_column_is_there(table: Table) -> None:
    """With what it holds, in both spellings."""
    for ddl in (trino_table(table), athena_table(table, database="usage_prod", location="s3://b/lake")):
        for column in table.columns:
            assert column.doc.replace("'", "''") in ddl
            assert column.name in ddl


def test_trino() -> None:
    """Six digits of a second, NOT NULL where the schema says so, sorted by time and never partitioned."""
    ddl = trino_table(API_REQUESTS)
    assert "event_time timestamp(6) NOT NULL COMMENT" in ddl
    assert "status integer COMMENT" in ddl
    assert "sorted_by = ARRAY['event_time']" in ddl
    assert "partition" not in ddl
    assert "sorted_by" not in trino_table(CUSTOMERS)


def test_athena() -> None:
    """Hive's words for types, an Iceberg table under its own prefix."""
    ddl = athena_table(API_REQUESTS, database="usage_prod", location="s3://b/lake")
    assert ddl.startswith("CREATE TABLE IF NOT EXISTS `usage_prod`.`api_requests` (`request_id` string COMMENT ")
    assert "`status` int COMMENT" in ddl
    assert "NOT NULL" not in ddl
    assert ddl.endswith(
        "LOCATION 's3://b/lake/api_requests/' TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet')"
    )
