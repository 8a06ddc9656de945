"""What a seed draws: a configuration, and the processes that live by it one after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from usagelake.shipping.config import ShippingConfig, SpoolStrength

if TYPE_CHECKING:
    import random
    from pathlib import Path


@dataclass(frozen=True)
class Life:
    """One process of a schedule.

    Attributes:
        number: Which, from 0.
        threads: How many offer at once.
        events: How many each offers.
        pause: The longest pause between two of a thread's, in seconds.
        trouble: The share of puts that do not simply work.
        disk_trouble: The share of changes of files that fail.
        kill_after: Seconds after which it is killed from outside; None lets it live.
        die_at_change: At which change of a file it is killed.
        die_at_put: At which put it is killed.
        bad_lines: The share of lines that cannot be delivered, offered beside the events.
        clock_jumps: How far the clock jumps now and then, back and forth, in seconds.
        flushes: Whether it asks for a flush in between.
        beside: Whether the next one starts while it runs.
        drains: Whether it is the last, which offers nothing and delivers what is left.
    """

    number: int
    threads: int = 1
    events: int = 0
    pause: float = 0.0
    trouble: float = 0.0
    disk_trouble: float = 0.0
    kill_after: float | None = None
    die_at_change: int | None = None
    die_at_put: int | None = None
    bad_lines: float = 0.0
    clock_jumps: float = 0.0
    flushes: bool = False
    beside: bool = False
    drains: bool = False

    @property
    def mortal(self) -> bool:
        """Whether it may be killed."""
        return (self.kill_after, self.die_at_change, self.die_at_put) != (None, None, None)


def drawn_lives(dice: random.Random) -> list[Life]:
    """Draw the processes of a schedule; the last one only drains."""
    lives = []
    for number in range(dice.randint(1, 3)):
        life = Life(
            number,
            threads=dice.choice((1, 1, 2, 3)),
            events=dice.choice((1, 7, 60, 150)),
            pause=dice.choice((0.0, 0.0, 0.0005)),
            trouble=dice.choice((0.0, 0.3, 0.9, 1.0)),
            bad_lines=dice.choice((0.0, 0.0, 0.1)),
            clock_jumps=dice.choice((0.0, 0.0, 90.0, 86_400.0)),
            flushes=dice.random() < 0.3,
            beside=dice.random() < 0.3,
        )
        ending = dice.randrange(6)
        if ending < 2:
            life = replace(life, die_at_change=int(dice.random() ** 3 * 600) + 1)
        elif ending == 2:
            life = replace(life, die_at_put=dice.randint(1, 12))
        elif ending == 3:
            life = replace(life, kill_after=dice.random() * 0.12)
        elif ending == 4:
            life = replace(life, disk_trouble=dice.choice((0.01, 0.2, 1.0)))
        lives.append(life)
    lives[-1] = replace(lives[-1], beside=False)
    return [*lives, Life(len(lives), drains=True)]


def drawn_config(dice: random.Random, folder: Path) -> tuple[str, ShippingConfig]:
    """Draw a configuration, and the name of what it promises."""
    strength = dice.choice(("memory", "sealed", "every-event", "every-event", "every-event"))
    config = ShippingConfig(
        to=str(folder),
        prefix=dice.choice((None, None, "data-api")),
        max_events=dice.choice((1, 3, 10, 50)),
        max_bytes=dice.choice((500, 3000, 2_000_000)),
        max_age=dice.choice((0.002, 0.02, 0.2)),
        uploads=dice.choice((1, 2, 4)),
        buffer_events=dice.choice((20, 100_000, 100_000)),
        shutdown_deadline=dice.choice((0.0, 0.05, 0.3)),
        metrics_interval=0.05,
        spool=None if strength == "memory" else folder / "spool",
        spool_strength=SpoolStrength.SEALED if strength == "memory" else SpoolStrength(strength),
    )
    return strength, config
