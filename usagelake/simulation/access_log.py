"""API Gateway's access log: the lines that a stage writes, every value as text and `-` when missing."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from usagelake.simulation.account import SourceAccount
from usagelake.simulation.draws import (
    extended_request_ids,
    pareto_value,
    seeded,
    table,
    unsigned16,
    uuids,
    zipf_weights,
)
from usagelake.simulation.endpoints import ENDPOINTS, OUTCOMES, shape
from usagelake.simulation.landing_writer import ACCESS_LOG_PREFIX
from usagelake.simulation.options import epoch_ms
from usagelake.simulation.subjects import Ownership, api_key_id
from usagelake.simulation.traffic import HOUR_MS, arrivals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from usagelake.simulation.endpoints import Shape
    from usagelake.simulation.options import SimulationOptions
    from usagelake.simulation.traffic import Sheaf, Slot

_TABLE = 65_536
_VALUES = 4096
_VALUE_MASK = _VALUES - 1
_TRANSIT_FROM_MS = 800
_METERS = ("api_requests", "response_bytes", "request_bytes")
_RETRIED = frozenset(index for index, outcome in enumerate(OUTCOMES) if outcome.retried)


class AccessLog:
    """The source of access-log lines.

    Args:
        options: The simulation's options.
    """

    id_member = "extendedRequestId"

    def __init__(self, options: SimulationOptions) -> None:
        ownership = Ownership(options)
        leaving = ownership.leaving_api_keys()
        values = seeded(options.seed, "api_requests/values")
        self.events = options.api_requests
        self.account = SourceAccount(subject_type="api_key")
        self._rng = seeded(options.seed, "api_requests/traffic")
        self._start_ms, self._end_ms = epoch_ms(options.start), epoch_ms(options.end)
        self._first_ms = self._start_ms - options.edge_hours * HOUR_MS
        self._leaves_ms = epoch_ms(ownership.leaves_at)
        self._keys = [api_key_id(index) for index in range(ownership.api_keys)]
        self._weights = zipf_weights(len(self._keys))
        self._weights_left = [weight * (key not in leaving) for key, weight in enumerate(self._weights)]
        self._sizes = [pareto_value(values, 700, 5_000_000, shape=1) for _ in range(_VALUES)]
        self._latencies = [pareto_value(values, 18, 29_000) for _ in range(_VALUES)]
        self._endpoints = table({i: endpoint.weight for i, endpoint in enumerate(ENDPOINTS)}, _TABLE)
        self._outcomes = table({i: outcome.weight for i, outcome in enumerate(OUTCOMES)}, _TABLE)
        self._crowded = table({i: outcome.crowded_weight for i, outcome in enumerate(OUTCOMES)}, _TABLE)
        self._shapes = [[shape(endpoint, outcome) for outcome in OUTCOMES] for endpoint in ENDPOINTS]
        self._usage = {key: [0] * len(_METERS) for key in self._keys}

    def render(self, slot: Slot) -> Iterable[Sheaf]:
        """Make the slot's requests, all under the one prefix of access logs."""
        rng, count = self._rng, slot.events
        times, callers, shapes = self._requests(slot)
        request_ids, extended_ids = uuids(rng, count), extended_request_ids(rng, count)
        sizes, latencies = self._sizes, self._latencies
        lines = []
        for time, key, form, request_id, extended_id, bits, transit in zip(
            times,
            callers,
            shapes,
            request_ids,
            extended_ids,
            unsigned16(rng, count),
            unsigned16(rng, count),
            strict=True,
        ):
            happened = max(time - _TRANSIT_FROM_MS - transit, self._first_ms)
            caller = form.no_key or key
            length = form.length or sizes[bits & _VALUE_MASK]
            sent = sizes[transit & _VALUE_MASK] if form.sized else "-"
            backend = latencies[transit & _VALUE_MASK] if form.integrated else "-"
            latency = (bits >> 12) + 2 + (backend if form.integrated else 0)
            lines.append(form.line % (extended_id, request_id, happened, caller, length, latency, backend, sent))
            if self._start_ms <= happened < self._end_ms:
                self._count(form, caller, length, sent)
        return [(ACCESS_LOG_PREFIX, times, lines)]

    def finish(self) -> None:
        """Complete the account once every slot is rendered."""
        for key, used in self._usage.items():
            for meter, quantity in zip(_METERS, used, strict=True):
                if quantity:
                    self.account.usage[key][meter] = quantity

    def _requests(self, slot: Slot) -> tuple[list[int], list[str], list[Shape]]:
        """Draw when requests arrive, who sends them, where to and what comes of it.

        A client that is refused for its rate or fails tries again: its next request follows soon.
        """
        rng, count = self._rng, slot.events
        arriving = arrivals(rng, slot, count)
        times, burst = arriving.times_ms, arriving.burst
        weights = self._weights if slot.start_ms < self._leaves_ms else self._weights_left
        callers = rng.choices(self._keys, cum_weights=list(accumulate(weights)), k=count)
        callers[burst] = callers[burst][:1] * len(callers[burst])
        endpoints = [self._endpoints[drawn] for drawn in unsigned16(rng, count)]
        drawn = unsigned16(rng, count)
        outcomes = [self._outcomes[bits] for bits in drawn]
        outcomes[burst] = [self._crowded[bits] for bits in drawn[burst]]
        for first in [at for at, outcome in enumerate(outcomes[:-1]) if outcome in _RETRIED]:
            if rng.getrandbits(2):
                callers[first + 1], endpoints[first + 1] = callers[first], endpoints[first]
                times[first + 1] = min(times[first + 1], times[first] + rng.randrange(100, 3000))
        shapes = self._shapes
        return times, callers, [shapes[to][came] for to, came in zip(endpoints, outcomes, strict=True)]

    def _count(self, form: Shape, caller: str, length: str | int, sent: str | int) -> None:
        account = self.account
        account.in_period += 1
        if form.no_key:
            account.keyless += 1
        elif form.billable:
            account.billable += 1
            used = self._usage[caller]
            used[0] += 1
            used[1] += length if isinstance(length, int) else 0
            used[2] += sent if isinstance(sent, int) else 0
