"""Commands that end: with an error when they fail, and with all their children when their time is up."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
COMMAND_S = 240.0


class CommandError(RuntimeError):
    """A command failed."""


def run(command: Sequence[str], *, cwd: Path, given: str | None = None) -> None:
    """Run a command to its end.

    Args:
        command: Program and arguments.
        cwd: Where.
        given: Its standard input.

    Raises:
        CommandError: It failed; with the end of what it wrote.
        subprocess.TimeoutExpired: It took too long.
    """
    with subprocess.Popen(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            written, _ = process.communicate(given, timeout=COMMAND_S)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # npx is but the parent of what it starts
            raise
    if process.returncode:
        raise CommandError(f"{' '.join(command[:4])} … failed: {written[-3000:]}")
