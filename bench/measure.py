"""One process, measured: wall time, CPU time and peak memory from the rusage that wait4 returns."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class ContestantError(Exception):
    """A contestant failed, or found something else than the others."""


@dataclass(frozen=True)
class Measurement:
    """What one run took.

    Args:
        wall_s: Seconds from start to end.
        cpu_s: User and system seconds, of children that were waited for too.
        peak_mb: The largest resident set of the process or of one of its children, in MB (2^20 bytes).
    """

    wall_s: float
    cpu_s: float
    peak_mb: float


def measure(command: Sequence[str], scratch: Path) -> tuple[Measurement, str]:
    """Run a command to its end.

    Args:
        command: The program, to be found on PATH, and its arguments.
        scratch: A folder for its two outputs.

    Returns:
        What it took, and what it printed.

    Raises:
        ContestantError: When it ends with another code than 0; the end of its errors is in the message.
    """
    printed, errors = scratch / "stdout", scratch / "stderr"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(printed), flags, 0o644),
        (os.POSIX_SPAWN_OPEN, 2, str(errors), flags, 0o644),
    ]
    started = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(process, 0)
    wall_s = time.perf_counter() - started
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        said = errors.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise ContestantError(f"{' '.join(command)} ended with {code}:\n{said}")
    taken = Measurement(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
    return taken, printed.read_text(encoding="utf-8")
