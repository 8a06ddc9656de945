"""Drafts on a Storage: a run is whole or is none, in a folder and on S3."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from threading import Lock
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.fakes.moto_s3 import keys_that_mean_nothing, moto_s3
from usagelake.domain.canonical_json import canonical_json
from usagelake.domain.invoice import Evidence, Invoice
from usagelake.domain.period import Period
from usagelake.domain.rating.rate import Rated
from usagelake.errors import StorageError, StorageUnavailableError
from usagelake.services.drafts import newest_drafts, read_draft, run_of, write_drafts
from usagelake.services.ingest import IngestReport
from usagelake.services.rate_period import Bill
from usagelake.storage import LocalFolder, ObjectInfo, PutOutcome, Storage, open_location

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NOVEMBER = Period.parse("2026-11")
CUSTOMERS = ("a", "b", "_complete", "summary")
RUN, NEXT_RUN = "20261129T040000Z", "20261130T040000Z"
EVIDENCE = Evidence(
    cutoff=None, queries={}, price_book="sha256:1", customers="sha256:2", manifest="sha256:3", engine="duckdb 2"
)


def billed(*, engine: str = "duckdb 2", period: Period = NOVEMBER) -> Bill:
    """A billed period of customers who owe nothing; another engine makes other bytes."""
    invoices = tuple(Invoice(name, name.upper(), period, "USD", ()) for name in CUSTOMERS)
    return Bill(
        period=period,
        rated=Rated("USD", invoices, (), ()),
        evidence=replace(EVIDENCE, engine=engine),
        summary={"period": period.name, "invoices": len(invoices)},
        ingested=IngestReport(new_objects=0, unreadable=(), ignored=0, ignored_example=None),
        quarantine=[],
        unmetered=[],
    )


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    """Run moto's S3."""
    with moto_s3() as address:
        yield address


_buckets = iter(range(1_000))


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """Open an empty place of each kind."""
    if request.param == "folder":
        return LocalFolder(tmp_path)
    for name, value in keys_that_mean_nothing(tmp_path).items():
        monkeypatch.setenv(name, value)
    address, bucket = request.getfixturevalue("moto_url"), f"lake-{next(_buckets)}"
    boto3.client("s3", endpoint_url=address).create_bucket(Bucket=bucket)
    return open_location(f"s3://{bucket}/drafts", endpoint_url=address)


def content(store: Storage) -> dict[str, bytes]:
    """Read all that there is."""
    return {info.key: b"".join(store.read(info.key)) for info in store.list()}


@dataclass
class Failing:
    """A place that takes so many puts and fails the ones after."""

    inner: Storage
    puts: int
    asked: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    @property
    def location(self) -> str:
        return self.inner.location

    def list(self, *, below: str = "") -> Iterator[ObjectInfo]:
        return self.inner.list(below=below)

    def folders(self, *, below: str = "") -> tuple[str, ...]:
        return self.inner.folders(below=below)

    def read(self, key: str) -> Iterator[bytes]:
        return self.inner.read(key)

    def path(self, key: str) -> Path | None:
        return self.inner.path(key)

    def metadata(self, key: str) -> Mapping[str, str] | None:
        return self.inner.metadata(key)

    def put_if_absent(self, key: str, body: bytes, *, content_type: str, metadata: Mapping[str, str]) -> PutOutcome:
        with self.lock:
            self.asked.append(key)
            fails = len(self.asked) > self.puts
        if fails:
            raise StorageUnavailableError(f"{key}: cannot be written (SlowDown)")
        return self.inner.put_if_absent(key, body, content_type=content_type, metadata=metadata)


def test_a_run_is_its_invoices_a_summary_and_what_lists_them(store: Storage) -> None:
    """Each file is what `usagelake bill` writes; no customer's name is in the way of the other files."""
    done = billed()
    written = write_drafts(store, done, run=RUN)
    held = content(store)
    folder = f"2026-11/{RUN}"
    assert held.keys() == {
        *(f"{folder}/invoices/{name}.json" for name in CUSTOMERS), f"{folder}/summary.json", f"{folder}/_complete.json",
    }  # fmt: skip
    for invoice in done.rated.invoices:
        assert held[f"{folder}/invoices/{invoice.customer_id}.json"] == invoice.to_json(done.evidence)
    assert held[f"{folder}/summary.json"] == canonical_json(done.summary)
    listed = json.loads(held.pop(f"{folder}/_complete.json"))
    assert listed == {
        "schema": "usagelake.drafts/1",
        "period": "2026-11",
        "run": RUN,
        "files": {
            key.removeprefix(f"{folder}/"): f"sha256:{hashlib.sha256(body).hexdigest()}" for key, body in held.items()
        },
    }
    assert written.files == listed["files"]


