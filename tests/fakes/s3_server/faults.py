"""What goes wrong, how often, and when."""

from __future__ import annotations

import json
import random
import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Fault(StrEnum):
    """What may happen to one request. None of them makes the server lie: 412 always means stored."""

    LATENCY = "latency"
    """The answer waits up to `slowness` seconds."""

    INTERNAL_ERROR = "internal_error"
    """500."""

    SLOW_DOWN = "slow_down"
    """503 SlowDown."""

    CONFLICT = "conflict"
    """409 ConditionalRequestConflict, for a conditional put."""

    REQUEST_TIMEOUT = "request_timeout"
    """400 RequestTimeout, which S3 answers to a body that came too slowly."""

    RESET_BEFORE_BODY = "reset_before_body"
    """The connection is reset when the head has been read."""

    HALF_READ = "half_read"
    """Half of the body is read, then the connection is closed."""

    RESET_AFTER_BODY = "reset_after_body"
    """The body has been read and is not stored."""

    HANG = "hang"
    """No answer for ten times `slowness`, then the connection is closed; nothing is stored."""

    ANSWER_LOST = "answer_lost"
    """The work is done, the connection is reset instead of an answer."""

    ANSWER_CUT = "answer_cut"
    """The work is done, the first part of the answer is sent."""

    ANSWER_DRIPS = "answer_drips"
    """The answer comes a few bytes at a time over `slowness` seconds."""


class OutageKind(StrEnum):
    """How a whole service is away."""

    UNAVAILABLE = "unavailable"
    """Every answer is 503 ServiceUnavailable."""

    RESET = "reset"
    """Every connection is reset at its first request."""

    REFUSED = "refused"
    """Connections are refused; those that stand are reset at their next request."""


class Denial(StrEnum):
    """What every request is refused with, until the faults are changed."""

    EXPIRED_TOKEN = "ExpiredToken"  # noqa: S105 - an error code
    ACCESS_DENIED = "AccessDenied"
    NO_SUCH_BUCKET = "NoSuchBucket"


@dataclass(frozen=True, slots=True)
class Outage:
    """A window in which nothing works.

    Attributes:
        kind: How it shows.
        start: Seconds after the faults were set.
        seconds: How long it lasts.
    """

    kind: OutageKind
    start: float
    seconds: float

    def covers(self, age: float) -> bool:
        """Whether the outage is under way so many seconds after the faults were set."""
        return self.start <= age < self.start + self.seconds


@dataclass(frozen=True, slots=True)
class Faults:
    """A schedule of faults.

    Attributes:
        rates: The probability of each fault at each request; their sum is at most 1.
        outages: Windows in which nothing works.
        denial: What every request is refused with.
        slowness: Seconds, for the faults that take time.
    """

    rates: Mapping[Fault, float] = field(default_factory=dict)
    outages: tuple[Outage, ...] = ()
    denial: Denial | None = None
    slowness: float = 0.05

    def __post_init__(self) -> None:
        if sum(self.rates.values()) > 1.000001:
            raise ValueError(f"{dict(self.rates)}: the rates add up to more than 1")

    @classmethod
    def drawn(cls, dice: random.Random, *, trouble: float = 0.4, outage_within: float = 0.0) -> Faults:
        """Draw a schedule: which faults, how much of each, at most `trouble` of all requests together."""
        kinds = dice.sample(list(Fault), dice.randint(0, len(Fault)))
        shares = [dice.random() for _ in kinds]
        whole = sum(shares) or 1.0
        total = trouble * dice.random()
        rates = {kind: total * share / whole for kind, share in zip(kinds, shares, strict=True)}
        outages: tuple[Outage, ...] = ()
        if outage_within and dice.random() < 0.5:
            start, seconds = dice.random() * outage_within, dice.random() * outage_within
            outages = (Outage(dice.choice(list(OutageKind)), start, seconds),)
        return cls(rates=rates, outages=outages, slowness=0.05 * dice.random())

    @classmethod
    def from_json(cls, text: str) -> Faults:
        """Read what `to_json` wrote; every member may be missing."""
        given = json.loads(text or "{}")
        return cls(
            rates={Fault(name): float(rate) for name, rate in given.get("rates", {}).items()},
            outages=tuple(
                Outage(OutageKind(kind), start, seconds) for kind, start, seconds in given.get("outages", ())
            ),
            denial=None if given.get("denial") is None else Denial(given["denial"]),
            slowness=given.get("slowness", 0.05),
        )

    def to_json(self) -> str:
        """Write the schedule as JSON, for a command line."""
        return json.dumps(
            {
                "rates": dict(self.rates),
                "outages": [[outage.kind, outage.start, outage.seconds] for outage in self.outages],
                "denial": self.denial,
                "slowness": self.slowness,
            }
        )


class Schedule:
    """Decides what happens to each request; the same seed and order of requests give the same decisions.

    Args:
        faults: What may go wrong.
        seed: Of the decisions.
        clock: Seconds that only grow.
    """

    def __init__(self, faults: Faults, seed: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.faults = faults
        self._dice = random.Random(seed)
        self._clock = clock
        self._since = clock()
        self._lock = threading.Lock()

    def outage(self) -> OutageKind | None:
        """Tell how the service is away at this moment, if it is."""
        if not self.faults.outages:
            return None
        age = self._clock() - self._since
        return next((outage.kind for outage in self.faults.outages if outage.covers(age)), None)

    def draw(self) -> Fault | None:
        """Decide what happens to the next request."""
        if not self.faults.rates:
            return None
        with self._lock:
            drawn = self._dice.random()
        for fault, rate in self.faults.rates.items():
            if drawn < rate:
                return fault
            drawn -= rate
        return None

    def share(self) -> float:
        """Draw how much of something comes, from 0 to 1."""
        with self._lock:
            return self._dice.random()
