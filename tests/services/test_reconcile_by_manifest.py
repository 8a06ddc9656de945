"""Counts that objects carry against what was emitted: no false alarm, and no count that cannot be is passed over."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.delivery_worlds import Remote, event, write
from usagelake.domain.manifest import Manifest
from usagelake.errors import ConfigurationError
from usagelake.services.progress import Silent
from usagelake.services.reconcile.by_manifest import reconcile_by_manifest
from usagelake.services.reconcile.emitted_files import emitted_files
from usagelake.services.reconcile.window import Window
from usagelake.storage import LocalFolder

if TYPE_CHECKING:
    from usagelake.services.reconcile.by_manifest import CountReconciliation
    from usagelake.storage import Storage

ALWAYS = Window()
NOON = datetime(2025, 10, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTES = st.integers(-150, 150)
TYPES = ("tokens", "bytes")
Emitted = tuple[str, int]
Batches = dict[str, list[str]]


def _timestamp(minute: int) -> str:
    return (NOON + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")


def _remote(batches: Batches, silent: tuple[str, ...] = ()) -> Remote:
    """Give a landing that would fail the test if a body were read: nothing stands in it."""
    metadata = {key: Manifest.of(b"\n" * len(times), times).metadata() for key, times in batches.items()}
    return Remote(dict.fromkeys(batches, b""), {key: told for key, told in metadata.items() if key not in silent})


def _reconciled(
    emitted: list[Emitted], storage: Storage, window: Window = ALWAYS, *, bad: int = 0, mixed: bool = False
) -> CountReconciliation:
    lines = [event(f"{number}", kind, _timestamp(at), 1, 0).text for number, (kind, at) in enumerate(emitted)]
    with TemporaryDirectory() as folder:
        write(Path(folder), {"a.log": "\n".join([*lines, *["bad"] * bad]).encode()})
        return reconcile_by_manifest(
            emitted_files([folder]), storage, window=window,
            margin=timedelta(days=1), progress=Silent(), mixed=mixed,
        )  # fmt: skip


def _batches(emitted: list[Emitted], size: int, *, mixed: bool = False) -> Batches:
    """Put events into objects, those of a type by time, so many in each."""
    batches: Batches = {}
    for kind in TYPES:
        times = sorted(at for name, at in emitted if name == kind)
        for start in range(0, len(times), size):
            taken = times[start : start + size]
            arrival = NOON + timedelta(minutes=taken[0])
            prefix = "data-api" if mixed else kind
            batches[f"{prefix}/{arrival:%Y/%m/%d/%H/%M}/{kind}{start}.jsonl"] = [_timestamp(at) for at in taken]
    return batches


EMITTED = st.lists(st.tuples(st.sampled_from(TYPES), MINUTES), max_size=30)
WINDOWS = st.sampled_from((ALWAYS, Window(NOON - HOUR, NOON + HOUR), Window(NOON), Window(None, NOON)))


@settings(deadline=None)
@given(EMITTED, st.integers(1, 7), WINDOWS, st.booleans())
def test_a_faithful_delivery_agrees(emitted: list[Emitted], size: int, window: Window, mixed: bool) -> None:
    """However batches are cut, across hours and across the window's ends; and the bounds hold the truth."""
    found = _reconciled(emitted, _remote(_batches(emitted, size, mixed=mixed)), window, mixed=mixed)
    assert found.equal
    inside = [
        (name, NOON + timedelta(minutes=at)) for name, at in emitted if window.contains(NOON + timedelta(minutes=at))
    ]
    truth = Counter("(all)" if mixed else name for name, _ in inside)
    assert {name: span.emitted for name, span in found.totals.items() if span.emitted} == truth
    for name, span in found.totals.items():
        assert span.at_least <= truth[name] <= span.at_most
    if window is ALWAYS:
        assert all(span.at_least == span.at_most for span in found.totals.values())
    assert sum(span.emitted for span in found.hours.values()) == len(inside)
    for (_, hour), span in found.hours.items():
        assert window.contains(hour)
        if size == 1:
            assert span.at_least == span.emitted == span.at_most


