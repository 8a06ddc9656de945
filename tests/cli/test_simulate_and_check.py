"""Making traffic, holding a bill against what was made, and judging what a run would be given."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.main_job import Job, files, invoke, read_json
from usagelake.engines import load_queries

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (
    *("--api-requests", "1500", "--billing-events", "1500", "--object-bytes", "200000"),
    *("--duplicates", "0.05", "--malformed", "0.02", "--late", "0.1"),
)


def _simulate(folder: Path, *more: object) -> Job:
    result = invoke("simulate", "--out", folder, *SIZE, "--quiet", *more)
    assert (result.exit_code, result.output) == (0, "")
    return Job(folder)


def _numbers(meters: dict[str, str]) -> dict[str, int]:
    return {meter: int(quantity) for meter, quantity in meters.items() if quantity != "0"}


def _subject(row: dict[str, str]) -> str:
    return f"{row['subject_type']}:{row['subject_id']}"


def _owned(job: Job) -> set[str]:
    with (job.pricing / "customers.csv").open(encoding="utf-8", newline="") as file:
        return {_subject(row) for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Simulated traffic of both sources; nobody changes it."""
    return _simulate(tmp_path_factory.mktemp("simulated") / "demo")


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, simulated: Job) -> None:
    """Landing, prices, customers and account; another seed gives others."""
    again = _simulate(tmp_path / "again")
    other = _simulate(tmp_path / "other", "--seed", "2")
    assert files(again.folder) == files(simulated.folder)
    assert files(other.landing) != files(simulated.landing)
    assert files(other.pricing) == files(simulated.pricing)


def test_a_bill_comes_to_what_was_made(tmp_path: Path, simulated: Job) -> None:
    """Every count, every reason, every subject's usage, and the two subjects that nobody owns."""
    made = read_json(simulated.folder / "expected.json")
    result = simulated.bill("--json", out=tmp_path / "out", lake=tmp_path / "lake")
    assert (result.exit_code, result.stderr) == (0, "")
    summary = json.loads(result.stdout)
    assert {name: summary[name] for name in made["summary"]} == made["summary"]
    assert all(made["summary"][name] > 0 for name in ("objects", "lines", "duplicates", "quarantined", "keyless"))

    usage = {
        subject: _numbers(meters) for source in made["sources"].values() for subject, meters in source["usage"].items()
    }
    owned = _owned(simulated)
    unassigned = {
        f"{row['subject_type']}:{row['subject_id']}": _numbers(row["meters"]) for row in summary["unassigned"]
    }
    assert unassigned == {subject: used for subject, used in usage.items() if subject not in owned}
    assert {subject.split(":")[0] for subject in unassigned} == {"api_key", "resource"}
    assert summary["unpriced"] == []

    reasons: dict[str, int] = {}
    for line in (tmp_path / "out" / "quarantine.ndjson").read_text(encoding="utf-8").splitlines():
        bad = json.loads(line)
        reasons[bad["reason"]] = reasons.get(bad["reason"], 0) + bad["occurrences"]
    expected: dict[str, int] = {}
    for source in made["sources"].values():
        for reason, lines in source["reasons"].items():
            expected[reason] = expected.get(reason, 0) + lines
    assert reasons == expected

    found: dict[str, dict[str, int]] = {}
    sql = (
        "SELECT subject_type, subject_id, meter, sum(quantity) AS used FROM usage_hourly "
        "WHERE hour >= TIMESTAMP '2025-10-01' AND hour < TIMESTAMP '2025-11-01' "
        "GROUP BY subject_type, subject_id, meter"
    )
    asked = invoke("query", "--lake", tmp_path / "lake", "--format", "json", "--sql", sql)
    for row in json.loads(asked.stdout):
        if row["used"]:
            found.setdefault(_subject(row), {})[row["meter"]] = row["used"]
    assert found == {subject: used for subject, used in usage.items() if used}


