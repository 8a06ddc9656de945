"""The whole main job on both engines: the same tables, results and invoices, but for the engine's name."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import duckdb
import pytest

from tests.cli.main_job import Job, invoke, read_json
from tests.conformance.edge_lines import write_landing
from tests.conformance.pairs import Pair
from tests.conformance.same_job import ALL_TIME, DATA, PERIODS, assert_same_results, assert_trace_agrees
from tests.strategies.lakes import BYTES_OF_CHOICES, build_lake
from usagelake.bootstrap import open_storage
from usagelake.domain.landing import is_landing_object
from usagelake.domain.period import Period
from usagelake.engines import ad_hoc

LAKES = int(os.environ.get("USAGELAKE_CONFORMANCE_LAKES", "2"))
LANDINGS = int(os.environ.get("USAGELAKE_CONFORMANCE_LANDINGS", "200"))
SEED = int(os.environ.get("USAGELAKE_CONFORMANCE_SEED", "20251101"))


@pytest.mark.parametrize("name", PERIODS)
@pytest.mark.skipif(not DATA.is_dir(), reason="the traces are not on this machine")
def test_a_trace(pair: Pair, tmp_path: Path, name: str) -> None:
    """Real traffic: the same invoices, tables and answers."""
    assert_trace_agrees(pair, name, tmp_path)


@pytest.mark.parametrize("number", range(LAKES))
def test_a_generated_lake(pair: Pair, tmp_path: Path, number: int) -> None:
    """Any lake, taken in by two runs, comes to the same."""
    spec = build_lake(random.Random(SEED + number).randbytes(BYTES_OF_CHOICES), conflicts="same_day")
    written = spec.write_pricing(tmp_path)
    for run in range(len(spec.runs)):
        spec.write_run(written.landing, run)
        if run in (0, len(spec.runs) - 1):
            pair.bill(written.landing, written.pricing, spec.period, tmp_path / "out")
    assert_same_results(tmp_path / "out")
    pair.assert_same_tables()
    if number == 0:
        period = Period.parse(spec.period)
        pair.assert_same_answers([(period.start, period.end), ALL_TIME])


def test_drawn_lines(pair: Pair, tmp_path: Path) -> None:
    """The lines of many drawn lakes, taken in at once: typed the same, and bad for the same reason."""
    for number in range(LANDINGS):
        spec = build_lake(random.Random(-SEED - number).randbytes(BYTES_OF_CHOICES), conflicts="any_day")
        for run in range(len(spec.runs)):
            spec.write_run(tmp_path / "landing" / f"lake-{number}", run)
    storage = open_storage(str(tmp_path / "landing"))
    objects = [info for info in storage.list() if is_landing_object(info.key)]
    compared = {"landed_api_requests": 0, "landed_billing_events": 0}
    for _ in zip(*(engine.take_in(storage, objects) for engine in pair.engines), strict=True):
        for name in compared:
            query = pair.queries.get("landing", name)
            for engine in pair.engines:
                engine.stage(name, query, dict.fromkeys(query.params, True))
            compared[name] += pair.assert_same(ad_hoc(f"SELECT * FROM {name} WHERE reason IS NULL"))
            bad = f"SELECT object_key, line, content_hash, reason FROM {name} WHERE reason IS NOT NULL"
            compared[name] += pair.assert_same(ad_hoc(bad))
    assert all(rows > 5 * LANDINGS for rows in compared.values())


def test_lines_at_the_edges(pair: Pair, tmp_path: Path) -> None:
    """What a line may hold at its worst: the same rows, reasons and quarantine."""
    job = Job(tmp_path)
    write_landing(job.landing)
    job.write_pricing()
    pair.bill(job.landing, job.pricing, job.period, job.out)
    pair.assert_same_tables()
    assert_same_results(job.out)


def test_the_command_line(engine_config: Path, tmp_path: Path) -> None:
    """`bill` and `query` with --engine trino, and a second run that finds nothing new."""
    made = invoke(
        "simulate", "--out", tmp_path / "demo", "--period", "2025-10", "--api-requests", 400, "--billing-events", 400
    )
    assert made.exit_code == 0, made.stderr
    on_trino = ("--engine", "trino", "--engine-config", engine_config)
    landing, pricing = tmp_path / "demo" / "landing", Path(__file__).parents[2] / "pricing"
    arguments = ("bill", "--landing", landing, "--pricing", pricing, "--period", "2025-10", "--json")
    first = invoke(*arguments, "--out", tmp_path / "trino", *on_trino)
    assert first.exit_code == 0, first.stderr
    again = invoke(*arguments, "--out", tmp_path / "trino", *on_trino)
    embedded = invoke(*arguments, "--out", tmp_path / "duckdb")
    summaries = [json.loads(result.stdout) for result in (first, again, embedded)]
    assert summaries[1].pop("run") == {"new_events": 0, "new_objects": 0}
    assert summaries[0].pop("run") == summaries[2].pop("run")
    assert summaries[0] == summaries[1] == summaries[2]
    sql = "SELECT count(*) AS requests FROM api_requests"
    asked = invoke("query", "--sql", sql, "--format", "json", *on_trino)
    assert json.loads(asked.stdout)[0]["requests"] > 0
    out = tmp_path / "usage.parquet"
    kept = invoke(
        "query", "usage_of_period", "-p", "start=2025-10", "-p", "end=2025-11", "--format", "parquet", "--out", out,
        *on_trino,
    )  # fmt: skip
    assert kept.exit_code == 0, kept.stderr
    with duckdb.connect() as connection:
        counted = connection.execute("SELECT count(*) FROM read_parquet(?)", [str(out)]).fetchone()
    assert counted is not None
    assert counted[0] > 0
    assert read_json(tmp_path / "trino" / "summary.json")["invoices"] > 0
