"""What is reserved for an outage is enough, and what is said to be lost at most is: against a simulated shipper."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.shipping.sizing import Load, Strength, catch_up, needs, recommended

LOADS = st.builds(
    Load,
    events_per_second=st.fractions(Fraction(1, 10), 60, max_denominator=20),
    bytes_per_event=st.sampled_from((2, 300, 3_000, 30_000, 700_000, 1_048_576)),
    outage=st.integers(1, 120).map(Fraction),
    processes=st.integers(1, 3),
    event_types=st.integers(1, 4),
    max_age=st.sampled_from((Fraction(1), Fraction(5, 2), Fraction(10))),
)
HOUR = Load(events_per_second=Fraction(500), bytes_per_event=300, outage=Fraction(3600))


@dataclass
class _Simulated:
    """What one process has done by the end of an outage."""

    events: int = 0
    sealed: int = 0
    files: int = 0
    disk: int = 0
    most_unsealed: int = 0


def _process(load: Load) -> _Simulated:
    """Let one process gather and seal, event by event, while nothing can be delivered."""
    done = _Simulated()
    waiting: dict[int, int] = dict.fromkeys(range(load.event_types), 0)
    first: Fraction | None = None

    def seal(event_type: int) -> None:
        size = 400 + waiting[event_type] * (load.bytes_per_event + 1)
        done.disk += (size + 4095) // 4096 * 4096
        done.sealed += waiting[event_type]
        done.files += 1
        waiting[event_type] = 0

    interval = load.processes / load.events_per_second
    now = Fraction(0)
    while now < load.outage:
        if first is not None and now - first >= load.max_age:
            for event_type in [event_type for event_type, events in waiting.items() if events]:
                seal(event_type)
            first = None
        event_type = done.events % load.event_types
        if (waiting[event_type] + 1) * (load.bytes_per_event + 1) > 2_000_000:
            seal(event_type)
        waiting[event_type] += 1
        done.events += 1
        first = now if first is None else first
        if waiting[event_type] == 50:
            seal(event_type)
        done.most_unsealed = max(done.most_unsealed, sum(waiting.values()))
        now += interval
    return done


@settings(deadline=None, max_examples=150)
@given(LOADS)
def test_an_outage_fits_and_a_death_takes_no_more_than_is_said(load: Load) -> None:
    """Disk and buffer hold what a simulated process has at the end; it never has more unsealed than may be lost."""
    none, sealed, every_event = needs(load)
    done = _process(load)
    slack = load.event_types  # a last batch of each type, of a stretch that the outage cuts short
    file = done.disk // max(done.files, 1) + 4096
    assert done.disk <= sealed.spool_bytes + slack * file * 2
    assert every_event.spool_bytes > sealed.spool_bytes
    assert done.events <= none.buffer_events
    assert done.events * (load.bytes_per_event + 1) <= none.buffer_bytes
    assert done.events <= none.lost_by_process_in_outage + 1
    assert done.most_unsealed <= sealed.lost_by_process + 1
    assert done.most_unsealed <= sealed.buffer_events
    assert done.events - done.sealed <= every_event.lost_by_machine + 1


@settings(deadline=None)
@given(LOADS)
def test_a_stronger_spool_never_loses_more(load: Load) -> None:
    """And what a machine takes is at least what a process does."""
    found = needs(load)
    assert [need.strength for need in found] == list(Strength)
    for weaker, stronger in itertools.pairwise(found):
        assert stronger.lost_by_process <= weaker.lost_by_process
        assert stronger.lost_by_machine <= weaker.lost_by_machine
        assert stronger.worst <= weaker.worst
    for need in found:
        assert need.lost_by_process <= need.lost_by_machine <= need.lost_by_machine_in_outage <= need.worst
        assert need.lost_by_process <= need.lost_by_process_in_outage
        assert need.lost_by_outage == 0


@settings(deadline=None)
@given(LOADS, st.integers(0, 100_000))
def test_the_weakest_that_does_is_recommended(load: Load, acceptable: int) -> None:
    """None when each may lose more."""
    good = [need.strength for need in needs(load) if need.worst <= acceptable]
    assert recommended(load, acceptable) == (good[0] if good else None)


def test_figures_worked_out_by_hand() -> None:
    """500 events a second of 300 bytes, three types, 10 s, an hour.

    A lane gathers 1,666.67 events in 10 s: 33 batches of 50 and one of 17. In an hour 360 times three lanes of those:
    36,720 objects. A full batch takes 400 + 50 x 301 = 15,450 bytes, four blocks; the other 400 + 17 x 301, two.
    """
    none, sealed, every_event = needs(HOUR)
    files = 360 * 3 * (33 * 16_384 + 8_192)
    assert HOUR.objects_sealed_per_second * 3600 == 36_720
    assert sealed.spool_bytes == files * 6 / 5
    # the journals: twice 5,000 lines of 301 bytes, 368 blocks
    assert every_event.spool_bytes == ceil((files + 2 * 368 * 4096) * 6 / 5)
    assert (sealed.lost_by_process, sealed.lost_by_machine) == (147, 147)
    assert (every_event.lost_by_process, every_event.lost_by_machine) == (0, 147)
    assert sealed.buffer_events == 417  # (147 + 4 x 50) x 1.2
    assert (none.lost_by_process, none.lost_by_machine_in_outage) == (347, 1_800_000)
    assert none.buffer_events == 2_160_000
    assert catch_up(HOUR) == Fraction(36_720) / (40 - Fraction(36_720, 3600))


def test_few_events_are_objects_of_their_own() -> None:
    """One a minute is one object a minute, however old a batch may get."""
    load = replace(HOUR, events_per_second=Fraction(1, 60))
    assert load.objects_sealed_per_second == Fraction(1, 60)
    assert needs(load)[1].spool_bytes == 60 * 4096 * 6 / 5
    assert needs(load)[1].lost_by_process == 1


@pytest.mark.parametrize(("rate", "expected"), [(10, None), (Fraction(102, 10), None), (Fraction(204, 10), 3600)])
def test_catching_up(rate: int | Fraction, expected: int | None) -> None:
    """Twice the rate takes as long as the outage; the very rate never does."""
    assert catch_up(replace(HOUR, objects_per_second=Fraction(rate))) == expected
