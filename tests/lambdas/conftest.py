"""An environment with a landing, prices and a lake, on the local Athena."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lambdas.settings import function_settings
from tests.cli.landings import CUSTOMERS, price_book
from tests.cli.main_job import Job
from tests.engines.athena.conftest import Environment, client, environment, server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["environment", "server"]


@pytest.fixture
def deployed(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    """An environment with prices, which the functions are told of."""
    monkeypatch.setenv("USAGELAKE_ENVIRONMENT", environment.name)
    bucket, _, prefix = environment.places.pricing.removeprefix("s3://").partition("/")
    for name, text in (("price_book.toml", price_book()), ("customers.csv", CUSTOMERS)):
        client("s3").put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=text.encode())
    function_settings.cache_clear()
    yield environment
    function_settings.cache_clear()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """The same landing in a folder, to be billed on DuckDB."""
    made = Job(tmp_path)
    made.landing.mkdir()
    made.write_pricing()
    return made
