"""Billing events as the Data API emits them (stargate/data-api, issue #2514).

The inner loops work on plain tuples and pre-rendered pieces: ten million events are to take a minute.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from usagelake.simulation.account import SourceAccount
from usagelake.simulation.draws import pareto_value, seeded, table, unsigned16, uuids
from usagelake.simulation.landing_writer import UPSTREAM_PREFIX
from usagelake.simulation.models import profiles
from usagelake.simulation.options import epoch_ms, from_epoch_ms
from usagelake.simulation.subjects import Ownership, tenant_id
from usagelake.simulation.traffic import HOUR_MS, arrivals

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator

    from usagelake.simulation.options import SimulationOptions
    from usagelake.simulation.traffic import Sheaf, Slot

    # arrives_ms, timestamp, profile, value, emitted, happened_ms
    Call = tuple[int, str, int, int, int, int]

_LINE = '{"id":"%%s","timestamp":"%%s","product":"serverless","event_type":"%s","properties":{"usage":%%d,%%s'
_TOKENS, _EGRESS, _INGRESS = 1, 2, 4


class _Kind(NamedTuple):
    bit: int
    suffix: str
    meter: str
    least: int
    most: int


_KINDS = (
    _Kind(_TOKENS, "total_tokens", "tokens", 90, 8192),
    _Kind(_EGRESS, "egress_bytes", "egress_bytes", 1200, 400_000),
    _Kind(_INGRESS, "ingress_bytes", "ingress_bytes", 300, 60_000),
)
_EMITTED = bytes(table({7: 180, _TOKENS | _EGRESS: 26, _TOKENS | _INGRESS: 20, _TOKENS: 30}, 256))
_COUNTS = bytes(emitted.bit_count() for emitted in range(256))
_FIRST_FEW = (0, _TOKENS, _TOKENS | _EGRESS)
_VALUES = 8192
_VALUES_REPEATED = 65_536 // _VALUES
_ZERO_ONE_IN = 128
_RETRY_ONE_IN = 128
_SECONDS = [f"{second // 60:02d}:{second % 60:02d}" for second in range(3600)]
_MILLISECONDS = [f".{millisecond:03d}" for millisecond in range(1000)]


class BillingEvents:
    """The source of billing events.

    Args:
        options: The simulation's options.
    """

    id_member = "id"

    def __init__(self, options: SimulationOptions) -> None:
        ownership = Ownership(options)
        leaving = ownership.leaving_tenants()
        values = seeded(options.seed, "billing_events/values")
        self.events = options.billing_events
        self.account = SourceAccount(subject_type="resource")
        self._mixed = options.layout == "upstream"
        self._rng = seeded(options.seed, "billing_events/traffic")
        self._start_ms, self._end_ms = epoch_ms(options.start), epoch_ms(options.end)
        self._first_ms = self._start_ms - options.edge_hours * HOUR_MS
        self._leaves_ms = epoch_ms(ownership.leaves_at)
        self._profiles = profiles(ownership.tenants)
        self._tails = [profile.tail for profile in self._profiles]
        self._families = sorted({profile.family for profile in self._profiles})
        self._family_of = [self._families.index(profile.family) for profile in self._profiles]
        self._weights = [profile.weight for profile in self._profiles]
        self._weights_left = [profile.weight * (profile.tenant not in leaving) for profile in self._profiles]
        self._values = [_quantities(values, kind) * _VALUES_REPEATED for kind in _KINDS]
        self._fraction_ends = _fraction_ends(values)
        self._usage = [[0] * len(self._profiles) for _ in _KINDS]

    def render(self, slot: Slot) -> Iterable[Sheaf]:
        """Make the slot's events; each sheaf's prefix is the event type, or upstream's one prefix."""
        groups: list[list[Call]] = [[] for _ in self._families]
        for call in self._calls(slot):
            groups[self._family_of[call[2]]].append(call)
        ids = iter(uuids(self._rng, slot.events))
        inside = self._start_ms <= slot.start_ms - HOUR_MS and slot.end_ms <= self._end_ms
        sheaves = []
        for family, group in zip(self._families, groups, strict=True):
            for kind, values, usage in zip(_KINDS, self._values, self._usage, strict=True):
                emitting = [call for call in group if call[4] & kind.bit]
                if emitting:
                    event_type = f"{family}_{kind.suffix}"
                    sheaves.append((event_type, *self._lines(event_type, values, emitting, ids)))
                    self._count(usage, values, emitting if inside else self._in_period(emitting))
        return _mixed(sheaves) if self._mixed else sheaves

    def finish(self) -> None:
        """Complete the account once every slot is rendered."""
        for kind, usage in zip(_KINDS, self._usage, strict=True):
            for profile, quantity in zip(self._profiles, usage, strict=True):
                if quantity:
                    meter = f"{profile.side}_{kind.meter}"
                    self.account.usage[tenant_id(profile.tenant)][meter] += quantity

    def _calls(self, slot: Slot) -> Iterator[Call]:
        """Draw calls that emit exactly the slot's number of events."""
        rng = self._rng
        emitted = _emitted(rng, slot.events)
        count = len(emitted)
        arriving = arrivals(rng, slot, count)
        times, burst = arriving.times_ms, arriving.burst
        weights = self._weights if slot.start_ms < self._leaves_ms else self._weights_left
        callers = rng.choices(range(len(weights)), cum_weights=list(accumulate(weights)), k=count)
        callers[burst] = callers[burst][:1] * len(callers[burst])
        values = list(unsigned16(rng, count))
        for _ in range(count // _RETRY_ONE_IN):
            first = rng.randrange(count - 1)
            callers[first + 1], values[first + 1] = callers[first], values[first]
            times[first + 1] = min(times[first + 1], times[first] + rng.randrange(100, 3000))
        noise = unsigned16(rng, count)
        first_ms = self._first_ms
        happened = [max(time - 3 - (bits >> 7 & 510), first_ms) for time, bits in zip(times, noise, strict=True)]
        stamps = self._timestamps(slot, happened, noise)
        return zip(times, stamps, callers, values, emitted, happened, strict=True)

    def _timestamps(self, slot: Slot, happened_ms: list[int], noise: tuple[int, ...]) -> list[str]:
        """Render instants of the slot's hour and the one before with 0, 3, 6 or 9 fractional digits."""
        hour_ms = slot.start_ms // HOUR_MS * HOUR_MS
        this_hour = f"{from_epoch_ms(hour_ms):%Y-%m-%dT%H:}"
        hour_before = f"{from_epoch_ms(hour_ms - HOUR_MS):%Y-%m-%dT%H:}"
        ends, seconds, milliseconds = self._fraction_ends, _SECONDS, _MILLISECONDS
        return [
            (this_hour if at >= 0 else hour_before)
            + seconds[at // 1000]
            + (milliseconds[at % 1000] + end if (end := ends[bits & 255]) else "Z")
            for at, bits in zip([instant - hour_ms for instant in happened_ms], noise, strict=True)
        ]

    def _lines(
        self, event_type: str, values: list[int], calls: list[Call], ids: Iterator[str]
    ) -> tuple[list[int], list[str]]:
        line, tails = _LINE % event_type, self._tails
        lines = [
            line % (event_id, stamp, values[value], tails[caller])
            for (_, stamp, caller, value, _, _), event_id in zip(calls, ids, strict=False)
        ]
        return [call[0] for call in calls], lines

    def _in_period(self, calls: list[Call]) -> list[Call]:
        return [call for call in calls if self._start_ms <= call[5] < self._end_ms]

    def _count(self, usage: list[int], values: list[int], calls: list[Call]) -> None:
        self.account.in_period += len(calls)
        self.account.billable += len(calls)
        for _, _, caller, value, _, _ in calls:
            usage[caller] += values[value]


def _emitted(rng: random.Random, events: int) -> bytes:
    """Draw which events each call emits, until they are exactly `events`."""
    drawn = rng.randbytes(events).translate(_EMITTED)
    made = list(accumulate(drawn.translate(_COUNTS)))
    last = bisect_left(made, events)
    excess = made[last] - events
    return drawn[: last + 1] if not excess else drawn[:last] + bytes([_FIRST_FEW[_COUNTS[drawn[last]] - excess]])


def _quantities(rng: random.Random, kind: _Kind) -> list[int]:
    return [0 if rng.randrange(_ZERO_ONE_IN) == 0 else pareto_value(rng, kind.least, kind.most) for _ in range(_VALUES)]


def _fraction_ends(rng: random.Random) -> list[str]:
    """Return 256 endings that follow a timestamp's milliseconds; an empty one stands for whole seconds."""
    micros = [f"{rng.randrange(1000):03d}Z" for _ in range(64)]
    nanos = [f"{rng.randrange(1_000_000):06d}Z" for _ in range(32)]
    return [""] * 16 + ["Z"] * 144 + micros + nanos


def _mixed(sheaves: list[Sheaf]) -> list[Sheaf]:
    """Put all lines into upstream's one prefix, in the order of their arrival."""
    arriving = [pair for _, times, lines in sheaves for pair in zip(times, lines, strict=True)]
    arriving.sort(key=lambda pair: pair[0])
    return [(UPSTREAM_PREFIX, [time for time, _ in arriving], [line for _, line in arriving])]
