"""The spool's folder: whose part is whose, and what becomes of a part whose process ended."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.shipping.lines import MINUTE, event
from usagelake.shipping.batch import uuid7
from usagelake.shipping.config import SpoolStrength
from usagelake.shipping.drop_reason import DropReason
from usagelake.shipping.partition import Partition, Rules
from usagelake.shipping.spool import Spool, SpoolFullError
from usagelake.shipping.spool.sealed_file import content_of

if TYPE_CHECKING:
    from pathlib import Path

    from usagelake.shipping.batch import Batch

RULES = Rules(None, 2, 2_000_000)


def _spool(root: Path, name: str, *, max_bytes: int = 10**9) -> Spool:
    return Spool(root, SpoolStrength.EVERY_EVENT, max_bytes, name)


def _batches(count: int) -> list[Batch]:
    partition = Partition(uuid7(1, bytes(10)), RULES)
    return [batch for number in range(2 * count) for batch in partition.feed(event(number), MINUTE)[1]]


def test_a_living_process_keeps_its_part(tmp_path: Path) -> None:
    """Two processes on one folder do not take each other's batches."""
    ours, theirs = _spool(tmp_path, "1-a"), _spool(tmp_path, "2-b")
    for batch in _batches(2):
        theirs.write([batch])
    assert list(ours.abandoned()) == []
    theirs.close()
    [abandoned] = ours.abandoned()
    assert [batch.events for batch in abandoned.batches()] == [2, 2]
    abandoned.release()
    ours.close()


def test_a_part_is_taken_over_once(tmp_path: Path) -> None:
    """Of two processes that look at the same time, one gets it."""
    dead, first, second = (_spool(tmp_path, name) for name in ("1-a", "2-b", "3-c"))
    [batch] = _batches(1)
    dead.write([batch])
    dead.close()
    [abandoned] = first.abandoned()
    assert list(second.abandoned()) == []
    [found] = abandoned.batches()
    first.take_over(found)
    abandoned.release()
    assert list(second.abandoned()) == []
    assert first.load(found) == batch.sealed
    assert first.used == batch.file_bytes > batch.size
    first.close()
    second.close()


def test_a_killed_process_leaves_its_part(tmp_path: Path) -> None:
    """The kernel unlocks it, whatever killed the process."""
    code = (
        "import os, sys; from pathlib import Path; from usagelake.shipping.spool import Spool;"
        "from usagelake.shipping.config import SpoolStrength;"
        "Spool(Path(sys.argv[1]), SpoolStrength.SEALED, 1000, '1-a'); print('up', flush=True); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, capture_output=True)
    assert (killed.returncode, killed.stdout) == (-9, b"up\n"), killed.stderr
    ours = _spool(tmp_path, "2-b")
    [abandoned] = ours.abandoned()
    abandoned.release()
    ours.close()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["version"]


def test_an_empty_part_vanishes_when_it_is_closed(tmp_path: Path) -> None:
    """A spool that was never needed leaves nothing but its version."""
    spool = _spool(tmp_path / "deep" / "spool", "1-a")
    spool.open_journal(uuid7(1, bytes(10)), RULES, 10**6)
    spool.end_journal(uuid7(1, bytes(10)))
    spool.close()
    assert [entry.name for entry in (tmp_path / "deep" / "spool").iterdir()] == ["version"]


def test_the_bound_holds_for_batches_and_journals_together(tmp_path: Path) -> None:
    """What does not fit is refused, and what was removed makes room."""
    first, second = _batches(2)
    spool = _spool(tmp_path, "1-a", max_bytes=len(content_of(first)) + len(content_of(second)) + 100)
    journal = spool.open_journal(uuid7(1, bytes(10)), RULES, 10**6)
    spool.write([first])
    with pytest.raises(SpoolFullError, match="bound"):
        spool.write([second])
    spool.end_journal(uuid7(1, bytes(10)))
    assert journal.size > 100
    spool.write([second])
    assert spool.used == first.file_bytes + second.file_bytes
    spool.remove(first)
    assert spool.used == second.file_bytes
    spool.close()


def test_a_journal_grows_no_further_than_batches_leave_room(tmp_path: Path) -> None:
    """The bound is one, whatever is written first."""
    [batch] = _batches(1)
    spool = _spool(tmp_path, "1-a", max_bytes=2000)
    journal = spool.open_journal(uuid7(1, bytes(10)), RULES, 10**6)
    spool.write([batch])
    while journal.append(b'{"id":1}\n'):
        pass
    assert 1900 < spool.used <= 2000
    spool.remove(batch)
    assert journal.append(b'{"id":1}\n')
    spool.close()


def test_another_versions_spool_is_left_alone(tmp_path: Path) -> None:
    """Its files are not guessed at."""
    (tmp_path / "version").write_text("usagelake-spool 99\n")
    with pytest.raises(OSError, match="another version"):
        _spool(tmp_path, "1-a")
    assert [entry.name for entry in tmp_path.iterdir()] == ["version"]


def test_refused_lines_are_kept_with_their_reason(tmp_path: Path) -> None:
    """Whatever bytes they are, as JSON that anybody can read."""
    spool = _spool(tmp_path, "1-a")
    spool.refuse(b"\xff\x00nonsense\n", DropReason.NOT_UTF8, 7.0)
    spool.refuse(b"x" * 200_000, DropReason.NOT_JSON, 8.0)
    spool.close()
    first, second = (json.loads(line) for line in (tmp_path / "rejected.jsonl").read_text().splitlines())
    assert first == {"at": 7.0, "reason": "not_utf8", "bytes": 11, "line": "\ufffd\x00nonsense\n"}
    assert (second["bytes"], len(second["line"])) == (200_000, 65_536)


def test_positions_outlive_the_process(tmp_path: Path) -> None:
    """Each source has its own, whatever its name."""
    spool = _spool(tmp_path, "1-a")
    spool.positions.write({"8:1:abc": 7, "8:2:/../x": 9})
    spool.positions.write({"8:1:abc": 11})
    spool.close()
    spool = _spool(tmp_path, "2-b")
    assert [spool.positions.read(source) for source in ("8:1:abc", "8:2:/../x", "other")] == [11, 9, None]
    spool.close()
