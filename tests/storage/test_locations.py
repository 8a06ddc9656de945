"""Places as users name them."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from usagelake.errors import ConfigurationError
from usagelake.storage import LocalFolder, open_location
from usagelake.storage.s3_boto3 import S3ByBoto3
from usagelake.storage.s3_obstore import S3ByObstore, _endpoint
from usagelake.storage.s3_place import S3Place

ROLE = "arn:aws:iam::123456789012:role/shipper"


def _faults(location: str, **given: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        open_location(location, **given)
    return caught.value.faults


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_folder_is_opened(tmp_path: Path, scheme: str) -> None:
    folder = open_location(f"{scheme}{tmp_path}")
    assert isinstance(folder, LocalFolder)
    assert folder.location == str(tmp_path)


def test_a_folder_is_made_where_that_is_asked(tmp_path: Path) -> None:
    """A shipper may be the first to write; whoever reads has mistyped."""
    (fault,) = _faults(str(tmp_path / "x" / "y"))
    assert fault.endswith("x/y: there is no such folder; name the folder that holds the objects")
    open_location(str(tmp_path / "x" / "y"), create=True)
    assert (tmp_path / "x" / "y").is_dir()


@pytest.mark.parametrize("below", ["file", "file/x", "a\0b"])
@pytest.mark.parametrize("create", [False, True])
def test_a_folder_that_cannot_be_is_refused(tmp_path: Path, below: str, create: bool) -> None:
    (tmp_path / "file").write_bytes(b"")
    (fault,) = _faults(f"{tmp_path}/{below}", create=create)
    assert "folder" in fault


@pytest.mark.parametrize("location", ["", "file://"])
def test_an_empty_location_is_refused(location: str) -> None:
    """What a shell variable left empty is not the folder where one stands."""
    (fault,) = _faults(location, create=True)
    assert "is empty" in fault


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("s3://usage", "s3://usage"),
        ("s3://usage/", "s3://usage"),
        ("s3://usage.dots-1/a/b c/", "s3://usage.dots-1/a/b c"),
    ],
)
def test_a_bucket_is_opened(location: str, shown: str) -> None:
    assert open_location(location).location == shown
    assert isinstance(open_location(location), S3ByBoto3)
    assert isinstance(open_location(location, client="obstore"), S3ByObstore)


@pytest.mark.parametrize("location", ["s3://", "s3:///x", "s3://b", "s3://bucket?", "s3://-usage", "s3://us_age-"])
def test_what_is_no_bucket_is_refused(location: str) -> None:
    (fault,) = _faults(location)
    assert "is no bucket's name" in fault


@pytest.mark.parametrize("location", ["gs://usage", "https://usage.s3.amazonaws.com/x", "S3://usage"])
def test_an_unknown_kind_of_place_is_refused(location: str) -> None:
    (fault,) = _faults(location)
    assert "is unknown; name a folder or s3://bucket/prefix" in fault


def test_every_fault_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_FEDERATED_TOKEN_FILE", raising=False)
    faults = _faults(
        "s3://x/a//b",
        endpoint_url="minio:9000",
        client="curl",
        credentials="azure",
        role_arn="shipper",
        audience="a",
        uploads=0,
        connect_timeout=math.nan,
        read_timeout=-1,
    )
    assert [fault.split(" ")[0] for fault in faults] == [
        "s3://x/a//b:",
        "s3://x/a//b:",
        "endpoint_url",
        "role_arn",
        "audience",
        "AZURE_FEDERATED_TOKEN_FILE",
        "uploads",
        "connect_timeout",
        "read_timeout",
        "client",
    ]


@pytest.mark.parametrize("url", ["", "http://", "ftp://x", "http://x:port", "http://[", "//x", "http://x:99999"])
def test_an_endpoint_that_is_no_address_is_refused(url: str) -> None:
    """Obstore would panic over it at the first put."""
    (fault,) = _faults("s3://usage", endpoint_url=url)
    assert "is no address" in fault


def test_what_is_for_s3_says_nothing_about_a_folder(tmp_path: Path) -> None:
    """Whoever gives it has named the wrong place."""
    faults = _faults(str(tmp_path), endpoint_url="http://127.0.0.1:1", role_arn=ROLE)
    assert [fault.split(": ")[1].split(" ")[0] for fault in faults] == ["endpoint_url", "role_arn"]


def test_a_role_needs_a_way_to_take_it() -> None:
    (fault,) = _faults("s3://usage", role_arn=ROLE)
    assert "role_arn needs credentials 'google' or 'azure'" in fault
    (fault,) = _faults("s3://usage", credentials="aws")
    assert "credentials 'aws' are unknown" in fault


def test_a_role_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(_faults("s3://usage", credentials="google")) == 1
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    open_location("s3://usage", credentials="google")


@pytest.mark.parametrize(("client", "missing", "extra"), [("boto3", "boto3", "s3"), ("obstore", "obstore", "ship")])
def test_a_library_that_is_not_installed_is_named_with_its_extra(client: str, missing: str, extra: str) -> None:
    """In a process that has not imported it; and folders need neither."""
    program = f"""
import sys
sys.modules[{missing!r}] = None
from usagelake.errors import ConfigurationError
from usagelake.storage import open_location
open_location(".")
try:
    open_location("s3://usage", client={client!r})
except ConfigurationError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert f'{missing} is not installed; install it by: pip install "usagelake[{extra}]"' in done.stdout


def test_folders_cost_no_import_of_an_sdk() -> None:
    program = "import sys, usagelake.bootstrap as b; b.open_storage('.'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"boto3", "botocore", "obstore", "urllib.request"}.isdisjoint(done.stdout.split())


@pytest.mark.parametrize(
    ("place", "resolved", "endpoint"),
    [
        (
            S3Place(bucket="usage"),
            "https://s3.eu-west-1.amazonaws.com",
            ("https://usage.s3.eu-west-1.amazonaws.com", True),
        ),
        (
            S3Place(bucket="usage"),
            "https://s3.cn-north-1.amazonaws.com.cn",
            ("https://usage.s3.cn-north-1.amazonaws.com.cn", True),
        ),
        (S3Place(bucket="us.age"), "https://s3.amazonaws.com", ("https://s3.amazonaws.com", False)),
        (S3Place(bucket="usage", endpoint_url="http://h:1/"), "http://h:1/", ("http://h:1", False)),
        (S3Place(bucket="usage"), "http://127.0.0.1:1", ("http://127.0.0.1:1", False)),
    ],
)
def test_obstore_puts_the_bucket_into_the_host_on_aws(
    place: S3Place, resolved: str, endpoint: tuple[str, bool]
) -> None:
    """Where its name can be in one: a certificate covers no name with dots."""
    assert _endpoint(place, resolved) == endpoint
