"""A small job to play with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.main_job import Job

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """An empty landing and the prices of `tests.cli.landings`."""
    made = Job(tmp_path)
    made.landing.mkdir()
    made.write_pricing()
    return made
