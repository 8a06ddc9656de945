"""Whatever a service does to its processes, threads and loggers: all its events are stored, once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.s3_server import S3Server
from tests.shipping.chaos.judge import judge
from tests.shipping.chaos.services import FORKING, OTHERS, SPOOLED, atexit_handlers, threads

ROOT = Path(__file__).parents[3]
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}
PATIENCE_S = 60.0


def run(service: str, server: S3Server, folder: Path, **options: Any) -> str:
    """Run a service to its end; return what it said."""
    given = {"to": "s3://landing", "endpoint_url": server.endpoint_url, "max_age": 30.0, **options}
    command = [sys.executable, "-m", "tests.shipping.chaos.services", service, str(folder), json.dumps(given)]
    ran = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | CREDENTIALS,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def assert_stored_once(server: S3Server, folder: Path) -> None:
    """Hold the store against what was logged."""
    found = judge((entry.removeprefix("landing/"), stored.body) for entry, stored in server.objects.items())
    offered = (folder / "offered").read_text().split()
    assert not found.wrong
    assert found.lost(offered) == []
    assert found.ids == set(offered)


@pytest.mark.parametrize(
    ("client", "service"),
    [
        *(("boto3", service.__name__) for service in (*FORKING, *OTHERS)),
        *(("obstore", service.__name__) for service in (*FORKING, threads, atexit_handlers)),
    ],
)
def test_nothing_is_lost_and_nothing_comes_twice(service: str, client: str, tmp_path: Path) -> None:
    """Without a spool: see the services' own docstrings."""
    with S3Server() as server:
        said = run(service, server, tmp_path, client=client)
        assert_stored_once(server, tmp_path)
    assert "Traceback" not in said


@pytest.mark.parametrize("service", [service.__name__ for service in SPOOLED])
def test_nor_with_a_spool(service: str, tmp_path: Path) -> None:
    """With every event in a spool that all processes share; the last start finds what is left."""
    spool = tmp_path / "spool"
    with S3Server() as server:
        run(service, server, tmp_path, spool=str(spool), spool_strength="every-event")
        run("main_thread_raises", server, tmp_path, spool=str(spool), spool_strength="every-event")
        assert_stored_once(server, tmp_path)
    assert not list(spool.glob("*/*.batch"))
