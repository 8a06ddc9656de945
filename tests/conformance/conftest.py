"""One Trino for all conformance tests, and pairs of lakes that must come to the same."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conformance.pairs import Pair
from tests.conformance.trino_server import TrinoServer, UnavailableError, running
from usagelake.engines import load_queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from usagelake.engines import QueryLibrary

NOT_RUN = 77
"""The exit code when Trino cannot be had here: neither passed nor failed."""

ALREADY_RUNNING = "USAGELAKE_CONFORMANCE_SERVER"
"""May name the file that `python -m tests.conformance.trino_server` was printed to: its server is used, then."""

_schemas = itertools.count()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests out of a run that does not name them: they fetch and start a server."""
    del collection_path
    return None if any("conformance" in argument for argument in config.args) else True


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrinoServer]:
    """A server, or the end of the run with a code of its own."""
    if there := os.environ.get(ALREADY_RUNNING):
        yield TrinoServer.of_configuration(Path(there))
        return
    starting = running(tmp_path_factory.mktemp("trino"))
    try:
        started = starting.__enter__()
    except UnavailableError as missing:
        pytest.exit(f"CONFORMANCE HAS NOT RUN: {missing}", returncode=NOT_RUN)
    try:
        yield started
    finally:
        starting.__exit__(None, None, None)


@pytest.fixture(scope="session")
def queries() -> QueryLibrary:
    """The packaged files."""
    return load_queries()


@pytest.fixture
def engine_config(server: TrinoServer, tmp_path: Path) -> Path:
    """The configuration of a lake that is not there yet."""
    path = tmp_path / "trino.toml"
    path.write_text(server.configuration(f"lake_{os.getpid()}_{next(_schemas)}"))
    return path


@pytest.fixture
def pair(engine_config: Path, queries: QueryLibrary) -> Iterator[Pair]:
    """An empty lake on each engine."""
    with Pair.open(queries, engine_config) as opened:
        yield opened
