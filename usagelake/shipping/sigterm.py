"""SIGTERM as an exit, for services that want it."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType

EXIT_CODE = 128 + signal.SIGTERM
"""What a shell gives for a process that SIGTERM ended."""


def exit_on_sigterm() -> bool:
    """Let SIGTERM end this process as `sys.exit` does, so that what shippers hold is delivered within their deadline.

    Without it, SIGTERM ends a Python process at once. A library does not take its service's signals, so this is for
    the service to call, from its main thread. Servers such as gunicorn and uvicorn turn SIGTERM into an exit by
    themselves.

    Returns:
        False when the service has a handler of its own, which is left in place.

    Raises:
        ValueError: It is called from another thread than the main one.
    """
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return False
    signal.signal(signal.SIGTERM, _exit)
    return True


def _exit(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(EXIT_CODE)
