"""`usagelake ship` to S3: by either client, with the contract's keys, metadata and content type."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.cli.shipping import ENVIRONMENT, billing_lines, counts, shipped
from tests.fakes.moto_s3 import moto_s3

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def moto_url() -> Iterator[str]:
    """Run moto's S3 as a server of its own."""
    with moto_s3() as address:
        yield address


@pytest.mark.parametrize("client", [(), ("--client", "boto3"), ("--client", "obstore")], ids=" ".join)
def test_what_comes_in_is_on_s3(moto_url: str, client: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line once; obstore is the default where it is installed, as it is here."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, ENVIRONMENT[name])
    s3: Any = boto3.client("s3", endpoint_url=moto_url, region_name="us-east-1")
    bucket = f"usage{''.join(client)}"
    s3.create_bucket(Bucket=bucket)
    lines = billing_lines(310)
    to = ("--to", f"s3://{bucket}/usage", "--endpoint-url", moto_url)
    done = shipped(*to, *client, "--json", text="\n".join(lines))
    assert done.returncode == 0, done.stderr
    assert counts(done.stdout)["delivered"] == 310
    objects = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert len(objects) == 9
    landed: Counter[str] = Counter()
    for listed in objects:
        assert listed["Key"].startswith("usage/internal_model_")
        found = s3.get_object(Bucket=bucket, Key=listed["Key"])
        assert found["ContentType"] == "application/x-ndjson"
        body = found["Body"].read().decode().splitlines()
        assert len(body) <= 50
        assert str(len(body)) in found["Metadata"].values()
        landed.update(body)
    assert landed == Counter(lines)


def test_a_bucket_that_does_not_exist(moto_url: str, tmp_path: Path) -> None:
    """It is named, and what the spool keeps is not lost."""
    to = ("--to", "s3://missing-bucket", "--endpoint-url", moto_url)
    spool = ("--spool", tmp_path / "spool", "--shutdown-deadline", "0.5")
    done = shipped(*to, *spool, "--json", text="\n".join(billing_lines(10)))
    assert done.returncode == 0
    assert counts(done.stdout)["spooled"] == 10
    assert "missing-bucket" in done.stderr
