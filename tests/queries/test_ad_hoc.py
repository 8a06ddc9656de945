"""Typed queries on one engine, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.bootstrap import open_engine
from usagelake.engines import ad_hoc, load_queries
from usagelake.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def test_each_typed_query_gets_its_own_answer(tmp_path: Path) -> None:
    """They have no names to tell them apart, and neither is answered with the other's SQL."""
    with open_engine(load_queries(), Settings(), tmp_path / "lake") as engine:
        answers = [engine.fetch(ad_hoc(f"SELECT {number} AS n")).rows for number in (1, 2, 1)]
    assert answers == [[(1,)], [(2,)], [(1,)]]
