"""A landing on S3 comes to what the same landing in a folder comes to."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.cli.landings import event, request
from tests.cli.main_job import Job, files, invoke, rows
from tests.fakes.moto_s3 import keys_that_mean_nothing, moto_s3

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINES = 3_000


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Run moto's S3, and have the SDK find it and nothing else."""
    with moto_s3() as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        for name, value in keys_that_mean_nothing(tmp_path).items():
            monkeypatch.setenv(name, value)
        yield address


def _bill(job: Job, landing: str, name: str, lake: str) -> Path:
    out = job.folder / name
    arguments = [f"--landing={landing}", f"--pricing={job.pricing}", f"--period={job.period}", f"--out={out}"]
    result = invoke("bill", *arguments, f"--lake={job.folder / lake}", "--json")
    assert result.exit_code == 0, result.stderr
    return out


@pytest.mark.usefixtures("s3")
def test_a_landing_on_s3_is_billed_as_one_in_a_folder(job: Job) -> None:
    """Small objects and a large one, gzip, bad lines and bad bytes; and a second run reads nothing again."""
    job.put("apigw_access/2025/10/05/12/00/a.jsonl", *(request(f"r-{number}") for number in range(LINES)))
    job.put("tokens/2025/10/05/12/00/b.jsonl.gz", gzip.compress(event("e-1").encode() + b"\n"))
    job.put("tokens/2025/10/05/12/01/c.jsonl", event("e-1"), event("e-2", usage=7), "{bad")
    job.put("tokens/2025/10/05/12/02/d.jsonl", event("e-3").encode() + b"\xff\n")
    job.put("tokens/2025/10/05/12/02/_SUCCESS", b"")
    client = boto3.client("s3")
    client.create_bucket(Bucket="usage")
    for key, content in files(job.landing).items():
        client.put_object(Bucket="usage", Key=f"data-api/{key}", Body=content)
    client.put_object(Bucket="usage", Key="elsewhere/tokens/2025/10/05/12/00/x.jsonl", Body=event("e-9").encode())
    local = _bill(job, str(job.landing), "local", "local-lake")
    remote = _bill(job, "s3://usage/data-api", "remote", "s3-lake")
    invoices = files(local / "invoices")
    assert [name.split("/")[1] for name in invoices] == ["cust-1.json", "cust-2.json"]
    # The manifest's digest is of keys and versions, and a version is S3's ETag or a file's time.
    assert _without_manifest(files(remote / "invoices")) == _without_manifest(invoices)
    assert (remote / "summary.json").read_bytes() == (local / "summary.json").read_bytes()
    usage = "SELECT * EXCLUDE (computed_at) FROM read_parquet(?) ORDER BY ALL"
    assert rows(usage, remote / "usage_hourly.parquet") == rows(usage, local / "usage_hourly.parquet")
    again = _bill(job, "s3://usage/data-api", "again", "s3-lake")
    assert b'"new_objects": 0' in (again / "summary.json").read_bytes()
    assert files(again / "invoices") == files(remote / "invoices")


def _without_manifest(invoices: dict[str, bytes]) -> dict[str, list[bytes]]:
    return {name: [line for line in text.splitlines() if b'"manifest"' not in line] for name, text in invoices.items()}


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_not_there_is_named(job: Job) -> None:
    result = invoke(
        "bill", "--landing=s3://nowhere/x", f"--pricing={job.pricing}", f"--period={job.period}", f"--out={job.out}"
    )
    assert result.exit_code == 1
    assert "s3://nowhere/x: cannot be listed (NoSuchBucket" in " ".join(result.stderr.split())


def _put_pricing(job: Job, *names: str) -> str:
    client = boto3.client("s3")
    client.create_bucket(Bucket="lake")
    for name in names:
        client.put_object(Bucket="lake", Key=f"pricing/{name}", Body=(job.pricing / name).read_bytes())
    return "s3://lake/pricing"


@pytest.mark.usefixtures("s3")
def test_prices_on_s3_are_those_in_a_folder(job: Job) -> None:
    """The same bytes, the same invoices; `check` reads them there as well."""
    job.put("tokens/2025/10/05/12/00/a.jsonl", event("e-1"))
    pricing = _put_pricing(job, "price_book.toml", "customers.csv")
    expected = job.billed().invoices
    result = job.bill(f"--pricing={pricing}", out=job.folder / "remote", lake=job.folder / "other")
    assert result.exit_code == 0, result.stderr
    assert files(job.folder / "remote" / "invoices" / job.period) == expected
    assert invoke("check", "--pricing", pricing).stdout == "all is well\n"


@pytest.mark.usefixtures("s3")
def test_a_price_book_that_is_not_on_s3_is_a_fault_of_the_configuration(job: Job) -> None:
    """The object is named, and a wrong file beside it by its address."""
    job.write_pricing(customers="subject\n")
    pricing = _put_pricing(job, "customers.csv")
    for result in (job.bill(f"--pricing={pricing}"), invoke("check", "--pricing", pricing)):
        assert result.exit_code == 2
        said = " ".join(result.stderr.split())
        assert "s3://lake/pricing/price_book.toml: cannot be read (NoSuchKey" in said
        assert "--pricing names a folder or s3://bucket/prefix that holds price_book.toml" in said
        assert "s3://lake/pricing/customers.csv" in said
    assert not job.out.exists()


@pytest.mark.usefixtures("s3")
def test_prices_in_a_bucket_that_is_not_there(job: Job) -> None:
    """Nothing is billed."""
    result = job.bill("--pricing=s3://nowhere/pricing")
    assert result.exit_code == 2
    assert "s3://nowhere/pricing/price_book.toml: cannot be read (NoSuchBucket" in " ".join(result.stderr.split())
