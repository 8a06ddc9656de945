"""Not a contestant: reads what a run of `usagelake bill` left, so that it can be compared with the others.

Usage: bill_result.py OUT
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

QUANTITY = "SELECT sum(quantity)::BIGINT FROM read_parquet($1) WHERE regexp_matches(meter, '^(in|ex)ternal_')"


def main(out: str) -> None:
    """Print the summary's counts and the quantity of all meters over billing events."""
    summary = json.loads((Path(out) / "summary.json").read_text(encoding="utf-8"))
    quantity = duckdb.execute(QUANTITY, [f"{out}/usage_hourly.parquet"]).fetchall()[0][0]
    counts = {name: summary[name] for name in ("objects", "lines", "events", "duplicates", "quarantined")}
    print(json.dumps({**counts, "quantity": quantity, "run": summary["run"]}))


main(sys.argv[1])
