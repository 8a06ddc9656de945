"""Bad input on a real Trino: one clear line, nothing half-written, and the next run heals it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import sleep
from typing import TYPE_CHECKING

import pytest

from tests.cli.landings import event, request
from tests.cli.main_job import Job, invoke
from tests.conformance.between import GONE, between
from usagelake.engines.row_files import write_rows
from usagelake.engines.trino.config import load_config
from usagelake.engines.trino.connection import close, connect, run
from usagelake.engines.trino.engine import LEASE
from usagelake.engines.trino.work_area import WorkArea
from usagelake.engines.working_schema import OBJECT_COLUMNS
from usagelake.errors import EngineError
from usagelake.storage import open_location
from usagelake.storage.lease import Lease

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    from tests.conformance.between import Between
    from tests.conformance.trino_server import TrinoServer


@dataclass(frozen=True)
class Shop:
    """A small job, and its lake on Trino behind a proxy.

    Attributes:
        job: The job.
        proxy: The proxy.
        engine_config: Where the lake is, through the proxy.
        port: Trino's own.
    """

    job: Job
    proxy: Between
    engine_config: Path
    port: int

    def bill(self, engine_config: Path | None = None) -> Result:
        """Bill on Trino."""
        arguments = [word for word in self.job.arguments("--json") if not word.startswith("--lake=")]
        return invoke(*arguments, "--engine", "trino", "--engine-config", engine_config or self.engine_config)

    def refused(self, engine_config: Path | None = None) -> tuple[int, str]:
        """Bill on Trino, which must not work and must leave nothing; give its exit code and its only line."""
        result = self.bill(engine_config)
        assert result.exit_code in (1, 2), result.output
        assert not self.job.out.exists()
        (line,) = result.stderr.splitlines()
        return result.exit_code, line

    def assert_healed(self) -> None:
        """Bill on Trino, and find what DuckDB finds on an empty lake."""
        result = self.bill()
        assert result.exit_code == 0, result.stderr
        healed = self.job.outcome()
        embedded = self.job.billed("--quiet", out=self.job.folder / "embedded")
        assert healed.summary == embedded.summary
        assert healed.usage == embedded.usage
        assert healed.quarantine == embedded.quarantine
        assert _without_engine(healed.invoices) == _without_engine(embedded.invoices)

    def tell(self, *statements: str) -> None:
        """Run statements on Trino, past the proxy."""
        connection = connect(replace(load_config(self.engine_config), port=self.port))
        for statement in statements:
            run(connection, "the test", statement)
        close(connection)


def _failing(start: str, status: int) -> Callable[[str], int | None]:
    return lambda statement: status if statement.startswith(start) else None


def _without_engine(invoices: dict[str, bytes]) -> dict[str, object]:
    found = {}
    for name, content in invoices.items():
        invoice = json.loads(content)
        invoice["evidence"].pop("engine")
        found[name] = invoice
    return found


@pytest.fixture
def shop(server: TrinoServer, engine_config: Path, tmp_path: Path) -> Iterator[Shop]:
    """A job whose lake is not there yet."""
    job = Job(tmp_path / "job")
    job.write_pricing()
    job.put("apigw_access/2025/10/05/12/00/a.jsonl", request("r1"), request("r2"), request("r1"), "no JSON")
    job.put("data-api/2025/10/05/12/00/a.jsonl", event("e1"), event("e2"), event("e1", properties={"usage": -1}))
    with between(server.port) as proxy:
        behind = engine_config.read_text().replace(f"port = {server.port}\n", f"port = {proxy.port}\n")
        engine_config.write_text(behind)
        yield Shop(job, proxy, engine_config, server.port)


def test_a_cluster_that_fails_in_mid_run(shop: Shop) -> None:
    """Gone, with credentials that have expired, or overloaded, at one statement after the other."""
    for start, status, said in (
        ("MERGE INTO billing_events", GONE, "Trino cannot be reached"),
        ("MERGE INTO quarantine", 401, "Trino does not take the credentials"),
        ("MERGE INTO ingested_objects", 503, "503"),
        ("MERGE INTO usage_hourly", 401, "Trino does not take the credentials"),
    ):
        shop.proxy.fail = _failing(start, status)
        seen = len(shop.proxy.statements)
        code, line = shop.refused()
        assert any(statement.startswith(start) for statement in shop.proxy.statements[seen:]), start
        assert (code, said in line) == (1, True), line
        shop.proxy.heal()
    shop.assert_healed()


def test_a_table_that_is_dropped_under_a_running_job(shop: Shop) -> None:
    """The statement that misses it fails; the next run makes it again, and takes what is not recorded as taken."""

    def drop(statement: str) -> None:
        if statement.startswith("MERGE INTO quarantine") and "'billing_events'" in statement:
            shop.tell("DROP TABLE billing_events")

    shop.proxy.fail = drop
    code, line = shop.refused()
    assert (code, "billing_events" in line, "TABLE_NOT_FOUND" in line) == (1, True, True), line
    shop.proxy.heal()
    shop.assert_healed()


def test_a_table_that_has_drifted(shop: Shop) -> None:
    """It is refused with the columns' names before anything is read, and taken again once it is mended."""
    assert shop.bill().exit_code == 0
    for path in sorted(shop.job.out.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    shop.job.out.rmdir()
    shop.tell(
        "ALTER TABLE usage_hourly ADD COLUMN note varchar", "ALTER TABLE quarantine RENAME COLUMN occurrences TO times"
    )
    code, line = shop.refused()
    assert code == 1
    assert "usage_hourly: note" in line
    assert "quarantine: occurrences, times" in line
    shop.tell("ALTER TABLE usage_hourly DROP COLUMN note", "ALTER TABLE quarantine RENAME COLUMN times TO occurrences")
    shop.assert_healed()


def test_a_work_location_that_is_no_place(shop: Shop, tmp_path: Path) -> None:
    """A folder that cannot be made, one that Trino does not reach, and one that is another for Trino."""
    (tmp_path / "file").write_text("")
    elsewhere = tmp_path / "elsewhere.toml"
    text = shop.engine_config.read_text()
    config = load_config(shop.engine_config)
    for work, location, code, said in (
        (tmp_path / "file" / "work", config.work_location, 2, "cannot be opened"),
        (tmp_path / "own", config.work_location, 1, "work_location"),
        (config.work, "local:///not-there", 1, "work_location"),
    ):
        changed = replace(config, work=str(work), work_location=location)
        elsewhere.write_text(
            text.replace(f'work = "{config.work}"', f'work = "{changed.work}"').replace(
                f'work_location = "{config.work_location}"', f'work_location = "{changed.work_location}"'
            )
        )
        found, line = shop.refused(elsewhere)
        assert (found, said in line) == (code, True), line
    shop.assert_healed()


def test_a_work_location_in_which_trino_sees_something_else(shop: Shop, tmp_path: Path) -> None:
    """A batch that Trino would take for empty is not taken for empty."""
    config = replace(load_config(shop.engine_config), port=shop.port)
    shop.tell(f"CREATE SCHEMA {config.iceberg_catalog}.{config.schema}")
    file = tmp_path / "rows.parquet"
    write_rows(file, "parquet", list(OBJECT_COLUMNS.items()), [("a.jsonl", "t", 1, "1"), ("b.jsonl", "t", 1, "1")])
    connection = connect(config)
    work = WorkArea(config, connection, ("batch_objects",))
    work.show("batch_objects", OBJECT_COLUMNS, file)
    work.check_rows("batch_objects", 2)
    with pytest.raises(EngineError, match=r"Trino finds 2 rows where 3 were written; work_location \("):
        work.check_rows("batch_objects", 3)
    work.close()
    close(connection)


def test_a_lake_that_is_not_there(shop: Shop) -> None:
    """A question to it is answered with how to make one, and makes nothing."""
    asked = invoke("query", "--sql", "SELECT 1", "--engine", "trino", "--engine-config", shop.engine_config)
    assert (asked.exit_code, len(asked.stderr.splitlines())) == (1, 1)
    assert "there is no lake here" in asked.stderr
    assert not any(statement.startswith(("CREATE", "DROP")) for statement in shop.proxy.statements)


def test_what_a_killed_run_has_left_is_ended_before_the_next_one_begins(shop: Shop) -> None:
    """Its statement would go on and change tables beside the next run."""
    assert shop.bill().exit_code == 0
    config = replace(load_config(shop.engine_config), port=shop.port)
    ago = datetime.now(UTC) - timedelta(hours=1)
    Lease(open_location(config.work), f"leases/{config.schema}", "killed", LEASE, lambda: ago).take()
    numbers = "UNNEST(sequence(1, 10000))"
    endless = (
        f"FROM {numbers} AS a (n) CROSS JOIN {numbers} AS b (n) CROSS JOIN {numbers} AS c (n) WHERE a.n * b.n = c.n"
    )

    def left_behind() -> str:
        connection = connect(config)
        try:
            run(connection, "left behind", f"SELECT '{config.schema}_work_1', count(*) {endless}")
        except EngineError as error:
            return str(error)
        finally:
            close(connection)
        return "it came to its end"

    with ThreadPoolExecutor(1) as thread:
        said = thread.submit(left_behind)
        sleep(3)
        assert not said.done()
        shop.assert_healed()
        assert "its run is over" in said.result(timeout=60)
