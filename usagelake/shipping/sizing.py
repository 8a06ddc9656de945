"""How much disk and memory rides out an outage, and what each strength of the spool loses.

What the figures rest on, all of it upper bounds:

* A batch of one event type and one process is sealed at 50 events or 2,000,000 bytes, and what has not filled one each
  `max_age`.
* An event that is not sealed is one of at most `max_age` worth, and of at most 49 of each event type. At most four
  batches of a process are in requests under way; a spool has them on disk.
* Disk: objects of the outage x (400 bytes of header + lines, rounded up to blocks of 4,096 bytes), and with
  `every-event` two journals of `max_age` worth of lines a process: one that is written, and one whose batches are not
  yet safe elsewhere. Plus 20 % headroom.
* Buffer: what the strength keeps in memory alone. Without a spool that is all of the outage; with one it is what is not
  sealed, and what is being uploaded. Plus 20 % headroom.
* Catching up: objects of the outage / (objects uploaded - objects newly sealed, a second).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import Final

from usagelake.shipping.config import CONTRACT_BYTES, CONTRACT_EVENTS, SpoolStrength

MAX_AGE: Final = Fraction(10)
UPLOADS: Final = 4
UPLOADS_PER_SECOND: Final = Fraction(10)
"""What one upload after another reaches at S3's usual 100 ms a put."""

_HEADER_BYTES: Final = 400
_JOURNAL_BYTES: Final = 16 * 1024 * 1024
_BLOCK_BYTES: Final = 4096
_HEADROOM: Final = Fraction(6, 5)