@settings(deadline=None)
@given(EMITTED.filter(bool), st.integers(1, 7), st.data())
def test_a_lost_object_is_found(emitted: list[Emitted], size: int, data: st.DataObject) -> None:
    """And one that is too many, too."""
    batches = _batches(emitted, size)
    lost = data.draw(st.sampled_from(sorted(batches)))
    assert not _reconciled(emitted, _remote({key: times for key, times in batches.items() if key != lost})).equal
    assert not _reconciled(emitted, _remote(batches | {lost.replace(".jsonl", "x.jsonl"): batches[lost]})).equal


def test_an_event_in_another_hour_is_found() -> None:
    """The totals agree, the hours do not."""
    found = _reconciled([("tokens", 0)], _remote(_batches([("tokens", 90)], 1)))
    assert found.totals["tokens"].equal()
    assert not found.equal


@pytest.mark.parametrize(
    ("times", "window", "at_least", "at_most"),
    [
        ((-5, 1, 2), Window(NOON), 1, 2),
        ((-5, -4, 2), Window(None, NOON), 1, 2),
        ((-5, 1, 2, 65), Window(NOON, NOON + HOUR), 0, 2),
        ((-5, 65), Window(NOON, NOON + HOUR), 0, 0),
        ((-5, -4, 0), Window(NOON - HOUR, NOON), 1, 2),
    ],
)
def test_an_object_that_the_window_cuts(times: tuple[int, ...], window: Window, at_least: int, at_most: int) -> None:
    """Its ends are known to be inside or outside; what is between may be either."""
    storage = _remote({"tokens/2025/10/05/11/55/a.jsonl": [_timestamp(at) for at in times]})
    total = _reconciled([("bytes", 0)], storage, window).totals["tokens"]
    assert (total.at_least, total.at_most) == (at_least, at_most)


def test_a_bad_line_may_have_landed_or_not() -> None:
    """It is counted, and is no difference."""
    storage = _remote({"tokens/2025/10/05/12/00/a.jsonl": [_timestamp(0), _timestamp(0)]})
    assert _reconciled([("tokens", 0)], storage, bad=1).equal
    assert not _reconciled([("tokens", 0)], storage).equal
    assert _reconciled([("tokens", 0), ("tokens", 0)], storage, bad=1).equal


def test_an_object_that_keeps_silent_is_a_difference() -> None:
    """It is counted and named, even where it would have agreed."""
    batches = _batches([("tokens", 0), ("bytes", 0)], 1)
    silent = next(iter(batches))
    found = _reconciled([("bytes", 0)], _remote(batches, (silent,)))
    assert (found.without_manifest, found.without_manifest_example) == (1, silent)
    assert found.objects == 1
    assert not found.equal


def test_an_object_without_times_counts_at_its_keys() -> None:
    """Its events have no readable time."""
    found = _reconciled([("tokens", 5)], _remote({"tokens/2025/10/05/12/30/a.jsonl": [""]}))
    assert found.equal


def test_a_place_without_metadata_is_refused(tmp_path: Path) -> None:
    """The lack of counts is no difference."""
    write(tmp_path, {"landing/tokens/2025/10/05/12/00/a.jsonl": b""})

    class Folder(LocalFolder):
        def metadata(self, key: str) -> None:
            """Nothing is kept."""

    with pytest.raises(ConfigurationError, match="keeps no metadata"):
        _reconciled([("tokens", 0)], Folder(tmp_path / "landing"))


def test_half_hours_are_refused() -> None:
    """Hours are all that can be compared."""
    with pytest.raises(ConfigurationError, match="whole hours"):
        _reconciled([("tokens", 0)], _remote({}), Window(NOON + HOUR / 2))