def test_a_run_done_again_changes_nothing(store: Storage) -> None:
    """Not a byte, and nothing is put; also when what it comes to is not the same any more."""
    first = write_drafts(store, billed(), run=RUN)
    before = content(store)
    watched = Failing(store, puts=0)
    assert write_drafts(watched, billed(), run=RUN) == first
    assert write_drafts(watched, billed(engine="duckdb 3"), run=RUN) == first
    assert (watched.asked, content(store)) == ([], before)


@pytest.mark.parametrize("puts", range(len(CUSTOMERS) + 2))
def test_half_a_run_is_none_until_it_is_finished(store: Storage, puts: int) -> None:
    """Whatever put it ends at, what says that it is complete is not there; done again, it is whole."""
    write_drafts(store, billed(), run=RUN)
    with pytest.raises(StorageUnavailableError, match="SlowDown"):
        write_drafts(Failing(store, puts=puts), billed(), run=NEXT_RUN)
    found = newest_drafts(store, NOVEMBER)
    assert found is not None
    assert found.run == RUN
    written = write_drafts(store, billed(), run=NEXT_RUN)
    assert newest_drafts(store, NOVEMBER) == written
    assert written.run == NEXT_RUN
    for name, digest in written.files.items():
        assert digest == f"sha256:{hashlib.sha256(read_draft(store, written, name)).hexdigest()}"


def test_an_attempt_that_finds_other_bytes_of_its_run_is_refused(store: Storage) -> None:
    """Nothing is overwritten, the run stays incomplete, and another one is written as ever."""
    with pytest.raises(StorageUnavailableError):
        write_drafts(Failing(store, puts=1), billed(), run=RUN)
    before = content(store)
    assert before
    with pytest.raises(StorageError, match=r"another attempt of this run has written other bytes.*the next one writes"):
        write_drafts(store, billed(engine="duckdb 3"), run=RUN)
    held = content(store)
    assert {key: held[key] for key in before} == before
    assert newest_drafts(store, NOVEMBER) is None
    assert newest_drafts(store, Period.parse("2026-10")) is None
    write_drafts(store, billed(engine="duckdb 3"), run=NEXT_RUN)
    found = newest_drafts(store, NOVEMBER)
    assert found is not None
    assert found.run == NEXT_RUN


def test_the_newest_run_is_that_of_the_period(store: Storage) -> None:
    """The latest scheduled one, in whatever order they were written; other periods and other files do not count."""
    write_drafts(store, billed(), run=NEXT_RUN)
    write_drafts(store, billed(), run=RUN)
    write_drafts(store, billed(period=Period.parse("2026-12")), run="20261231T040000Z")
    for key in ("2026-11/notes/_complete.json", "2026-11/99999999T999999Z/invoices/_complete.json"):
        store.put_if_absent(key, b"{}", content_type="application/json", metadata={})
    found = newest_drafts(store, NOVEMBER)
    assert found is not None
    assert (found.period, found.run) == ("2026-11", NEXT_RUN)


def test_a_file_that_is_not_the_run_s_is_not_taken(store: Storage) -> None:
    """One whose bytes are others than those that are listed, one that is not listed, one that is not there."""
    written = write_drafts(store, billed(), run=RUN)
    store.put_if_absent(f"{written.folder}/more.json", b"{}", content_type="application/json", metadata={})
    changed = replace(written, files={**written.files, "summary.json": "sha256:0"})
    for run, name in ((changed, "summary.json"), (written, "more.json")):
        with pytest.raises(StorageError, match=rf"{name}: not the file that _complete\.json lists; take another run's"):
            read_draft(store, run, name)
    with pytest.raises(StorageError, match="cannot be"):
        read_draft(store, written, "nothing.json")


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b'{"schema": "usagelake.drafts/2"}', b"\xff"])
def test_a_damaged_list_is_named(store: Storage, damage: bytes) -> None:
    """And what to do about it."""
    store.put_if_absent(f"2026-11/{RUN}/_complete.json", damage, content_type="application/json", metadata={})
    with pytest.raises(StorageError, match=rf"2026-11/{RUN}/_complete\.json: .*delete the run's folder"):
        newest_drafts(store, NOVEMBER)


def test_a_run_has_the_name_of_its_scheduled_time(store: Storage) -> None:
    """In UTC; later ones have greater names, and no other names are taken."""
    scheduled = datetime(2026, 11, 29, 5, tzinfo=timezone(timedelta(hours=1)))
    assert run_of(scheduled) == RUN
    assert run_of(scheduled) < run_of(scheduled + timedelta(seconds=1))
    for name in ("", "..", "today", "2026-11-29T04:00:00Z", f"{RUN}/x"):
        with pytest.raises(ValueError, match="scheduled time"):
            write_drafts(store, billed(), run=name)
    assert content(store) == {}
