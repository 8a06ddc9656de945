"""What was logged against what landed: whatever happened in between is found, and nothing else."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from tests.services.delivery_worlds import FILES, NOT_READ, Event, Remote, World, event, expected, worlds, write
from usagelake.errors import ConfigurationError, StorageError
from usagelake.services.progress import Silent
from usagelake.services.reconcile.emitted_files import emitted_files
from usagelake.services.reconcile.ledger import Kind
from usagelake.services.reconcile.report import BadLine, Finding
from usagelake.services.reconcile.window import Window
from usagelake.services.reconcile_delivery import reconcile_delivery
from usagelake.storage import LocalFolder

if TYPE_CHECKING:
    from usagelake.services.reconcile.report import Reconciliation
    from usagelake.storage import Storage

COUNTS = ("emitted", "landed", "missing", "extra", "different", "duplicate", "in_several", "emitted_again")
ALWAYS = Window()
NOON = "2025-10-05T12:00:00Z"


def _reconciled(
    files: Path, storage: Storage, window: Window = ALWAYS, **more: object
) -> tuple[Reconciliation, list[Finding | BadLine]]:
    told: list[Finding | BadLine] = []
    options: dict[str, object] = {"margin": timedelta(days=9), "details": told.append} | more
    found = reconcile_delivery(emitted_files([str(files)]), storage, window=window, progress=Silent(), **options)
    return found, told


def _reconciled_world(folder: Path, world: World, *, remote: bool) -> tuple[Reconciliation, list[Finding | BadLine]]:
    landed = {key: world.bodies[key] for key in world.objects} | NOT_READ
    write(folder / "logs", {name: world.bodies[name] for name in world.files})
    write(folder / "landing", {} if remote else landed)
    storage = Remote(landed) if remote else LocalFolder(folder / "landing")
    return _reconciled(folder / "logs", storage, Window(world.start, world.end), named_at_most=1000)


@pytest.mark.parametrize("remote", [False, True])
def test_everything_that_is_amiss_is_found(*, remote: bool) -> None:
    """Per event type and minute, and by name; the same as dictionaries of whole texts tell."""

    @settings(deadline=None, max_examples=250)
    @given(worlds())
    def check(world: World) -> None:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "landing").mkdir()
            found, told = _reconciled_world(Path(folder), world, remote=remote)
        model = expected(world)
        assert {
            (cell.event_type, cell.minute): Counter({name: getattr(counts, name) for name in COUNTS})
            for cell, counts in found.cells.items()
        } == model.cells
        for kind in Kind:
            names = {finding.event_id for finding in found.named[kind]}
            assert names == model.amiss[kind.value]
            assert [one for one in told if isinstance(one, Finding) and one.kind is kind] == [*found.named[kind]]
            if kind is not Kind.DUPLICATE:
                assert len(names) == len(found.named[kind]) == getattr(found.total, kind.value)
        assert found.equal == (not any(model.amiss.values()))
        _every_line_counts(world, found, told, model.emitted_bad, model.landed_bad)
        _places_are_right(Path(folder), world, told)

    check()


def _every_line_counts(
    world: World, found: Reconciliation, told: list[Finding | BadLine], emitted_bad: int, landed_bad: int
) -> None:
    for side, sources, bad in ((found.emitted, world.files, emitted_bad), (found.landed, world.objects, landed_bad)):
        rejected = sum(rejections.lines for rejections in side.rejected.values())
        assert side.sources == len(sources)
        assert side.lines == sum(map(len, sources.values())) == side.events + side.outside + rejected
        assert rejected == bad
    assert sum(isinstance(one, BadLine) for one in told) == emitted_bad + landed_bad
    assert (found.left_out.access_logs, found.left_out.other, found.left_out.by_time) == (1, 2, 0)
    assert found.left_out.other_example == "tokens/2025/10/05/12/00/_tmp.jsonl"


def _places_are_right(folder: Path, world: World, told: list[Finding | BadLine]) -> None:
    """A finding names a file and an object in which its id really stands."""
    for finding in told:
        if isinstance(finding, BadLine):
            continue
        assert (finding.emitted_in is None) == (finding.kind is Kind.EXTRA) or finding.kind is not Kind.MISSING
        assert (finding.landed_in is None) == (finding.kind is Kind.MISSING)
        if finding.emitted_in is not None:
            name = Path(finding.emitted_in).relative_to(folder / "logs").as_posix()
            assert finding.event_id in {line.event_id for line in world.files[name] if isinstance(line, Event)}
        if finding.landed_in is not None:
            lines = world.objects[finding.landed_in]
            assert finding.event_id in {line.event_id for line in lines if isinstance(line, Event)}


def _one_event(folder: Path, key: str = "tokens/2025/10/05/12/00/a.jsonl", time: str = NOON) -> Storage:
    """Log one event, and land it under a key."""
    line = event("a", "tokens", time, 1, 0).text.encode() + b"\n"
    write(folder, {"logs/a.log": line, f"landing/{key}": line})
    return LocalFolder(folder / "landing")


def test_a_faithful_delivery_is_equal(tmp_path: Path) -> None:
    """Nothing is named."""
    found, told = _reconciled(tmp_path / "logs", _one_event(tmp_path))
    assert found.equal
    assert told == []


def test_only_so_many_are_named(tmp_path: Path) -> None:
    """All of them are counted; those that are named stand in the order of the files."""
    lines = [event(f"{number:03}", "tokens", NOON, 1, 0).text for number in range(50)]
    write(tmp_path, {"logs/a.log": "\n".join(lines).encode()})
    (tmp_path / "landing").mkdir()
    storage = LocalFolder(tmp_path / "landing")
    found, _ = _reconciled(tmp_path / "logs", storage, named_at_most=3, details=None)
    assert [finding.event_id for finding in found.named[Kind.MISSING]] == ["000", "001", "002"]
    assert found.total.missing == 50
    none, _ = _reconciled(tmp_path / "logs", storage, named_at_most=0, details=None)
    assert none.named[Kind.MISSING] == ()


@pytest.mark.parametrize(
    ("key", "is_read"),
    [
        ("tokens/2025/10/05/11/00/a.jsonl", True),
        ("tokens/2025/10/05/10/59/a.jsonl", False),
        ("tokens/2025/10/05/14/00/a.jsonl", True),
        ("tokens/2025/10/05/14/01/a.jsonl", False),
        ("tokens/a.jsonl", True),
    ],
)
def test_a_margin_limits_what_is_read(tmp_path: Path, key: str, *, is_read: bool) -> None:
    """An hour before and after the window; what was not read is said, and shows as missing."""
    window = Window(datetime(2025, 10, 5, 12, tzinfo=UTC), datetime(2025, 10, 5, 13, tzinfo=UTC))
    found, _ = _reconciled(tmp_path / "logs", _one_event(tmp_path, key), window, margin=timedelta(hours=1))
    assert found.left_out.by_time == (not is_read)
    assert found.equal == is_read


def test_without_a_window_everything_is_read(tmp_path: Path) -> None:
    """However old."""
    found, _ = _reconciled(tmp_path / "logs", _one_event(tmp_path, "t/0001/01/01/00/00/a.jsonl"), margin=timedelta())
    assert found.equal


def test_an_altered_time_is_different_and_not_missing(tmp_path: Path) -> None:
    """Even where it has left the window."""
    write(
        tmp_path,
        {
            "logs/a.log": event("a", "tokens", NOON, 1, 0).text.encode(),
            "landing/t/a.jsonl": event("a", "tokens", "2025-11-05T12:00:00Z", 1, 0).text.encode(),
        },
    )
    window = Window(datetime(2025, 10, 5, tzinfo=UTC), datetime(2025, 10, 6, tzinfo=UTC))
    found, _ = _reconciled(tmp_path / "logs", LocalFolder(tmp_path / "landing"), window)
    assert (found.total.missing, found.total.different) == (0, 1)


def test_a_damaged_object_is_no_reason_to_stop(tmp_path: Path) -> None:
    """What it still gives counts; the rest is a bad line."""
    storage = _one_event(tmp_path)
    write(tmp_path, {"landing/tokens/2025/10/05/12/00/b.jsonl.gz": b"no gzip"})
    found, _ = _reconciled(tmp_path / "logs", storage)
    assert found.equal
    assert [(reason.value, rejections.lines) for reason, rejections in found.landed.rejected.items()] == [
        ("gzip data is damaged", 1)
    ]


def test_an_object_that_cannot_be_read_stops(tmp_path: Path) -> None:
    """A result without it would be wrong."""
    storage = _one_event(tmp_path)
    (tmp_path / "landing/b.jsonl").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StorageError, match=r"b\.jsonl"):
        _reconciled(tmp_path / "logs", storage)


def test_an_empty_window_is_refused() -> None:
    """It would always be equal."""
    noon = datetime(2025, 10, 5, 12, tzinfo=UTC)
    with pytest.raises(ConfigurationError, match="empty"):
        Window(noon, noon)


def test_files_folders_and_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file once, whatever leads to it; hidden ones are left out of folders."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {f"logs/{name}": b"" for name in (*FILES, ".hidden", ".d/a", "we[i]rd.log")})
    (tmp_path / "logs/link.log").symlink_to("a/billing.log")
    (tmp_path / "logs/gone.log").symlink_to("nowhere")
    names = sorted(["logs/we[i]rd.log", *(f"logs/{name}" for name in FILES)])
    assert [str(file) for file in emitted_files(["logs", "logs/a", "./logs/link.log"])] == names
    assert [str(file) for file in emitted_files(["logs/**", "logs/a/../a"])] == names
    assert [str(file) for file in emitted_files(["logs/a/billing*"])] == names[:2]
    assert [str(file) for file in emitted_files(["logs/we[i]rd.log"])] == ["logs/we[i]rd.log"]
    assert [str(file) for file in emitted_files([str(tmp_path / "logs/*.gz")])] == [str(tmp_path / f"logs/{FILES[2]}")]


@pytest.mark.parametrize("names", [[], [""], ["nowhere"], ["*.none"], ["empty"]])
def test_a_name_that_leads_nowhere_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    """Nothing would be missing from a delivery of which nobody knows what was emitted."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match="--emitted"):
        emitted_files(names)
