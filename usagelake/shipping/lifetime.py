"""What happens to shippers when their process ends, or forks."""

from __future__ import annotations

import atexit
import concurrent.futures.thread  # noqa: F401  # the SDK imports it, which fails once the interpreter ends
import os
import sys
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usagelake.shipping.shipper import Shipper

_SHIPPERS: weakref.WeakSet[Shipper] = weakref.WeakSet()


def watch(shipper: Shipper) -> None:
    """See to it that a shipper is drained when the process ends, and starts empty in a forked child."""
    _SHIPPERS.add(shipper)


def started(shipper: Shipper) -> None:
    """See to it that a child of `multiprocessing` is drained too: it ends without running what `atexit` has."""
    multiprocessing = sys.modules.get("multiprocessing.util")
    parent = getattr(sys.modules.get("multiprocessing.process"), "parent_process", lambda: None)()
    if multiprocessing is not None and parent is not None:
        multiprocessing.Finalize(shipper, _drain, args=(weakref.ref(shipper),), exitpriority=0)


def process_name(entropy: bytes) -> str:
    """Name this process's part of a spool."""
    return f"{os.getpid()}-{entropy.hex()}"


def _drain(reference: weakref.ref[Shipper]) -> None:
    shipper = reference()
    if shipper is not None:
        shipper.drain(shipper.config.shutdown_deadline)


def _drain_all() -> None:
    for shipper in list(_SHIPPERS):
        shipper.drain(shipper.config.shutdown_deadline)


def _start_all_empty() -> None:
    for shipper in list(_SHIPPERS):
        shipper.start_empty()


atexit.register(_drain_all)
os.register_at_fork(after_in_child=_start_all_empty)