def test_clean_traffic_is_clean(tmp_path: Path) -> None:
    """`--clean` wins over what was asked for beside it."""
    made = read_json(_simulate(tmp_path / "clean", "--clean").folder / "expected.json")["summary"]
    assert (made["events"], made["duplicates"], made["quarantined"]) == (3_000, 0, 0)


def test_another_period_and_layout(tmp_path: Path) -> None:
    job = _simulate(tmp_path / "feb", "--period", "2024-02", "--layout", "upstream", "--object-events", "50")
    made = read_json(job.folder / "expected.json")
    assert made["period"] == {"start": "2024-02-01T00:00:00Z", "end": "2024-03-01T00:00:00Z"}
    assert (job.landing / "data-api").is_dir()
    for path in (job.landing / "data-api").rglob("*.jsonl"):
        assert path.read_bytes().count(b'"event_type"') <= 50


def test_simulate_prints_what_to_do_next(tmp_path: Path) -> None:
    """The command that it names bills the traffic."""
    folder = tmp_path / "demo"
    result = invoke("simulate", "--out", folder, "--api-requests", "50", "--billing-events", "50")
    assert result.exit_code == 0
    command = result.stdout.split("bill them with: usagelake ")[1].split()
    billed = invoke(*command)
    assert billed.exit_code == 0
    assert len(list((folder / "out" / "invoices" / "2025-10").iterdir())) == 12


