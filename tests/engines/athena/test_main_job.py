"""The whole main job on the local Athena and on DuckDB: the same tables, answers, results and invoices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.main_job import Job, files, invoke
from tests.conformance.edge_lines import write_landing
from tests.conformance.pairs import Pair
from tests.conformance.same_job import (
    ALL_TIME,
    DATA,
    PERIODS,
    assert_same_results,
    assert_trace_agrees,
    without_engine,
)
from tests.engines.athena.conftest import Clock, Environment, client
from usagelake.bootstrap import open_engine
from usagelake.domain.period import Period
from usagelake.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from usagelake.engines import QueryLibrary

ROOT = Path(__file__).parents[3]


@pytest.fixture
def pair(environment: Environment, queries: QueryLibrary) -> Iterator[Pair]:
    """An empty lake on DuckDB, and one on Athena in the place of Trino's."""
    with (
        open_engine(queries, Settings(), None) as embedded,
        open_engine(queries, Settings(), None, engine="athena", places=environment.places, pace=Clock().pace) as athena,
    ):
        yield Pair(queries, embedded, athena)


def _simulated(folder: Path) -> Path:
    made = invoke(
        "simulate", "--out", folder / "demo", "--period", "2025-10", "--api-requests", 400, "--billing-events", 400
    )
    assert made.exit_code == 0, made.stderr
    return folder / "demo" / "landing"


@pytest.mark.parametrize("name", PERIODS)
@pytest.mark.skipif(not DATA.is_dir(), reason="the traces are not on this machine")
def test_a_trace(pair: Pair, tmp_path: Path, name: str) -> None:
    """Real traffic: the same invoices, tables and answers, UNLOADed usage in the query's order among them."""
    assert_trace_agrees(pair, name, tmp_path)


def test_simulated_traffic(pair: Pair, tmp_path: Path) -> None:
    """Duplicates, keyless calls and strangers: every table, and every saved query for a month and for all time."""
    landing = _simulated(tmp_path)
    pair.bill(landing, ROOT / "pricing", "2025-10", tmp_path / "out")
    assert_same_results(tmp_path / "out")
    pair.assert_same_tables()
    period = Period.parse("2025-10")
    counted = pair.assert_same_answers([(period.start, period.end), ALL_TIME])
    assert counted["views/billable_requests"] > 0
    assert counted["billing/usage_of_period"] > 0


def test_lines_at_the_edges(pair: Pair, tmp_path: Path) -> None:
    """What a line may hold at its worst: the same rows, reasons and quarantine, taken in by two runs."""
    job = Job(tmp_path)
    write_landing(job.landing)
    job.write_pricing()
    late = sorted(path for path in job.landing.rglob("*.jsonl*") if path.is_file())[::2]
    for path in late:
        path.rename(path.with_name(f"_{path.name}"))
    pair.bill(job.landing, job.pricing, job.period, job.out)
    for path in late:
        path.with_name(f"_{path.name}").rename(path)
    pair.bill(job.landing, job.pricing, job.period, job.out)
    pair.assert_same_tables()
    assert_same_results(job.out)


def _put_below(place: str, folder: Path) -> None:
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    for name, content in files(folder).items():
        client("s3").put_object(Bucket=bucket, Key="/".join(part for part in (prefix, name) if part), Body=content)


