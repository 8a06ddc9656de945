"""Stores to test: none needs a network, and none finds credentials of whoever runs the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

from tests.fakes.moto_s3 import keys_that_mean_nothing, moto_s3
from tests.storage.clients import CLIENTS
from tests.storage.stub import Stub
from usagelake.storage import LocalFolder
from usagelake.storage.s3_place import S3Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from usagelake.storage import Storage


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give the SDKs keys that mean nothing, and no place to look for others."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ROLE_ARN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in keys_that_mean_nothing(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_DEFAULT_REGION")


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Run moto's S3 as a server of its own."""
    with moto_s3() as address:
        yield address


_buckets = iter(range(1_000_000))


@pytest.fixture
def bucket(moto_url: str) -> str:
    """Make an empty bucket of moto's."""
    name = f"usage-{next(_buckets)}"
    boto3.client("s3", endpoint_url=moto_url, region_name="us-east-1").create_bucket(Bucket=name)
    return name


@pytest.fixture(params=["folder", "boto3", "obstore"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """Open an empty place of each kind, below a prefix where it can have one."""
    if request.param == "folder":
        root = tmp_path / "landing"
        root.mkdir()
        return LocalFolder(root)
    place = S3Place(
        bucket=request.getfixturevalue("bucket"), prefix="data-api", endpoint_url=request.getfixturevalue("moto_url")
    )
    return CLIENTS[request.param](place)


@pytest.fixture(params=list(CLIENTS))
def client(request: pytest.FixtureRequest) -> str:
    """Name each client of S3."""
    kind: str = request.param
    return kind


@pytest.fixture
def stub() -> Iterator[Stub]:
    """Run a server that answers as it is told."""
    with Stub() as running:
        yield running


@pytest.fixture
def stubbed(client: str, stub: Stub) -> Storage:
    """Open the stub by each client."""
    return CLIENTS[client](S3Place(bucket="usage", prefix="pre", endpoint_url=stub.url))
