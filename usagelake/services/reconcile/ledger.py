"""Every id that was met, in about 160 bytes: where it was emitted, where it landed, and what is amiss with it.

Ids are kept as 16-byte digests and contents as their 60-bit `content_hash`; texts are not kept.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_DIGEST_BYTES: Final = 16
_NOWHERE: Final = -1
_DIFFERS: Final = 1
_IN_SEVERAL: Final = 2
_NAMED: Final = 4


class Kind(StrEnum):
    """What can be amiss with an event."""

    MISSING = "missing"
    """Emitted, and not landed."""

    EXTRA = "extra"
    """Landed, and not emitted."""

    DIFFERENT = "different"
    """Landed under an id that has more than one content, of all that was emitted and landed."""

    DUPLICATE = "duplicate"
    """Landed once more with the same id and the same content."""


@dataclass(slots=True)
class Counts:
    """What became of the events of one event type and minute.

    Attributes:
        emitted: Ids emitted.
        landed: Ids landed.
        extra: Ids landed and not emitted.
        different: Ids landed that have more than one content.
        duplicate: Lines landed beyond the first with the same id and content.
        in_several: Ids that landed in more than one object.
        emitted_again: Lines emitted beyond the first with the same id and content.
    """

    emitted: int = 0
    landed: int = 0
    extra: int = 0
    different: int = 0
    duplicate: int = 0
    in_several: int = 0
    emitted_again: int = 0

    @property
    def missing(self) -> int:
        """Ids emitted and not landed."""
        return self.emitted - (self.landed - self.extra)

    @property
    def equal(self) -> bool:
        """Whether each emitted event landed once, as it was emitted, and nothing else did."""
        return self.missing == self.extra == self.different == self.duplicate == 0

    def add(self, other: Counts) -> None:
        """Add another's counts to these."""
        for name in Counts.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """An event type and a minute of event time."""

    event_type: str
    minute: datetime


class Ledger:
    """The ids of both sides; everything that is emitted is entered first."""

    def __init__(self) -> None:
        self._slots: dict[bytes, int] = {}
        self._emitted_content = array("q")
        self._landed_content = array("q")
        self._emitted_in = array("i")
        self._landed_in = array("i")
        self._cell = array("I")
        self._marks = bytearray()
        # Ids with more than one content on one side are rare.
        self._more_emitted: dict[int, set[int]] = defaultdict(set)
        self._more_landed: dict[int, set[int]] = defaultdict(set)
        self._cells: dict[Cell, int] = {}
        self._counts: list[Counts] = []

    @property
    def cells(self) -> Mapping[Cell, Counts]:
        """The counts of every event type and minute that was met; an id counts where it was first emitted."""
        return {cell: self._counts[number] for cell, number in self._cells.items()}

    def emit(self, event_id: str, content: int, cell: Cell, file: int) -> None:
        """Enter an event that was emitted, from the file of that number."""
        key = _digest(event_id)
        slot = self._slots.get(key)
        if slot is None:
            slot = self._enter(key, cell)
            self._emitted_content[slot], self._emitted_in[slot] = content, file
            self._counts[self._cell[slot]].emitted += 1
        elif content == self._emitted_content[slot] or content in self._more_emitted.get(slot, ()):
            self._counts[self._cell[slot]].emitted_again += 1
        else:
            self._more_emitted[slot].add(content)

    def emitted_content(self, event_id: str) -> int | None:
        """Give the content with which an id was first emitted; None when it was not."""
        slot = self._slots.get(_digest(event_id))
        return None if slot is None or self._emitted_in[slot] == _NOWHERE else self._emitted_content[slot]

    def emitted_in(self, event_id: str) -> int | None:
        """Give the number of the file in which an id was first emitted; None when it was not."""
        slot = self._slots.get(_digest(event_id))
        return None if slot is None or self._emitted_in[slot] == _NOWHERE else self._emitted_in[slot]

    def was_emitted(self, event_id: str) -> bool:
        """Tell whether an id was emitted."""
        return self.emitted_in(event_id) is not None

    def land(self, event_id: str, content: int, cell: Cell | None, landed_in: int) -> set[Kind]:
        """Enter an event that landed.

        Args:
            event_id: Its id.
            content: Its `content_hash`.
            cell: Where it counts when its id was not met before; may be None for one that was.
            landed_in: The number of its object.

        Returns:
            What is amiss and was not known before.
        """
        key = _digest(event_id)
        slot = self._slots.get(key)
        if slot is None:
            if cell is None:
                raise ValueError(f"{event_id}: an id that was not met before needs a cell")
            slot = self._enter(key, cell)
            self._landed_content[slot], self._landed_in[slot] = content, landed_in
            counts = self._counts[self._cell[slot]]
            counts.landed += 1
            counts.extra += 1
            return {Kind.EXTRA}
        counts = self._counts[self._cell[slot]]
        if self._landed_in[slot] == _NOWHERE:
            self._landed_content[slot], self._landed_in[slot] = content, landed_in
            counts.landed += 1
            if content == self._emitted_content[slot] and slot not in self._more_emitted:
                return set()
            return self._differs(slot, counts)
        if landed_in != self._landed_in[slot] and not self._marks[slot] & _IN_SEVERAL:
            self._marks[slot] |= _IN_SEVERAL
            counts.in_several += 1
        if content == self._landed_content[slot] or content in self._more_landed.get(slot, ()):
            counts.duplicate += 1
            return {Kind.DUPLICATE}
        self._more_landed[slot].add(content)
        return self._differs(slot, counts)

    def files_with_missing(self) -> list[int]:
        """Give the numbers of the files in which something was emitted that did not land."""
        sides = zip(self._emitted_in, self._landed_in, strict=True)
        return sorted({file for file, landed_in in sides if file != _NOWHERE and landed_in == _NOWHERE})

    def name_missing(self, event_id: str) -> bool:
        """Tell whether an id is missing and was not asked for before."""
        slot = self._slots.get(_digest(event_id))
        if slot is None or self._landed_in[slot] != _NOWHERE or self._marks[slot] & _NAMED:
            return False
        self._marks[slot] |= _NAMED
        return True

    def _enter(self, key: bytes, cell: Cell) -> int:
        slot = self._slots[key] = len(self._marks)
        number = self._cells.setdefault(cell, len(self._counts))
        if number == len(self._counts):
            self._counts.append(Counts())
        for column in (self._emitted_content, self._landed_content, self._emitted_in, self._landed_in):
            column.append(_NOWHERE)
        self._cell.append(number)
        self._marks.append(0)
        return slot

    def _differs(self, slot: int, counts: Counts) -> set[Kind]:
        if self._marks[slot] & _DIFFERS:
            return set()
        self._marks[slot] |= _DIFFERS
        counts.different += 1
        return {Kind.DIFFERENT}


def _digest(event_id: str) -> bytes:
    return blake2b(event_id.encode(), digest_size=_DIGEST_BYTES).digest()
