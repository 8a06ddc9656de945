"""A cluster that is not there, and a client that is not installed."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from tests.cli.main_job import Job, invoke
from usagelake.engines.trino import TrinoConfig, TrinoEngine
from usagelake.errors import ConfigurationError, EngineError


def _nobody(folder: Path) -> TrinoConfig:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return TrinoConfig(
        host="127.0.0.1", port=port, user="u", schema="usage", work=str(folder / "work"), work_location="local:///work"
    )


def test_a_cluster_that_is_down_is_said_to_be(tmp_path: Path) -> None:
    """An error of the project's, with the cluster's address in it."""
    config = _nobody(tmp_path)
    with pytest.raises(EngineError, match=rf"Trino cannot be reached.*{config.port}"):
        TrinoEngine(config, read_only=True)


def test_without_the_client_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is imported when it is needed, and not before."""
    monkeypatch.setitem(sys.modules, "trino", None)
    with pytest.raises(ConfigurationError, match=r'pip install "usagelake\[trino\]"'):
        TrinoEngine(_nobody(tmp_path), read_only=True)


def test_the_command_line_says_what_does_not_go_together(tmp_path: Path) -> None:
    """Exit code 2, and nothing written."""
    job = Job(tmp_path)
    job.landing.mkdir()
    job.write_pricing()
    for more, message in (
        (("--engine", "trino"), "--lake is a folder for DuckDB"),
        (("--engine", "duckdb", "--engine-config", "x.toml"), "--engine-config is for an engine other than duckdb"),
        (("--engine", "spark"), "'spark' is not one of"),
    ):
        result = job.bill(*more)
        assert (result.exit_code, message in result.stderr) == (2, True), result.stderr
    result = invoke("query", "--engine", "trino", "--sql", "SELECT 1")
    assert (result.exit_code, "needs --engine-config FILE" in result.stderr) == (2, True)
    result = invoke("query", "--sql", "SELECT 1")
    assert (result.exit_code, "--lake" in result.stderr) == (2, True)
    assert not job.out.exists()
