"""Runs of the command line as processes that can be killed, cheaply: see `fork_server.py`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.cli.fork_server import GONE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

__all__ = ["GONE", "ForkedRuns"]

_SERVER = Path(__file__).with_name("fork_server.py")


class ForkedRuns:
    """Runs commands, one at a time.

    Args:
        folder: Holds what the last command printed.
        batch_objects: How many landing objects make a batch.
        meters: The packaged meters that there are; none for all.
    """

    def __init__(self, folder: Path, *, batch_objects: int, meters: Sequence[str] = ()) -> None:
        self._log = folder / "printed"
        self._batch_objects = batch_objects
        self._server = subprocess.Popen(
            [sys.executable, str(_SERVER), *meters], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()

    @property
    def printed(self) -> str:
        """What the last command printed, on both streams."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def run(
        self,
        arguments: Sequence[str],
        *,
        kill_after: float | None = None,
        by: signal.Signals = signal.SIGKILL,
        changes: int | None = None,
        renames: int | None = None,
    ) -> int:
        """Run a command.

        Args:
            arguments: The command's.
            kill_after: Seconds after which a signal comes, if the command still runs.
            by: The signal.
            changes: The command dies by itself once its engine has worked so many statements that change
                something.
            renames: The command dies by itself once it has renamed so many files or folders.

        Returns:
            Its exit code, or a signal's number below zero.
        """
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        request = {
            "arguments": list(arguments),
            "batch_objects": self._batch_objects,
            "log": str(self._log),
            "changes": changes,
            "renames": renames,
        }
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        child = int(self._server.stdout.readline())
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):
                os.kill(child, by)
        return os.waitstatus_to_exitcode(int(self._server.stdout.readline()))
