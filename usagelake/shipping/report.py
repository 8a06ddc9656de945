"""What a shipper says of itself: on a logger of its own, from its own threads, and of each kind once a minute."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

LOGGER: Final = "usagelake.shipping"
"""Never below `billing`: what is said here is no billing event."""

_QUIET: Final = 60.0


class Report:
    """Says what went wrong, once a minute for each kind.

    Args:
        monotonic: Seconds that never go back.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._said: dict[str, float] = {}
        self._lock = threading.Lock()

    def warn(self, kind: str, message: str, *arguments: object) -> None:
        """Say something that will pass, unless this kind was said in the last minute."""
        self._say(logging.WARNING, kind, message, arguments)

    def alarm(self, kind: str, message: str, *arguments: object) -> None:
        """Say something that somebody has to look at, unless this kind was said in the last minute."""
        self._say(logging.ERROR, kind, message, arguments)

    def _say(self, level: int, kind: str, message: str, arguments: tuple[object, ...]) -> None:
        now = self._monotonic()
        with self._lock:
            said = self._said.get(kind)
            if said is not None and now - said < _QUIET:
                return
            self._said[kind] = now
        logging.getLogger(LOGGER).log(level, message, *arguments)
