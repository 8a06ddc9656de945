"""Choices made from drawn bytes.

Hypothesis draws one string of bytes and everything is decided from it: a hundred times quicker than a draw
for each decision, and it still shrinks, since a zero, and the end of the bytes, is the simplest choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Dice:
    """A supply of choices.

    Args:
        data: The bytes to choose by; when they are used up, every choice is the first.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def below(self, bound: int) -> int:
        """Return a number from 0 to `bound - 1`."""
        number, reach = 0, 1
        while reach < bound:
            number = number * 256 + (self._data[self._at] if self._at < len(self._data) else 0)
            reach *= 256
            self._at += 1
        return number % bound

    def one_in(self, chances: int) -> bool:
        """Return True once in so many times."""
        return self.below(chances) == 1

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices; the first is the simplest."""
        return choices[self.below(len(choices))]