class Strength(StrEnum):
    """What of an event stands on disk, and when; from the weakest to the strongest."""

    NONE = "none"
    """Nothing: events are in memory until they are delivered."""

    SEALED = SpoolStrength.SEALED.value
    """Each batch, once it is sealed and before it is uploaded."""

    EVERY_EVENT = SpoolStrength.EVERY_EVENT.value
    """Each event before `emit` returns; it is fsynced when a batch is sealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a machine's shippers have to carry.

    Attributes:
        events_per_second: Of all processes together; above zero.
        bytes_per_event: A line's bytes, without its line feed.
        outage: How long nothing can be delivered, in seconds.
        processes: How many share the load evenly, each with a buffer of its own.
        event_types: How many share it evenly, each with batches of its own.
        max_age: After how many seconds a batch is sealed, however small it is.
        objects_per_second: What all processes together can upload; None for `UPLOADS` at a time each.
    """

    events_per_second: Fraction
    bytes_per_event: int
    outage: Fraction
    processes: int = 1
    event_types: int = 3
    max_age: Fraction = MAX_AGE
    objects_per_second: Fraction | None = None

    @property
    def uploads_per_second(self) -> Fraction:
        """Objects that can be uploaded a second."""
        if self.objects_per_second is not None:
            return self.objects_per_second
        return self.processes * UPLOADS * UPLOADS_PER_SECOND

    @property
    def full_batch(self) -> int:
        """How many events the largest batch holds."""
        return max(1, min(CONTRACT_EVENTS, CONTRACT_BYTES // self.line_bytes))

    @property
    def line_bytes(self) -> int:
        """A line's bytes, with its line feed."""
        return self.bytes_per_event + 1

    @property
    def lanes(self) -> int:
        """Each process gathers each event type apart."""
        return self.processes * self.event_types

    @property
    def batches(self) -> tuple[int, int, int]:
        """How many full batches a lane seals in each `max_age`, and how many others, and the events of such a one."""
        gathered = max(Fraction(1), self.events_per_second / self.lanes * self.max_age)
        full, rest = divmod(gathered, self.full_batch)
        return int(full), int(rest > 0), ceil(rest)

    @property
    def objects_sealed_per_second(self) -> Fraction:
        """Batches sealed a second, by all processes; where events are rare, each is one."""
        full, others, _ = self.batches
        return min(self.events_per_second, (full + others) * self.lanes / self.max_age)

    @property
    def unsealed(self) -> int:
        """At most how many events of one process are in no sealed batch."""
        aged = ceil(self.events_per_second / self.processes * self.max_age)
        # The event that makes 50 seals the batch it joins; one that would make it too long seals the one before it.
        young = CONTRACT_EVENTS - 1 if self.full_batch == CONTRACT_EVENTS else self.full_batch
        return min(aged, self.event_types * young)

    @property
    def uploading(self) -> int:
        """At most how many events of one process are in requests under way."""
        full, _, rest = self.batches
        return UPLOADS * (self.full_batch if full else rest)

    @property
    def sealed_bytes_per_second(self) -> Fraction:
        """What sealed batches take on disk, of all processes."""
        full, others, rest = self.batches
        size = full * _on_disk(self.full_batch * self.line_bytes) + others * _on_disk(rest * self.line_bytes)
        return self.objects_sealed_per_second * size / (full + others)


@dataclass(frozen=True, slots=True)
class Need:
    """What one strength needs and loses.

    Attributes:
        strength: Which.
        spool_bytes: Disk of one process: what its `spool_bytes` must allow.
        buffer_events: Memory of one process, in events.
        buffer_bytes: The same, in bytes of lines.
        lost_by_process: Events lost when one process is killed (SIGKILL) in normal times.
        lost_by_machine: Events lost when the machine dies in normal times and its disk does not.
        lost_by_process_in_outage: The same as `lost_by_process`, at the end of the outage.
        lost_by_machine_in_outage: The same as `lost_by_machine`, at the end of the outage.
        lost_by_outage: Events lost by the outage alone, with the disk and buffer above.
    """

    strength: Strength
    spool_bytes: int
    buffer_events: int
    buffer_bytes: int
    lost_by_process: int
    lost_by_machine: int
    lost_by_process_in_outage: int
    lost_by_machine_in_outage: int
    lost_by_outage: int

    @property
    def worst(self) -> int:
        """The most that any one of these takes."""
        return max(
            self.lost_by_process,
            self.lost_by_machine,
            self.lost_by_process_in_outage,
            self.lost_by_machine_in_outage,
            self.lost_by_outage,
        )


def needs(load: Load) -> tuple[Need, ...]:
    """Tell what each strength needs and loses, the weakest first.

    Example:
        >>> load = Load(events_per_second=Fraction(500), bytes_per_event=300, outage=Fraction(3600))
        >>> [(need.strength.value, need.worst) for need in needs(load)]
        [('none', 1800000), ('sealed', 147), ('every-event', 147)]
    """
    backlog = ceil(load.events_per_second * load.outage)
    return (_without_spool(load, backlog), _with_spool(load, Strength.SEALED), _with_spool(load, Strength.EVERY_EVENT))


def catch_up(load: Load) -> Fraction | None:
    """Tell how many seconds after the outage all of it is delivered; None when that is never."""
    spare = load.uploads_per_second - load.objects_sealed_per_second
    if spare <= 0:
        return None
    return load.objects_sealed_per_second * load.outage / spare


def recommended(load: Load, acceptable: int) -> Strength | None:
    """Name the weakest strength that never loses more events than are acceptable; None when each may."""
    return next((need.strength for need in needs(load) if need.worst <= acceptable), None)


def _without_spool(load: Load, backlog: int) -> Need:
    normally = load.unsealed + load.uploading
    kept = max(normally, ceil(Fraction(backlog, load.processes)))
    return Need(
        strength=Strength.NONE,
        spool_bytes=0,
        buffer_events=(buffer := ceil(kept * _HEADROOM)),
        buffer_bytes=buffer * load.line_bytes,
        lost_by_process=normally,
        lost_by_machine=normally * load.processes,
        lost_by_process_in_outage=kept,
        lost_by_machine_in_outage=max(normally * load.processes, backlog),
        lost_by_outage=0,
    )


def _with_spool(load: Load, strength: Strength) -> Need:
    killed = 0 if strength is Strength.EVERY_EVENT else load.unsealed
    disk = load.sealed_bytes_per_second * load.outage
    if strength is Strength.EVERY_EVENT:
        aged = ceil(load.events_per_second / load.processes * load.max_age)
        disk += load.processes * 2 * _on_disk(min(_JOURNAL_BYTES, aged * load.line_bytes))
    return Need(
        strength=strength,
        spool_bytes=ceil(disk * _HEADROOM / load.processes),
        buffer_events=(buffer := ceil((load.unsealed + load.uploading) * _HEADROOM)),
        buffer_bytes=buffer * load.line_bytes,
        lost_by_process=killed,
        lost_by_machine=load.unsealed * load.processes,
        lost_by_process_in_outage=killed,
        lost_by_machine_in_outage=load.unsealed * load.processes,
        lost_by_outage=0,
    )


def _on_disk(size: int) -> int:
    """Tell what so many bytes of lines take as a file: with its header, in whole blocks of the file system."""
    return -(-(_HEADER_BYTES + size) // _BLOCK_BYTES) * _BLOCK_BYTES
