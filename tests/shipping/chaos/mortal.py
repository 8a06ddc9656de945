"""A process that dies, or a disk that fails, at an exact point: at the n-th change of a file."""

from __future__ import annotations

import errno
import os
import random
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

CHANGES = ("write", "fsync", "fdatasync", "rename", "replace", "unlink", "remove", "ftruncate", "mkdir", "rmdir")


def die() -> None:
    """Be killed: nothing runs any more, neither `finally` nor atexit."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_change(number: int, dice: random.Random) -> None:
    """Let this process be killed before, amid or after its n-th change of a file.

    Args:
        number: Which; counted over every function of `CHANGES`.
        dice: Decides between before and after, and how much of a write is done.
    """
    left = [number]
    after, share = dice.random() < 0.5, dice.random()
    write = os.write

    def mortal(change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*arguments: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] != 0:
                return change(*arguments, **named)
            if change is write and not after:
                write(arguments[0], bytes(arguments[1])[: int(len(arguments[1]) * share)])
            elif after:
                change(*arguments, **named)
            return die()

        return changed

    for name in CHANGES:
        setattr(os, name, mortal(getattr(os, name)))


def fail_changes(rate: float, dice: random.Random, *, spare: set[int]) -> None:
    """Let a share of the changes fail as a full or broken disk does, writes sometimes after a part of them.

    Args:
        rate: The share.
        dice: Decides.
        spare: Descriptors that always work: what the test itself writes to.
    """

    def failing(change: Callable[..., Any], *, writes: bool) -> Callable[..., Any]:
        def changed(*arguments: Any, **named: Any) -> Any:
            if (arguments and arguments[0] in spare) or dice.random() >= rate:
                return change(*arguments, **named)
            if writes and dice.random() < 0.5:
                return change(arguments[0], bytes(arguments[1])[: int(len(arguments[1]) * dice.random())])
            raise OSError(dice.choice((errno.ENOSPC, errno.EIO)), "as the test wants it")

        return changed

    for name in (*CHANGES, "open"):
        setattr(os, name, failing(getattr(os, name), writes=name == "write"))
