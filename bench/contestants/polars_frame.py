"""The same by polars: scan, unique on id, group by; the streaming engine.

Usage: polars_frame.py LANDING
"""

from __future__ import annotations

import json
import sys

import polars as pl

PROPERTIES = pl.Struct({"usage": pl.Int64, "resource_id": pl.String, "model": pl.String})
SCHEMA = {"id": pl.String, "timestamp": pl.String, "event_type": pl.String, "properties": PROPERTIES}


def main(landing: str) -> None:
    """Run the query and print what it found."""
    properties = pl.col("properties").struct
    rolled_up = (
        pl.scan_ndjson(f"{landing}/**/*.jsonl", schema=SCHEMA)
        .select(
            "id",
            "event_type",
            pl.col("timestamp").str.slice(0, 13).alias("hour"),
            properties.field("resource_id"),
            properties.field("model"),
            properties.field("usage"),
        )
        .unique(subset="id", keep="any", maintain_order=False)
        .group_by("hour", "event_type", "resource_id", "model")
        .agg(pl.col("usage").sum(), pl.len().alias("events"))
        .select(pl.len().alias("groups"), pl.col("events").sum(), pl.col("usage").sum().alias("quantity"))
        .collect(engine="streaming")
    )
    print(json.dumps(rolled_up.row(0, named=True)))


main(sys.argv[1])