def test_one_command_for_an_environment(environment: Environment, tmp_path: Path) -> None:
    """`bill --engine athena --env NAME` needs nothing more; again, it finds nothing new and makes no view again."""
    landing = _simulated(tmp_path)
    _put_below(environment.places.landing, landing)
    _put_below(environment.places.pricing, ROOT / "pricing")
    athena = ("--engine", "athena", "--env", environment.name)
    arguments = ("bill", "--period", "2025-10", "--json", "--out")
    first = invoke(*arguments, tmp_path / "athena", *athena)
    assert first.exit_code == 0, first.stderr
    before = len(environment.journal())
    again = invoke(*arguments, tmp_path / "again", *athena)
    assert again.exit_code == 0, again.stderr
    changed = [each["text"] for each in environment.journal()[before:] if not each["text"].startswith("SELECT")]
    assert [text.split(" ")[0] for text in changed] == ["MERGE", "UNLOAD", "UNLOAD"], changed
    assert "MERGE INTO customers" in changed[0]
    embedded = invoke(*arguments, tmp_path / "duckdb", "--landing", landing, "--pricing", ROOT / "pricing")
    summaries = [json.loads(result.stdout) for result in (first, again, embedded)]
    assert summaries[1].pop("run") == {"new_events": 0, "new_objects": 0}
    assert summaries[0].pop("run") == summaries[2].pop("run")
    assert summaries[0] == summaries[1] == summaries[2]
    invoices = [without_engine(tmp_path / name / "invoices") for name in ("athena", "again")]
    assert invoices[0] == invoices[1]
    assert len(invoices[0]) == summaries[0]["invoices"] > 0
    sql = "SELECT count(*) AS requests FROM api_requests"
    asked = invoke("query", "--sql", sql, "--format", "json", *athena)
    assert json.loads(asked.stdout)[0]["requests"] > 0
    assert [name for name in environment.tables() if name.startswith("work_")] == []


def test_what_it_took_is_said(environment: Environment, tmp_path: Path) -> None:
    """People see bytes and dollars; a script's JSON does not change."""
    (tmp_path / "landing").mkdir()
    arguments = (
        "bill", "--period", "2025-10", "--out", tmp_path / "out", "--landing", tmp_path / "landing",
        "--pricing", ROOT / "pricing", "--engine", "athena", "--env", environment.name,
    )  # fmt: skip
    shown = invoke(*arguments)
    assert shown.exit_code == 0, shown.stderr
    (line,) = [line for line in shown.stdout.splitlines() if line.startswith("Athena scanned")]
    assert " statements, about $0.0" in line
    assert "Athena scanned" not in invoke(*arguments, "--json").stdout


def test_a_lake_that_no_environment_describes(environment: Environment, tmp_path: Path) -> None:
    """A file says where it is: `bill` makes it, `query` asks it, and what goes wrong ends with 1 and one line."""
    config = tmp_path / "athena.toml"
    places = environment.places
    config.write_text(
        f'database = "{places.database}"\ntables = "{places.tables}"\n'
        f'workgroup = "{places.workgroup}"\nwork = "{places.work}"\n'
    )
    (tmp_path / "landing").mkdir()
    athena = ("--engine", "athena", "--engine-config", config)
    asked = ("query", "--sql", "SELECT count(*) AS n FROM customers", "--format", "json", *athena)
    early = invoke(*asked)
    assert early.exit_code == 1
    assert "there is no lake here; make one with `usagelake bill --engine athena`" in early.stderr
    made = invoke(
        "bill", "--period", "2025-10", "--out", tmp_path / "out", "--landing", tmp_path / "landing",
        "--pricing", ROOT / "pricing", *athena,
    )  # fmt: skip
    assert made.exit_code == 0, made.stderr
    assert json.loads(invoke(*asked).stdout)[0]["n"] > 0


USAGE = ("bill", "--period", "2025-10", "--out", "out")
SURE = ("--landing", ".", "--pricing", "pricing")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*USAGE, *SURE, "--engine", "athena"), "needs --env NAME or --engine-config FILE"),
        ((*USAGE, "--engine", "athena", "--pricing", "pricing"), "Missing option '--landing'"),
        ((*USAGE, "--engine", "athena", "--landing", "."), "Missing option '--pricing'"),
        ((*USAGE, *SURE, "--engine", "athena", "--env", "Prod!"), "is no environment"),
        ((*USAGE, *SURE, "--engine", "athena", "--env", "nowhere"), "usage_nowhere is not in us-east-1"),
        ((*USAGE, "--engine", "athena", "--env", "{name}", *SURE, "--lake", "lake"), "--lake is a folder for DuckDB"),
        ((*USAGE, "--env", "{name}", *SURE), "goes with --engine athena"),
        (("query", "--sql", "SELECT 1", "--engine", "athena"), "needs --env NAME or --engine-config FILE"),
    ],
)
def test_wrong_usage_is_told(environment: Environment, arguments: tuple[str, ...], said: str) -> None:
    """Exit 2, and what to write instead."""
    words = [word.format(name=environment.name) for word in arguments]
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(ROOT)
        result = invoke(*words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert environment.journal() == []
