"""Stale hours are rolled up in as few windows as the engine wants, and the windows decide no result."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.landings import put, request
from usagelake.bootstrap import open_storage
from usagelake.engines import ad_hoc, load_queries
from usagelake.engines.duckdb import DuckDBEngine
from usagelake.services.ingest import ingest
from usagelake.services.progress import Silent
from usagelake.services.roll_up import roll_up

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from usagelake.engines import SqlFile

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = (0, 1, 5, 9, 14, 20)


class Narrow(DuckDBEngine):
    """An engine that wants few windows, and counts what it is given."""

    def __init__(self, at_most: int) -> None:
        super().__init__(None)
        self.at_most = at_most
        self.merged: list[tuple[str, datetime, datetime]] = []

    @property
    def windows_at_most(self) -> int:
        """As few as it was told."""
        return self.at_most

    def execute(self, statement: SqlFile, values: Mapping[str, object] | None = None) -> None:
        """Note the window of each merge."""
        if statement.name == "merge_usage_hourly" and values is not None:
            self.merged.append((str(values["meter"]), values["start"], values["end"]))  # type: ignore[arg-type]
        super().execute(statement, values)


def _worked(at_most: int, folder: Path) -> tuple[int, list[tuple[Any, ...]]]:
    """Take in a first hour, then hours all over a day; give the second run's windows of a meter, and the usage."""
    queries = load_queries()
    put(folder / "apigw_access/2025/10/01/00/00/first.jsonl", request("first", "2025-10-01T03:00:00Z"))
    with Narrow(at_most) as engine:
        for view in queries.views():
            engine.define_view(view)
        for late in (False, True):
            if late:
                lines = [request(f"r{hour}", f"2025-10-02T{hour:02}:30:00Z") for hour in HOURS]
                put(folder / "apigw_access/2025/10/03/00/00/late.jsonl", *lines)
            engine.merged.clear()
            ingest(engine, queries, open_storage(str(folder)), clock=lambda: NOW, progress=Silent())
            roll_up(engine, queries, clock=lambda: NOW, progress=Silent())
        windows = sum(1 for meter, _, _ in engine.merged if meter == "api_requests")
        rows = engine.fetch(ad_hoc("SELECT * FROM usage_hourly")).rows
        return windows, sorted(rows, key=repr)


@pytest.mark.parametrize(("at_most", "windows"), [(1, 1), (4, 4), (24, 5)])
def test_the_engine_decides_how_many_windows(tmp_path: Path, at_most: int, windows: int) -> None:
    """Five stretches of hours; with one window or many the usage is the same."""
    counted, rows = _worked(at_most, tmp_path / "some")
    assert counted == windows
    assert rows == _worked(24, tmp_path / "many")[1]
    assert len(rows) > len(HOURS)
