"""The bare statement: one hand-written DuckDB query that dedupes and rolls up by the hour.

Found by trial among fifteen variants at 10 million events in 2 MB objects: `SELECT DISTINCT` on all that
the roll-up needs took less CPU time than `DISTINCT ON (id)`, `GROUP BY id` with `any_value`, `row_number()`,
and lines read as one column; ids as VARCHAR took less than UUIDs, and an hour of eleven characters is stored
inline. A redelivered line is identical, so distinct rows are distinct ids here. Small objects are read as
one stream on standard input: four times as fast as object by object.

Usage: duckdb_statement.py LANDING | -
"""

from __future__ import annotations

import json
import sys

import duckdb

STATEMENT = """
    SELECT count(*), sum(events)::BIGINT, sum(quantity)::BIGINT
    FROM (
        SELECT hour, event_type, resource_id, model, sum(usage) AS quantity, count(*) AS events
        FROM (
            SELECT DISTINCT
                id, substr(timestamp, 3, 11) AS hour, event_type,
                properties.resource_id AS resource_id, properties.model AS model, properties.usage AS usage
            FROM read_json($1, format = 'newline_delimited', columns = {
                id: 'VARCHAR', timestamp: 'VARCHAR', event_type: 'VARCHAR',
                properties: 'STRUCT(usage BIGINT, resource_id VARCHAR, model VARCHAR)'
            })
        )
        GROUP BY ALL
    )
"""


def main(landing: str) -> None:
    """Run the statement and print what it found."""
    connection = duckdb.connect()
    connection.execute("SET threads = 2; SET preserve_insertion_order = false")
    source = "/dev/stdin" if landing == "-" else f"{landing}/**/*.jsonl"
    groups, events, quantity = connection.execute(STATEMENT, [source]).fetchall()[0]
    print(json.dumps({"groups": groups, "events": events, "quantity": quantity}))


main(sys.argv[1])
