"""The main job done by a pair of engines, and what it leaves, compared but for the engine's name."""

from __future__ import annotations

import json
import shutil
import tarfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from tests.cli.main_job import Job, files
from usagelake.domain.period import Period

if TYPE_CHECKING:
    from tests.conformance.pairs import Pair

DATA = Path(__file__).parents[2] / "../shared/data"
PERIODS = {"web-2015": "2015-05", "llm-2023": "2023-11"}
ALL_TIME = (datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59))  # noqa: DTZ001


def without_engine(results: Path) -> dict[str, Any]:
    """Read what a run has written, without the name of the engine."""
    found: dict[str, Any] = {}
    for name, content in files(results).items():
        if name.startswith("invoices/"):
            found[name] = json.loads(content)
            found[name]["evidence"].pop("engine")
        elif name.endswith(".parquet"):
            with duckdb.connect() as connection:
                rows = connection.execute("SELECT * FROM read_parquet(?)", [str(results / name)])
                found[name] = [column[:2] for column in rows.description], rows.fetchall()
        else:
            found[name] = content
    return found


def assert_same_results(out: Path) -> None:
    """What `Pair.bill` has left in two folders is the same, file by file."""
    ours, theirs = without_engine(out / "duckdb"), without_engine(out / "trino")
    assert ours.keys() == theirs.keys()
    for name, content in ours.items():
        assert content == theirs[name], name


def assert_trace_agrees(pair: Pair, name: str, folder: Path) -> None:
    """A trace comes to the same results, tables and answers on both engines."""
    with tarfile.open(DATA / f"{name}.tgz") as archive:
        archive.extractall(folder, filter="data")
    job = Job(folder, PERIODS[name])
    job.pricing.mkdir()
    shutil.copy(DATA / "price_book.toml", job.pricing)
    shutil.copy(folder / "customers.csv", job.pricing)
    pair.bill(job.landing, job.pricing, job.period, job.out)
    assert_same_results(job.out)
    pair.assert_same_tables()
    period = Period.parse(job.period)
    counted = pair.assert_same_answers([(period.start, period.end)])
    assert sum(counted.values()) > 1000
