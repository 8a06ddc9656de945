"""Views, meters, billing, analyst and audits: rows at the edges, the same answers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.conformance.edge_values import ALL_TIME, EMPTY, SPAN, tables
from tests.conformance.pairs import ASKED, Pair, everything, values_for
from usagelake.engines import load_queries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conformance.trino_server import TrinoServer
    from usagelake.engines import QueryLibrary, SqlFile

QUERIES = load_queries()


@pytest.fixture(scope="module")
def edges(server: TrinoServer, queries: QueryLibrary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Lakes with rows at the edges of what the tables may hold."""
    path: Path = tmp_path_factory.mktemp("edges") / "trino.toml"
    path.write_text(server.configuration(f"edges_{os.getpid()}"))
    with Pair.open(queries, path) as pair:
        for table, rows in tables().items():
            pair.publish(table, rows)
        yield pair


def test_the_tables_came_over(edges: Pair) -> None:
    """Both hold the same, to the last digit and character."""
    edges.assert_same_tables()


@pytest.mark.parametrize("view", QUERIES.views(), ids=lambda view: view.name)
def test_a_view(edges: Pair, view: SqlFile) -> None:
    """The same rows under the same names."""
    assert edges.assert_same(everything(view.name)) > 0


@pytest.mark.parametrize("query", QUERIES.all(*ASKED), ids=lambda query: f"{query.kind}/{query.name}")
def test_a_saved_query(edges: Pair, query: SqlFile) -> None:
    """The same rows for a month, for all time and for a span without rows."""
    for start, end in (SPAN, ALL_TIME, EMPTY) if {"start", "as_of"} & query.params.keys() else (SPAN,):
        edges.assert_same(query, values_for(query, start, end))
