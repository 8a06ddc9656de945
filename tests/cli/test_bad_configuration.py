"""What cannot be billed at all is refused before anything is read: exit 2, every fault named, nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.landings import CUSTOMERS, event, price_book, put
from tests.cli.main_job import Job, files, invoke

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

BOOK = price_book()
TIERS = 'model = "graduated"\ntiers = '
TEN = '{ up_to = 10, unit_price = "1" }'
TWENTY = '{ up_to = 20, unit_price = "1" }'
PER_UNIT = 'model = "per_unit"\nunit_price = "0.01"\n'


def _refused(job: Job, *said: str, arguments: tuple[object, ...] = (), env: Mapping[str, str] | None = None) -> None:
    """Hold that a job is refused, in these words, and leaves no trace."""
    before = files(job.folder)
    result = invoke(*job.arguments(), *arguments, env=env)
    assert result.exit_code == 2, result.stderr
    assert result.stdout == ""
    for words in said:
        assert words in result.stderr
    assert files(job.folder) == before
    assert not job.lake.exists()
    assert not job.out.exists()


@pytest.fixture(autouse=True)
def _one_event(job: Job) -> None:
    job.put("data-api/a.jsonl", event("a"))


@pytest.mark.parametrize(
    ("period", "said"),
    [
        ("2026-13", "period 2026-13: month 13 does not exist; write a month from 01 to 12"),
        ("2026-00", "month 00 does not exist"),
        ("2026", "period '2026' is not a month; write it as YYYY-MM"),
        ("26-01", "'26-01' is not a month"),
        ("2026-1", "'2026-1' is not a month"),
        ("0000-01", "period 0000-01"),
        ("9999-12", "period 9999-12"),
        ("2026-01-01", "'2026-01-01' is not a month"),
        ("２０２６-01", "'２０２６-01' is not a month"),
        (" ", "period"),
        ("", "period"),
    ],
)
def test_a_period_that_there_is_not(job: Job, period: str, said: str) -> None:
    """The message tells how a period is written."""
    _refused(Job(job.folder, period=period), said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('unit_price = "0.01"', "unit_price = 0.01", ["price_book.toml", "basic", "api_requests", "unit_price"]),
        ('unit_price = "0.01"', "unit_price = 1", ["basic", "api_requests", "unit_price"]),
        ('unit_price = "0.01"', 'unit_price = "-0.01"', ["api_requests", "unit_price"]),
        ('unit_price = "0.01"', 'unit_price = "1e-2"', ["api_requests", "unit_price"]),
        ('unit_price = "0.01"', 'unit_price = "0.01"\ncolour = "red"', ["api_requests", "colour"]),
        ('meter = "api_requests"', 'meter = "api_request"', ["api_request"]),
        ('currency = "USD"', 'currency = "XXX"', ["XXX"]),
        ('currency = "USD"\n', "", ["currency"]),
        ("effective_from = 2020-01-01", "effective_from = 2020-02-30", ["price_book.toml", "line"]),
        ("[[plan.version]]", "[[plan.version]", ["price_book.toml", "line"]),
        (
            "[[plan.version]]\neffective_from = 2020-01-01",
            "[[plan.version]]\neffective_from = 2020-01-01\n[[plan.version]]\neffective_from = 2020-01-01",
            ["basic", "2020-01-01"],
        ),
        (PER_UNIT, TIERS + f"[{TEN}]\n", ["api_requests", "tier"]),
        (PER_UNIT, TIERS + f'[{TEN}, {TEN}, {{ unit_price = "1" }}]\n',
         ["api_requests", "tier 2 ends at 10", "rising order"]),
        (PER_UNIT, TIERS + f'[{TWENTY}, {TEN}, {{ unit_price = "1" }}]\n',
         ["api_requests", "tier 2 ends at 10", "rising order"]),
        (PER_UNIT, TIERS + '[{ unit_price = "1" }, { unit_price = "2" }]\n', ["api_requests", "up_to"]),
        (PER_UNIT, TIERS + '[{ up_to = 1.5, unit_price = "1" }, { unit_price = "2" }]\n', ["api_requests", "up_to"]),
        (PER_UNIT, TIERS + "[]\n", ["api_requests", "tiers"]),
        (PER_UNIT, 'model = "free_lunch"\n', ["api_requests", "free_lunch"]),
        ('id = "api_requests"', 'id = "request_bytes"', ["request_bytes"]),
        ('id = "basic"', 'id = ""', ["id"]),
    ],
)  # fmt: skip
def test_a_wrong_price_book(job: Job, old: str, new: str, said: list[str]) -> None:
    """Floats, gaps, overlaps and words that the book does not know."""
    assert BOOK.count(old) == 1
    job.write_pricing(BOOK.replace(old, new))
    _refused(job, str(job.pricing / "price_book.toml"), *said)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("api_key,key-1,cust-9,Nine,basic,2025-10-01,2025-11-01", ["line 5", "key-1"]),
        ("api_key,key-9,cust-9,Nine,gold,2025-10-01,", ["line 5", "gold"]),
        ("api_key,key-9,../cust,Nine,basic,2025-10-01,", ["line 5", "../cust"]),
        ("api_key,key-9,.,Nine,basic,2025-10-01,", ["line 5"]),
        ("api_key,key-9,..,Nine,basic,2025-10-01,", ["line 5"]),
        ("api_key,key-9,cust-9,Nine,basic,2025-10-32,", ["line 5", "2025-10-32"]),
        ("api_key,key-9,cust-9,Nine,basic,2025-10-02,2025-10-01", ["line 5", "2025-10-0"]),
        ("api_key,key-9,cust-9,Nine,basic", ["line 5"]),
        ("api_key,key-9,cust-9,Nine,basic,2025-10-01,,,", ["line 5"]),
        (",key-9,cust-9,Nine,basic,2025-10-01,", ["line 5"]),
        ('api_key,"key-9,cust-9,Nine,basic,2025-10-01,', ["line 5"]),
    ],
)
def test_wrong_customers(job: Job, row: str, said: list[str]) -> None:
    """Overlaps, plans that there are not, ids that are no file names: by line."""
    job.write_pricing(customers=f"{CUSTOMERS}{row}\n")
    _refused(job, str(job.pricing / "customers.csv"), *said)


def test_every_fault_at_once(job: Job) -> None:
    """Both files are judged to their ends."""
    job.write_pricing(
        BOOK.replace('"0.01"', "0.01").replace('"0.001"', '"x"'),
        CUSTOMERS.replace("2020-01-01", "yesterday"),
    )
    _refused(job, "api_requests", "internal_tokens", "line 2", "line 3", "line 4")


@pytest.mark.parametrize("name", ["price_book.toml", "customers.csv"])
def test_pricing_that_cannot_be_read(job: Job, name: str) -> None:
    """A missing file, a folder in its place, bytes that are no UTF-8."""
    path = job.pricing / name
    content = path.read_bytes()
    path.unlink()
    _refused(job, f"{path}: cannot be read (No such file or directory); --pricing names a folder that holds {name}")
    path.mkdir()
    _refused(job, f"{path}: cannot be read (Is a directory)")
    path.rmdir()
    path.write_bytes(content.replace(b"basic", b"b\xe9sic", 1))
    line = 3 if name == "price_book.toml" else 2
    _refused(job, f"{path}, line {line}: not UTF-8; save the file as UTF-8")


def _no_landing(job: Job) -> None:
    (job.landing / "data-api" / "a.jsonl").unlink()
    (job.landing / "data-api").rmdir()
    job.landing.rmdir()


def _landing_is_a_file(job: Job) -> None:
    _no_landing(job)
    job.landing.write_text("")


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (_no_landing, "landing: there is no such folder; name the folder that holds the objects"),
        (_landing_is_a_file, "landing: there is no such folder"),
    ],
)
def test_a_landing_that_there_is_not(job: Job, prepare: Callable[[Job], None], said: str) -> None:
    """The folder is named, and the option."""
    prepare(job)
    _refused(job, said)


@pytest.mark.parametrize("option", ["--out", "--lake"])
def test_a_file_where_a_folder_goes(job: Job, tmp_path: Path, option: str) -> None:
    """It is left as it is."""
    path = put(tmp_path / "file", "content")
    _refused(job, f"{option} {path} is a file; name a folder", arguments=(option, path))
    assert path.read_text() == "content\n"


@pytest.mark.parametrize("option", ["--landing", "--pricing", "--out", "--lake", "--queries"])
def test_an_empty_path(job: Job, option: str) -> None:
    """What a shell variable left empty is not the folder where one stands."""
    _refused(job, option, "empty", arguments=(f"{option}=",))


def test_a_landing_of_an_unknown_kind(job: Job) -> None:
    _refused(job, "gs://usage/x: gs:// is unknown; name a folder or s3://", arguments=("--landing", "gs://usage/x"))


@pytest.mark.parametrize("option", ["--landing", "--pricing", "--period", "--out"])
def test_an_option_that_is_missing(job: Job, option: str) -> None:
    """Click says which."""
    left = [argument for argument in job.arguments() if not argument.startswith(option)]
    result = invoke(*left)
    assert result.exit_code == 2
    assert f"Missing option '{option}'" in result.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("USAGELAKE_MEMORY_LIMIT", "much", "the memory limit is 'much'; write it like 512MB"),
        ("USAGELAKE_KEEP_SOURCE_IP", "maybe", "USAGELAKE_KEEP_SOURCE_IP is 'maybe'; set it to on or off"),
    ],
)
def test_a_wrong_environment(job: Job, name: str, value: str, said: str) -> None:
    """The variable's value is named, and how to write it."""
    result = invoke(*job.arguments(), env={name: value})
    assert result.exit_code == 2
    assert said in result.stderr
    assert not job.out.exists()


