"""How long work tells of itself."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is told of work as it goes on; a terminal draws it, a script ignores it."""

    def start(self, step: str, *, total: int, unit: str) -> None:
        """Tell that a step of so many units begins."""

    def advance(self, amount: int) -> None:
        """Tell that so many units are done."""

    def finish(self) -> None:
        """Tell that the step is done."""


class Silent:
    """Progress that nobody watches."""

    def start(self, step: str, *, total: int, unit: str) -> None:
        """Ignore it."""

    def advance(self, amount: int) -> None:
        """Ignore it."""

    def finish(self) -> None:
        """Ignore it."""
