"""Time and chance, which a shipper is given rather than takes."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from usagelake.shipping.batch import uuid7

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a shipper needs to know of the world.

    Attributes:
        clock: Seconds since the epoch.
        monotonic: Seconds that never go back.
        sleep: Lets that many of them pass.
        random: Where jitter is drawn from.
        entropy: Gives that many bytes that no other process draws; what names are made of.
    """

    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Random = field(default_factory=Random)
    entropy: Callable[[int], bytes] = os.urandom

    def new_id(self) -> uuid.UUID:
        """Make a UUIDv7."""
        return uuid7(int(self.clock() * 1000), self.entropy(10))
