"""What `usagelake ship` says while it works and when it ends."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest

from usagelake.cli.ship_output import Progress, tell
from usagelake.cli.ship_run import Outcome
from usagelake.shipping.config import ShippingConfig
from usagelake.shipping.snapshot import Snapshot

NOTHING = Snapshot(
    offered=0, recovered=0, delivered=0, failed=0, dropped={}, buffered=0, in_flight=0, spooled=0, batches=0, bytes=0,
    retries=0, spool_bytes=0, oldest_age=0.0, last_delivery=None,
)  # fmt: skip
BUSY = replace(
    NOTHING, offered=1_500, delivered=1_200, batches=24, buffered=295, oldest_age=12.3, dropped={"not_json": 5}
)


def test_progress_is_said_once_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, not again for the snapshot of the end, and never when it is to be quiet."""
    now = 0.0
    loud, quiet = Progress(quiet=False, clock=lambda: now), Progress(quiet=True, clock=lambda: now)
    for now in (1.0, 60.0, 62.0, 120.0):
        loud(BUSY if now < 100 else NOTHING)
        quiet(BUSY)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "usagelake: 1,200 events delivered in 24 objects, 295 waiting, the oldest for 12 s, 5 refused or lost\n"
        "usagelake: 0 events delivered in 0 objects, 0 waiting\n"
    )


@pytest.mark.parametrize(
    ("snapshot", "lost", "refused"),
    [
        (NOTHING, 0, 0),
        (replace(NOTHING, delivered=5, spooled=5), 0, 0),
        (replace(NOTHING, failed=2, dropped={"shutdown": 3, "buffer_full": 4, "not_json": 7}), 9, 7),
        (replace(NOTHING, dropped={"line_too_long": 1, "id_missing": 1, "spool_damaged": 1}), 1, 2),
        (replace(NOTHING, buffered=1, in_flight=2), 3, 0),
    ],
)
def test_what_counts_as_lost(snapshot: Snapshot, lost: int, refused: int) -> None:
    """All that is neither delivered nor on disk; what a line itself is to blame for is refused."""
    outcome = Outcome(snapshot, signal.SIGTERM, ())
    assert (outcome.lost, outcome.refused) == (lost, refused)


def test_the_end_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """What needs somebody on standard error, the counts on standard output, unless that is somebody else's."""
    snapshot = replace(NOTHING, offered=10, delivered=4, spooled=2, failed=3, dropped={"not_json": 1})
    outcome = Outcome(snapshot, None, ("socket x: cannot be read any more (why)",))
    spooling = ShippingConfig(to="landing", spool=Path("spool"))
    tell(outcome, spooling, as_json=False, quiet=False, table_to_stderr=False)
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        "usagelake: socket x: cannot be read any more (why)",
        "usagelake: lines that cannot be delivered: 1 (not_json 1); see spool/rejected.jsonl",
        "usagelake: events lost: 3; the spool was full, or could not be used",
        "usagelake: events left in spool: 2; the next run with this spool delivers them",
    ]
    rows = [row.rsplit(maxsplit=1) for row in printed.out.splitlines() if row.strip()][2:]
    assert [(name.strip(), count) for name, count in rows] == [
        ("offered", "10"),
        ("delivered", "4"),
        ("dropped: not_json", "1"),
        ("failed", "3"),
        ("left in the spool", "2"),
        ("objects", "0"),
        ("bytes", "0"),
    ]
    tell(outcome, spooling, as_json=False, quiet=False, table_to_stderr=True)
    assert capsys.readouterr().out == ""
    tell(outcome, ShippingConfig(to="landing"), as_json=False, quiet=True, table_to_stderr=False)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "they are not kept; use --spool" in printed.err
