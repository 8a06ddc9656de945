"""A lease: one process at a time, agreed on by objects that are put once.

A lease is a row of numbered objects, `<name>/<number>.json`. Who puts the next number holds it, until it expires or is
released by an object beside it, `<name>/<number>.released`; a holder that works on renews it by further objects,
`<name>/<number>.renewed-<k>`. Nothing is ever overwritten or deleted, so a put that must not overwrite
(`If-None-Match: *`) is all that it takes, on S3 as in a folder. A lifecycle rule may remove old ones.

It keeps honest processes apart, whose clocks agree to within `MARGIN`. It does not stop one that was asleep longer than
its lease: that one finds out at its next renewal.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING

from usagelake.errors import LakeBusyError, StorageError
from usagelake.storage.protocol import PutOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from usagelake.storage.protocol import Storage

MARGIN = timedelta(seconds=10)
"""How far the clocks of two holders may be apart."""

BEATS = 12
"""How often a holder looks whether to renew, within the time that a lease lasts."""

_OBJECT = re.compile(r"(?P<number>\d{8})(?:\.json|\.(?P<released>released)|\.renewed-\d{4})")


@dataclass
class Lease:
    """A lease on one thing.

    Args:
        storage: Where its objects lie.
        name: What it is a lease on: the folder of its objects.
        owner: Who asks for it, as others are told.
        lasts: For how long it is held without a word from its holder.
        clock: Tells the time, as an aware datetime.
    """

    storage: Storage
    name: str
    owner: str
    lasts: timedelta
    clock: Callable[[], datetime]
    _number: int = field(default=0, init=False)
    _renewals: int = field(default=0, init=False)
    _until: datetime | None = field(default=None, init=False)

    def take(self) -> bool:
        """Take it. One that its own owner has left behind, who was killed and starts again, is taken over.

        Returns:
            Whether its last holder ended without giving it back, and may have left something running.

        Raises:
            LakeBusyError: Another process holds it: the message says who, and until when.
            StorageError: The place cannot be read or written.
        """
        newest, released = self._newest()
        left_behind = newest > 0 and not released
        if left_behind:
            owner, until = self._holder(newest)
            if owner != self.owner and self.clock() < until + MARGIN:
                raise LakeBusyError(
                    f"{self._where}: {owner} works on the lake, until {until:%Y-%m-%d %H:%M:%S} UTC or longer; "
                    "wait for it to end, and run again"
                )
        until = self.clock() + self.lasts
        if not self._put(f"{newest + 1:08}.json", until):
            raise LakeBusyError(f"{self._where}: another process has just begun to work on the lake; run again later")
        self._number, self._renewals, self._until = newest + 1, 0, until
        return left_behind

    def renew(self) -> None:
        """Say that the work goes on; it costs requests only when a third of the time is over.

        Raises:
            LakeBusyError: It ran out in the meantime, and another process has taken it.
        """
        if self._until is None or self.clock() < self._until - self.lasts * 2 / 3:
            return
        newest, _ = self._newest()
        if newest != self._number:
            self._until = None
            raise LakeBusyError(
                f"{self._where}: this run said nothing for longer than {self.lasts}, and another one has taken over; "
                "what it had done is kept: run again"
            )
        self._renewals += 1
        self._until = self.clock() + self.lasts
        self._put(f"{self._number:08}.renewed-{self._renewals:04}", self._until)

    def release(self) -> None:
        """Give it back, so that the next one need not wait for its end."""
        if self._until is not None:
            self._until = None
            self._put(f"{self._number:08}.released", self.clock())

    @contextmanager
    def held(self) -> Iterator[Callable[[], None]]:
        """Renew it from a thread of its own while something is done, and give it back whatever comes of that.

        Gives:
            What raises `LakeBusyError` once another process has taken over.
        """
        done = Event()
        lost: list[LakeBusyError] = []

        def beat() -> None:
            while not done.wait(self.lasts.total_seconds() / BEATS):
                try:
                    self.renew()
                except LakeBusyError as error:
                    lost.append(error)
                    return
                except StorageError:
                    continue  # it is tried again by the next beat, and there are more before the lease runs out

        def still_here() -> None:
            if lost:
                raise lost[0]

        thread = Thread(target=beat, name="lease", daemon=True)
        thread.start()
        try:
            yield still_here
        finally:
            done.set()
            thread.join()
            self.release()

    @property
    def _where(self) -> str:
        return f"{self.storage.location}/{self.name}"

    def _put(self, name: str, until: datetime) -> bool:
        body = json.dumps({"owner": self.owner, "until": until.isoformat()}).encode()
        key = f"{self.name}/{name}"
        outcome = self.storage.put_if_absent(key, body, content_type="application/json", metadata={})
        return outcome is PutOutcome.CREATED

    def _newest(self) -> tuple[int, bool]:
        """Find the newest number, and whether it was released."""
        found = list(self._objects())
        newest = max((number for number, _, _ in found), default=0)
        return newest, any(released for number, _, released in found if number == newest)

    def _holder(self, number: int) -> tuple[str, datetime]:
        """Read who holds a number, and until when."""
        said = [self._read(key) for each, key, _ in self._objects() if each == number]
        return max(said, key=lambda one: one[1])

    def _objects(self) -> Iterator[tuple[int, str, bool]]:
        for info in self.storage.list(below=self.name):
            match = _OBJECT.fullmatch(info.key.rpartition("/")[2])
            if match is not None:
                yield int(match["number"]), info.key, match["released"] is not None

    def _read(self, key: str) -> tuple[str, datetime]:
        body = b"".join(self.storage.read(key))
        try:
            said = json.loads(body)
            return str(said["owner"]), datetime.fromisoformat(said["until"])
        except (ValueError, KeyError, TypeError) as error:
            raise StorageError(f"{self.storage.location}/{key}: is no lease of usagelake; move it away") from error
