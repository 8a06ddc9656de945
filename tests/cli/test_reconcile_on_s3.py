"""What `usagelake ship` delivers to S3 is found there again, by id and by manifest alike."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.cli.landings import event
from tests.cli.main_job import USAGELAKE, invoke
from tests.fakes.moto_s3 import keys_that_mean_nothing, moto_s3

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVENTS = 230


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Run moto's S3, with keys that mean nothing elsewhere."""
    with moto_s3() as address:
        for name, value in keys_that_mean_nothing(tmp_path).items():
            monkeypatch.setenv(name, value)
        yield address


def test_a_delivery_is_equal_until_an_object_is_lost_or_doubled(endpoint: str, tmp_path: Path) -> None:
    """The objects' own counts tell both; ids tell which."""
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="usage")
    types = ("internal_model_total_tokens", "external_model_egress_bytes")
    times = ("2025-10-05T12:59:59.999Z", "2025-10-05T13:00:00Z")
    lines = [
        event(f"e-{number}", times[number * 2 // EVENTS], event_type=types[number % 2]) for number in range(EVENTS)
    ]
    logged = tmp_path / "billing.log"
    logged.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    with logged.open("rb") as source:
        shipped = subprocess.run(
            [*USAGELAKE, "ship", "--to", "s3://usage", "--endpoint-url", endpoint],
            stdin=source, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
    assert shipped.returncode == 0, shipped.stderr

    def reconciled(*more: str) -> tuple[int, dict[str, Any]]:
        where = ("--landing", "s3://usage", "--endpoint-url", endpoint)
        result = invoke("reconcile", "delivery", "--emitted", logged, *where, "--json", *more)
        assert result.exit_code in (0, 3), result.stderr
        return result.exit_code, json.loads(result.stdout)

    exit_code, told = reconciled()
    assert (exit_code, told["total"]["landed"]) == (0, EVENTS)
    exit_code, told = reconciled("--by-manifest")
    assert (exit_code, told["landed"]["without_manifest"]) == (0, 0)
    assert {row["landed_at_least"] for row in told["event_types"].values()} == {EVENTS // 2}

    found = [entry["Key"] for entry in client.list_objects_v2(Bucket="usage")["Contents"]]
    lost = client.get_object(Bucket="usage", Key=found[0])
    body, metadata = lost["Body"].read(), lost["Metadata"]
    count = body.count(b"\n")
    client.delete_object(Bucket="usage", Key=found[0])
    assert reconciled("--by-manifest")[0] == 3
    exit_code, told = reconciled("--named", "1000")
    assert (exit_code, told["total"]["missing"]) == (3, count)
    ids = {json.loads(line)["id"] for line in body.splitlines()}
    assert {finding["id"] for finding in told["named"]["missing"]} == ids

    for key in (found[0], found[0].replace(".jsonl", "-again.jsonl")):
        client.put_object(Bucket="usage", Key=key, Body=body, Metadata=metadata)
    assert reconciled("--by-manifest")[0] == 3
    exit_code, told = reconciled()
    assert (exit_code, told["total"]["duplicate"], told["total"]["in_several"]) == (3, count, count)
