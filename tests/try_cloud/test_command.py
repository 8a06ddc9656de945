"""A command that fails says what it wrote, and one that takes too long is ended with its children."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.try_cloud import command
from tests.try_cloud.command import CommandError, run


def test_a_failure_tells_what_was_written(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no such stack"):
        run([sys.executable, "-c", "import sys; sys.exit('no such stack')"], cwd=tmp_path)


def test_what_takes_too_long_is_ended_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "COMMAND_S", 2.0)
    with pytest.raises(subprocess.TimeoutExpired):
        run(["sh", "-c", "sleep 600 & echo $! > child; wait"], cwd=tmp_path)
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 30
    while _lives(child):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
