"""Landing objects: when a buffer is sealed, what its key is, and its bytes."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usagelake.errors import StorageError
from usagelake.simulation.draws import uuid7, uuids
from usagelake.simulation.options import from_epoch_ms

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from usagelake.simulation.account import SourceAccount

ACCESS_LOG_PREFIX = "apigw_access"
UPSTREAM_PREFIX = "data-api"

_STREAM = "usage-prod-1"
_NEVER = 1 << 62
_BOM = "\xef\xbb\xbf".encode("latin-1").decode("ascii", "surrogateescape")
_BLANK_LINES = ("\n", " \n", "\r\n", "\t\n")
_MOST_BLANK_LINES = 100
_NOISE_BYTES = 3 * _MOST_BLANK_LINES + 3
_LONGEST_JOINED = 65_536
_STORED_BLOCK = 65_535


def firehose_key(rng: random.Random, opened_ms: int, _sealed_ms: int) -> str:
    """Return a key as Firehose writes it: the time is the arrival of the object's oldest record."""
    opened = from_epoch_ms(opened_ms)
    name = f"{_STREAM}-{opened:%Y-%m-%d-%H-%M-%S}-{uuids(rng, 1)[0]}.jsonl"
    return f"{ACCESS_LOG_PREFIX}/{opened:%Y/%m/%d/%H/%M}/{name}"


def shipper_key(prefix: str, rng: random.Random, opened_ms: int, sealed_ms: int) -> str:
    """Return a key of the object contract: the UTC minute of the oldest record, and a UUIDv7."""
    return f"{prefix}/{from_epoch_ms(opened_ms):%Y/%m/%d/%H/%M}/{uuid7(rng, sealed_ms)}.jsonl"


def stored_gzip(content: bytes) -> bytes:
    """Return a gzip member of stored blocks: zlib's compressed bytes differ from version to version.

    >>> import gzip
    >>> gzip.decompress(stored_gzip(b"a line"))
    b'a line'
    """
    parts = [b"\x1f\x8b\x08" + bytes(6) + b"\xff"]
    for at in range(0, max(1, len(content)), _STORED_BLOCK):
        block = content[at : at + _STORED_BLOCK]
        last = at + _STORED_BLOCK >= len(content)
        parts += [struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF), block]
    parts.append(struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF))
    return b"".join(parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealing:
    """When a buffer is sealed, and what its bytes look like.

    Args:
        object_bytes: Most bytes of an object before compression.
        object_events: Most lines of an object, or None.
        age_ms: Milliseconds after which a buffer is sealed, or None.
        noise: Rate of joins and of blank lines per line, and of byte order marks per object.
        compressed: Share of objects that are gzipped.
    """

    object_bytes: int
    object_events: int | None
    age_ms: int | None
    noise: float
    compressed: float


class ObjectBuffer:
    """Lines that wait to become one object after another in a landing folder.

    A line is a string of one character per byte (bytes outside of ASCII are surrogate escapes).

    Args:
        landing: The landing folder.
        key: Makes an object's key of a generator, the oldest arrival and the time of sealing.
        sealing: When a buffer is sealed.
        rng: Draws ids and noise.
        account: Where objects and bytes are counted.
    """

    def __init__(
        self,
        landing: Path,
        key: Callable[[random.Random, int, int], str],
        sealing: Sealing,
        rng: random.Random,
        account: SourceAccount,
    ) -> None:
        self._landing = landing
        self._key = key
        self._sealing = sealing
        self._rng = rng
        self._account = account
        self._most_bytes = sealing.object_bytes - (_NOISE_BYTES if sealing.noise else 0)
        self._most_lines = _NEVER if sealing.object_events is None else sealing.object_events
        self._lines: list[str] = []
        self._size = 0
        self._opened_ms = self._deadline_ms = self._newest_ms = 0

    def extend(self, arrivals_ms: Sequence[int], lines: Sequence[str]) -> None:
        """Take lines in the order of their arrival; whatever is full or old enough is sealed on the way."""
        if not lines or self._took_all(arrivals_ms, lines):
            return
        pending, size = self._lines, self._size
        most_bytes, most_lines, deadline = self._most_bytes, self._most_lines, self._deadline_ms
        age = _NEVER if self._sealing.age_ms is None else self._sealing.age_ms
        for arrival, line in zip(arrivals_ms, lines, strict=True):
            size += len(line) + 1
            if pending and (size > most_bytes or len(pending) >= most_lines or arrival >= deadline):
                self._seal(min(arrival, deadline))
                pending, size = self._lines, len(line) + 1
            if not pending:
                self._opened_ms = arrival
                deadline = self._deadline_ms = arrival + age
            pending.append(line)
        self._size = size
        self._newest_ms = arrivals_ms[-1]

    def close(self) -> None:
        """Seal what is left."""
        if self._lines:
            self._seal(min(self._newest_ms, self._deadline_ms))

    def _took_all(self, arrivals_ms: Sequence[int], lines: Sequence[str]) -> bool:
        """Take the lines at once when the open object has room and time for all of them."""
        size = self._size + sum(map(len, lines)) + len(lines)
        if (
            not self._lines
            or size > self._most_bytes
            or len(self._lines) + len(lines) > self._most_lines
            or arrivals_ms[-1] >= self._deadline_ms
        ):
            return False
        self._lines += lines
        self._size = size
        self._newest_ms = arrivals_ms[-1]
        return True

    def _seal(self, sealed_ms: int) -> None:
        content = self._content()
        key = self._key(self._rng, self._opened_ms, sealed_ms)
        if self._sealing.compressed and self._rng.random() < self._sealing.compressed:
            key, content = f"{key}.gz", stored_gzip(content)
        _write(self._landing / key, content)
        self._account.objects += 1
        self._account.stored_bytes += len(content)
        self._lines = []
        self._size = 0

    def _content(self) -> bytes:
        lines, ends = self._lines, "\n"
        if self._sealing.noise:
            noisy = self._noisy()
            if noisy is not None:
                lines, ends = noisy, ""
        return (ends.join(lines) + ends).encode("ascii", "surrogateescape")

    def _noisy(self) -> list[str] | None:
        """Return the lines with their ends, some of which are missing or doubled; None for no noise."""
        rng, lines, rate = self._rng, self._lines, self._sealing.noise
        joins = int(len(lines) * rate + rng.random())
        blanks = min(_MOST_BLANK_LINES, int(len(lines) * rate + rng.random()))
        bom = rng.random() < rate
        if not (joins or blanks or bom):
            return None
        ends = ["\n"] * len(lines)
        for _ in range(joins):
            at = rng.randrange(len(lines))
            if at + 1 < len(lines) and _joinable(lines[at]) and _joinable(lines[at + 1]):
                ends[at] = ""
        for _ in range(blanks):
            at = rng.randrange(len(lines))
            if ends[at] == "\n":
                ends[at] += _BLANK_LINES[rng.getrandbits(2)]
        noisy = [part for pair in zip(lines, ends, strict=True) for part in pair]
        return [_BOM, *noisy] if bom else noisy


def _joinable(line: str) -> bool:
    """Whether a line can stand beside another without a line end: then both still count for themselves."""
    return line[0] == "{" and line[-1] == "}" and line.isascii() and len(line) < _LONGEST_JOINED


def _write(path: Path, content: bytes) -> None:
    try:
        try:
            path.write_bytes(content)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror}; make room or choose another folder") from error
