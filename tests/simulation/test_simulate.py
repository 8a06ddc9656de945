"""The whole simulator, driven as the CLI drives it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.simulation.contract_reader import read
from usagelake.errors import ConfigurationError
from usagelake.simulation.options import SimulationOptions
from usagelake.simulation.simulate import simulate

SMALL = SimulationOptions(api_requests=2000, billing_events=2000, object_age_s=86_400)
ROUGH = replace(SMALL, duplicates=0.1, late=0.1, malformed=0.1, noise=0.05, compressed=0.3)


def digest(landing: Path) -> str:
    """Return a digest of every key and every byte in a folder."""
    total = hashlib.sha256()
    for path in sorted(path for path in landing.rglob("*") if path.is_file()):
        total.update(f"{path.relative_to(landing)}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def test_same_options_give_the_same_bytes(tmp_path: Path) -> None:
    """Two runs write the same objects and the same account; another seed writes others."""
    first = simulate(ROUGH, tmp_path / "first")
    again = simulate(ROUGH, tmp_path / "again")
    simulate(replace(ROUGH, seed=2), tmp_path / "other")
    assert first == again
    assert first.to_json() == again.to_json()
    assert digest(tmp_path / "first") == digest(tmp_path / "again")
    assert digest(tmp_path / "first") != digest(tmp_path / "other")


def test_bytes_do_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    """A process with another PYTHONHASHSEED writes the same objects."""
    program = (
        "import sys; from pathlib import Path; from usagelake.simulation.simulate import simulate;"
        "from usagelake.simulation.options import SimulationOptions;"
        "simulate(SimulationOptions(api_requests=300, billing_events=300, malformed=0.2), Path(sys.argv[1]))"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path.cwd())}
        subprocess.run([sys.executable, "-c", program, tmp_path / seed], env=environment, check=True)
    assert digest(tmp_path / "1") == digest(tmp_path / "2")


def test_known_bytes(tmp_path: Path) -> None:
    """The bytes of one small simulation stay what they are, on every platform and version."""
    simulate(replace(ROUGH, api_requests=200, billing_events=200), tmp_path / "landing")
    assert digest(tmp_path / "landing")[:16] == "919256431f22b126"


@pytest.mark.parametrize(
    "options",
    [
        SMALL,
        ROUGH,
        ROUGH.clean(),
        replace(ROUGH, layout="upstream", seed=5),
        replace(ROUGH, object_events=50, object_age_s=None, seed=6),
        replace(ROUGH, object_bytes=4096, object_age_s=None, seed=7),
        replace(ROUGH, customers=40, edge_hours=0, seed=8),
        replace(ROUGH, api_keys=3, tenants=60, seed=9),
        replace(ROUGH, start=datetime(2024, 2, 1, tzinfo=UTC), end=datetime(2024, 3, 1, tzinfo=UTC)),
        replace(SMALL, api_requests=1, billing_events=1, edge_hours=0),
        replace(SMALL, api_requests=0, billing_events=0),
        replace(SMALL, duplicates=0.5, late=0.5, malformed=0.5, noise=0.5, compressed=1.0),
    ],
)
def test_account_equals_an_independent_recount(tmp_path: Path, options: SimulationOptions) -> None:
    """Everything in the account is counted again from the files by a reader that shares no code."""
    account = simulate(options, tmp_path / "landing")
    for made, found in zip(account.sources, read(tmp_path / "landing", options.start, options.end), strict=True):
        assert made.objects == found.objects
        assert made.events == len(found.events)
        assert made.duplicates == found.duplicates
        assert made.reasons == found.reasons
        assert made.lines == len(found.events) + found.duplicates + found.reasons.total()
        assert made.in_period == found.in_period
        assert made.keyless == found.keyless
        assert made.billable == found.billable
        assert {subject: +used for subject, used in made.usage.items()} == {
            subject: +used for subject, used in found.usage.items() if +used
        }
    assert account.api_requests.events == options.api_requests
    assert account.billing_events.events == options.billing_events


def test_clean_traffic_has_no_fault(tmp_path: Path) -> None:
    account = simulate(ROUGH.clean(), tmp_path / "landing")
    for source in account.sources:
        assert (source.duplicates, source.late, source.quarantined) == (0, 0, 0)
        assert source.lines == source.events


def test_rates_are_kept(tmp_path: Path) -> None:
    """Over some thousands of events the rates come out as asked for."""
    account = simulate(replace(SMALL, api_requests=20_000, billing_events=20_000), tmp_path / "landing")
    for source in account.sources:
        assert source.duplicates == pytest.approx(200, abs=30)
        assert source.late == pytest.approx(100, abs=15)
        assert source.quarantined == pytest.approx(20, abs=6)


def test_size_layout_does_not_change_the_events(tmp_path: Path) -> None:
    """However lines are put into objects, the events, and so the usage, are the same."""
    by_age = simulate(SMALL, tmp_path / "age")
    by_count = simulate(replace(SMALL, object_events=50, object_age_s=None), tmp_path / "count")
    for one, other in zip(by_age.sources, by_count.sources, strict=True):
        assert one.usage == other.usage
        assert one.reasons == other.reasons


def test_memory_does_not_grow_with_the_number_of_events(tmp_path: Path) -> None:
    """What is held is a slot, the open objects and the held lines, not what was written."""
    peaks = []
    for events in (2_000, 12_000):
        options = replace(SMALL, api_requests=0, billing_events=events, object_bytes=8192, edge_hours=0)
        tracemalloc.start()
        simulate(options, tmp_path / str(events))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_expected_file_holds_the_account(tmp_path: Path) -> None:
    expected = tmp_path / "expected" / "expected.json"
    account = simulate(ROUGH, tmp_path / "landing", expected_file=expected)
    stored = json.loads(expected.read_text(encoding="utf-8"))
    assert stored["summary"] == account.summary()
    assert stored["summary"]["lines"] == sum(stored["summary"][n] for n in ("events", "duplicates", "quarantined"))
    assert stored["period"] == {"start": "2025-10-01T00:00:00Z", "end": "2025-11-01T00:00:00Z"}
    requests = stored["sources"]["apigw_access"]
    assert requests["meters"]["api_requests"] == str(requests["billable"])


def test_progress_tells_every_event(tmp_path: Path) -> None:
    told: list[int] = []
    simulate(SMALL, tmp_path / "landing", progress=told.append)
    assert sum(told) == 4000


def test_occupied_landing_folder_is_refused(tmp_path: Path) -> None:
    """Two simulations in one folder would make the account of both wrong."""
    (tmp_path / "mine.txt").touch()
    with pytest.raises(ConfigurationError, match="is not empty"):
        simulate(SMALL, tmp_path)


def test_account_inside_the_landing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="would be read as a landing object"):
        simulate(SMALL, tmp_path, expected_file=tmp_path / "expected.json")
    assert list(tmp_path.iterdir()) == []


def test_every_wrong_option_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        SimulationOptions(
            start=datetime(2025, 10, 2, tzinfo=UTC),
            end=datetime(2025, 10, 1, 0, 30, tzinfo=UTC),
            api_requests=-1,
            customers=0,
            late=0.9,
            layout="flat",
        )
    assert len(refused.value.faults) == 6


def test_an_instant_without_time_zone_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="time zone"):
        SimulationOptions(start=datetime(2025, 10, 1))  # noqa: DTZ001