def test_a_landing_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "mine.jsonl").write_bytes(b"{}")
    before = files(tmp_path)
    result = invoke("simulate", "--out", tmp_path, *SIZE)
    assert (result.exit_code, result.stdout) == (2, "")
    assert str(tmp_path / "landing") in result.stderr
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--period", "2026-13"], "2026-13"),
        (["--period", "october"], "october"),
        (["--api-requests", "-1"], "api"),
        (["--duplicates", "-0.5"], "duplicates"),
        (["--late", "1.5"], "late"),
        (["--object-bytes", "0"], "object"),
        (["--customers", "0"], "customers"),
        (["--api-requests", "many"], "many"),
        (["--layout", "other"], "other"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(tmp_path: Path, arguments: list[str], word: str) -> None:
    """Nothing is written."""
    result = invoke("simulate", "--out", tmp_path / "demo", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert word in result.stderr
    assert not (tmp_path / "demo").exists()


def test_json_of_simulate_is_the_account(tmp_path: Path) -> None:
    result = invoke("simulate", "--out", tmp_path / "demo", "--api-requests", "20", "--billing-events", "20", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (tmp_path / "demo" / "expected.json").read_text(encoding="utf-8")


def test_json_of_bill_is_the_summary(tmp_path: Path, simulated: Job) -> None:
    result = simulated.bill("--json", out=tmp_path / "out", lake=tmp_path / "lake")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (tmp_path / "out" / "summary.json").read_text(encoding="utf-8")


def test_quiet_bill_prints_nothing(tmp_path: Path, simulated: Job) -> None:
    """But it writes all that it writes otherwise."""
    result = simulated.bill("--quiet", out=tmp_path / "out", lake=tmp_path / "lake")
    assert (result.exit_code, result.output) == (0, "")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("invoices", "usage_hourly.parquet", "quarantine.ndjson", "summary.json")
    }


def test_quiet_still_tells_of_errors(tmp_path: Path) -> None:
    result = invoke("check", "--quiet", "--pricing", tmp_path / "missing")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "price_book.toml" in result.stderr


def test_check_of_what_is_well(simulated: Job) -> None:
    """Example prices, customers of a simulation, and the packaged queries."""
    for more, printed in (
        ((), "all is well\n"),
        (("--quiet",), ""),
        (("--json",), '{\n  "ok": true,\n  "faults": []\n}\n'),
    ):
        result = invoke("check", "--pricing", simulated.pricing, *more)
        assert (result.exit_code, result.stdout, result.stderr) == (0, printed, "")


def test_check_of_nothing_but_the_packaged_queries() -> None:
    result = invoke("check")
    assert (result.exit_code, result.stdout) == (0, "all is well\n")


BOOK = """\
currency = "XXQ"
[[plan]]
id = "basic"
[[plan.version]]
effective_from = 2020-01-01
[[plan.version.charge]]
id = "a"
meter = "no_such_meter"
model = "per_unit"
unit_price = 0.1
[[plan.version.charge]]
id = "b"
meter = "api_requests"
model = "magic"
"""
CUSTOMERS = """\
subject_type,subject_id,customer_id,customer_name,plan_id,valid_from,valid_to
api_key,key-1,cust-1,One,basic,2025-13-01,
api_key,key-2,cust-2,Two,basic,2025-10-01,2025-09-01
,key-3,cust-3,Three,basic,2025-10-01,
"""
HEADER = "-- name: {name}\n-- title: T\n-- grain: g\n-- owner: o\n"
METER = (
    HEADER + "SELECT 'api_key' AS subject_type, api_key_id AS subject_id, date_trunc('hour', event_time) AS hour, "
    "'' AS dimension, {quantity} AS quantity, count(*) AS events FROM {table} "
    "GROUP BY api_key_id, date_trunc('hour', event_time)\n"
)


def _put_faults(folder: Path, queries: dict[str, str]) -> tuple[Path, Path]:
    pricing = folder / "pricing"
    pricing.mkdir()
    (pricing / "price_book.toml").write_text(BOOK, encoding="utf-8")
    (pricing / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    for name, text in queries.items():
        path = folder / "queries" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return pricing, folder / "queries"


READABLE = {
    "meters/no_table.sql": METER.format(name="no_table", quantity="count(*)", table="nowhere"),
    "meters/no_column.sql": METER.format(name="no_column", quantity="sum(nothing)", table="api_requests"),
    "meters/a_double.sql": METER.format(name="a_double", quantity="1e0 * count(*)", table="api_requests"),
    "analyst/compares.sql": HEADER.format(name="compares") + "SELECT stage FROM api_requests WHERE status = '200'\n",
    "audits/groups.sql": HEADER.format(name="groups") + "SELECT stage AS s FROM api_requests GROUP BY s\n",
    "analyst/good.sql": HEADER.format(name="good") + "SELECT stage FROM api_requests\n",
}
UNREADABLE = {
    "meters/headless.sql": "SELECT 1 AS x\n",
    "analyst/other_name.sql": HEADER.format(name="another") + "SELECT 1 AS x\n",
    "audits/no_sql.sql": HEADER.format(name="no_sql") + "SELEC 1\n",
    "lost.sql": HEADER.format(name="lost") + "SELECT 1 AS x\n",
    "meter/typo.sql": HEADER.format(name="typo") + "SELECT 1 AS x\n",
}
OF_PRICING = (
    *("price_book.toml", "XXQ", "no_such_meter", "unit_price", "magic"),
    *("customers.csv", "2025-13-01", "2025-09-01", "customers.csv line 4"),
)


@pytest.mark.parametrize(
    ("queries", "words"),
    [
        (
            READABLE,
            [
                *("no_table.sql", "nowhere", "no_column.sql", "nothing", "a_double.sql", "column quantity of a meter"),
                *("compares.sql", "groups.sql"),
            ],
        ),
        (UNREADABLE, ["headless.sql", "other_name.sql", "no_sql.sql", "lost.sql", "did you mean meters"]),
    ],
    ids=["readable", "unreadable"],
)
def test_check_names_all_faults_at_once(tmp_path: Path, queries: dict[str, str], words: list[str]) -> None:
    """Of the price book, of the customers and of every query; each in a line of its own, and the good one in none."""
    pricing, folder = _put_faults(tmp_path, queries)
    result = invoke("check", "--pricing", pricing, "--queries", folder)
    assert (result.exit_code, result.stdout) == (2, "")
    for word in (*OF_PRICING, *words):
        assert word in result.stderr, word
    assert "good.sql" not in result.stderr
    assert result.stderr.count("usagelake: ") >= len(queries) - 1 + 7

    as_json = invoke("check", "--pricing", pricing, "--queries", folder, "--json")
    assert (as_json.exit_code, as_json.stderr) == (2, "")
    judged: dict[str, Any] = json.loads(as_json.stdout)
    assert judged["ok"] is False
    assert "".join(f"usagelake: {fault}\n" for fault in judged["faults"]) == result.stderr


def test_bill_refuses_what_check_refuses(tmp_path: Path) -> None:
    """And writes nothing."""
    pricing, _ = _put_faults(tmp_path, {})
    (tmp_path / "landing").mkdir()
    checked = invoke("check", "--pricing", pricing)
    billed = Job(tmp_path).bill()
    assert (billed.exit_code, billed.stdout, billed.stderr) == (2, "", checked.stderr)
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "lake").exists()


def test_a_meter_of_ones_own_may_be_priced(tmp_path: Path) -> None:
    """`check` judges the price book by the meters of the folder, too."""
    queries = {"meters/mine.sql": METER.format(name="mine", quantity="count(*)", table="api_requests")}
    pricing, folder = _put_faults(tmp_path, queries)
    book = BOOK.partition("[[plan.version.charge]]")[0].replace("XXQ", "USD")
    book += '[[plan.version.charge]]\nid = "a"\nmeter = "mine"\nmodel = "per_unit"\nunit_price = "0.1"\n'
    (pricing / "price_book.toml").write_text(book, encoding="utf-8")
    (pricing / "customers.csv").write_text(CUSTOMERS.splitlines()[0] + "\n", encoding="utf-8")
    without = invoke("check", "--pricing", pricing)
    assert (without.exit_code, "mine" in without.stderr) == (2, True)
    result = invoke("check", "--pricing", pricing, "--queries", folder)
    assert (result.exit_code, result.stderr) == (0, "")


def test_queries_as_json() -> None:
    """Every file that can be asked, with its header and its parameters."""
    result = invoke("queries", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    listed = json.loads(result.stdout)
    library = load_queries()
    assert {(entry["kind"], entry["name"]) for entry in listed} == {
        (file.kind, file.name) for file in library.all("analyst", "audits", "billing", "meters", "views")
    }
    assert sum(entry["kind"] == "analyst" for entry in listed) >= 10
    for entry in listed:
        assert entry.keys() == {*("kind", "name", "title", "description", "grain", "owner", "params", "digest")}
        assert all(entry[member] for member in ("title", "grain", "owner"))
    (top,) = (entry for entry in listed if entry["name"] == "top_customers")
    assert top["params"][0] == {
        "name": "start",
        "type": "timestamp",
        "optional": False,
        "description": "the first instant",
    }
    assert [param["name"] for param in top["params"] if param["optional"]] == ["meter", "rows"]


def test_queries_of_a_kind_of_all_and_of_ones_own(tmp_path: Path) -> None:
    def names(*arguments: object) -> set[str]:
        return {
            f"{entry['kind']}/{entry['name']}" for entry in json.loads(invoke("queries", "--json", *arguments).stdout)
        }

    library = load_queries()
    assert names("audits") == {f"audits/{file.name}" for file in library.all("audits")}
    assert names("--all") == {f"{file.kind}/{file.name}" for file in library.all()}
    (tmp_path / "analyst").mkdir()
    (tmp_path / "analyst" / "mine.sql").write_text(HEADER.format(name="mine") + "SELECT 1 AS x\n", encoding="utf-8")
    assert names("--queries", tmp_path) - names() == {"analyst/mine"}


def test_queries_as_a_table() -> None:
    result = invoke("queries", "analyst")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "top_customers" in result.stdout
    assert "start end [meter] [rows]" in result.stdout


def test_a_kind_of_query_that_does_not_exist() -> None:
    result = invoke("queries", "audit", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no query of kind audit; kinds are analyst, audits" in result.stderr