QUERIES: dict[str, tuple[str, str, list[str]]] = {
    "no SQL": ("meters/m.sql", "-- name: m\n-- title: T\n-- grain: g\n-- owner: o\nSELEC 1", ["m.sql", ":5"]),
    "no header": ("meters/m.sql", "SELECT 1", ["m.sql"]),
    "another name": ("meters/m.sql", "-- name: n\n-- title: T\n-- grain: g\n-- owner: o\nSELECT 1 AS x", ["m.sql"]),
    "no such kind": ("metres/m.sql", "SELECT 1", ["metres", "meters"]),
    "outside of a folder": ("m.sql", "SELECT 1", ["m.sql", "subfolder"]),
    "not UTF-8": ("meters/m.sql", "-- name: m\n-- title: \udcff", ["m.sql"]),
}


@pytest.mark.parametrize("name", QUERIES)
def test_wrong_queries(job: Job, tmp_path: Path, name: str) -> None:
    """File and line, before anything is read."""
    path, text, said = QUERIES[name]
    queries = tmp_path / "queries"
    put(queries / path, text.encode(errors="surrogateescape"))
    _refused(job, *said, arguments=("--queries", queries))


def test_no_queries(job: Job) -> None:
    """The folder is named."""
    _refused(job, "nowhere: there is no such folder of queries", arguments=("--queries", "nowhere"))
