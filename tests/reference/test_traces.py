"""The reference on real traffic: figures that were computed elsewhere, from the same objects."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.reference import bill

if TYPE_CHECKING:
    from tests.reference import ReferenceResult

DATA = Path(__file__).parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the traces are not on this machine")


def _bill(folder: Path, name: str, period: str) -> ReferenceResult:
    with tarfile.open(DATA / f"{name}.tgz") as archive:
        archive.extractall(folder, filter="data")
    pricing = folder / "pricing"
    pricing.mkdir()
    shutil.copy(DATA / "price_book.toml", pricing)
    shutil.copy(folder / "customers.csv", pricing)
    return bill(folder / "landing", pricing, period)


def _figures(result: ReferenceResult) -> dict[str, object]:
    names = ("lines", "events", "duplicates", "quarantined", "keyless", "invoices", "total")
    return {name: result.summary[name] for name in names}


def test_a_month_of_a_web_site(tmp_path: Path) -> None:
    """10,000 requests of May 2015."""
    result = _bill(tmp_path, "web-2015", "2015-05")
    assert _figures(result) == {
        "lines": 10_155,
        "events": 10_000,
        "duplicates": 150,
        "quarantined": 5,
        "keyless": 291,
        "invoices": 24,
        "total": {"USD": "126.63"},
    }
    with_key = [request for request in result.lake.requests.values() if request.api_key_id is not None]
    assert len(with_key) == 9_709
    assert sum(quantity for key, (quantity, _) in result.usage.items() if key.meter == "api_requests") == 9_704
    assert len(result.summary["unassigned"]) == 1


def test_a_day_of_language_models(tmp_path: Path) -> None:
    """19,366 calls of November 2023."""
    result = _bill(tmp_path, "llm-2023", "2023-11")
    assert _figures(result) == {
        "lines": 59_748,
        "events": 58_098,
        "duplicates": 1_650,
        "quarantined": 0,
        "keyless": 0,
        "invoices": 24,
        "total": {"USD": "123.71"},
    }
    used = {
        meter: sum(quantity for key, (quantity, _) in result.usage.items() if key.meter == meter)
        for meter in {key.meter for key in result.usage}
    }
    assert len({event.event_type for event in result.lake.events.values()}) == 6
    assert sum(used.values()) == 130_744_323
    assert (used["internal_tokens"], used["external_tokens"]) == (8_918_986, 17_531_549)
