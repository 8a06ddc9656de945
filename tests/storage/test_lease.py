"""One process at a time, on every store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from time import sleep

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from usagelake.errors import LakeBusyError, StorageError
from usagelake.storage import LocalFolder, Storage
from usagelake.storage.lease import MARGIN, Lease

LASTS = timedelta(minutes=15)
DEAD = -1
"""Who held it has died, and its time runs."""


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 29, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _lease(store: Storage, clock: Clock, owner: str) -> Lease:
    return Lease(store, "leases/lake", owner, LASTS, clock)


def test_the_second_waits_until_the_first_is_done(store: Storage, clock: Clock) -> None:
    """Who holds it is named; once it is released, the next one has it at once."""
    first, second = _lease(store, clock, "first"), _lease(store, clock, "second")
    first.take()
    with pytest.raises(
        LakeBusyError, match=r"leases/lake: first works on the lake, until 2026-11-29 10:15:00 UTC or longer"
    ):
        second.take()
    first.release()
    second.take()
    with pytest.raises(LakeBusyError, match="second works"):
        first.take()


def test_a_killed_holders_lease_runs_out(store: Storage, clock: Clock) -> None:
    """Nobody has to clear anything away: it is free when its time and the margin are over, and no moment before."""
    _lease(store, clock, "killed").take()
    second = _lease(store, clock, "second")
    clock.move(LASTS + MARGIN - timedelta(microseconds=1))
    with pytest.raises(LakeBusyError):
        second.take()
    clock.move(timedelta(microseconds=1))
    second.take()


def test_a_renewed_lease_lasts_longer(store: Storage, clock: Clock) -> None:
    """And a renewal is written only when a third of the time is over."""
    first, second = _lease(store, clock, "first"), _lease(store, clock, "second")
    first.take()
    first.renew()
    assert len(list(store.list(below="leases"))) == 1
    for _ in range(4):
        clock.move(timedelta(minutes=10))
        first.renew()
        with pytest.raises(LakeBusyError, match="first works"):
            second.take()
    clock.move(LASTS + MARGIN)
    second.take()
    with pytest.raises(LakeBusyError, match="another one has taken over"):
        first.renew()
    first.release()
    with pytest.raises(LakeBusyError, match="second works"):
        _lease(store, clock, "third").take()


def test_a_holder_that_works_renews_it_by_itself(store: Storage) -> None:
    """From a thread of its own, for as long as the work lasts; then it is free, even when the work failed."""
    lease = Lease(store, "leases/lake", "first", timedelta(seconds=4), lambda: datetime.now(UTC))
    second = Lease(store, "leases/lake", "second", LASTS, lambda: datetime.now(UTC) - MARGIN)

    def work() -> None:
        with lease.held() as still_here:
            while sum("renewed" in info.key for info in store.list(below="leases")) < 2:
                still_here()
                with pytest.raises(LakeBusyError, match="first works"):
                    second.take()
                sleep(0.1)
            raise ArithmeticError

    assert lease.take() is False
    with pytest.raises(ArithmeticError):
        work()
    assert second.take() is False


def test_a_holder_learns_that_it_was_too_slow(store: Storage, clock: Clock) -> None:
    """At the latest when it asks after a beat."""
    lease = Lease(store, "leases/lake", "first", timedelta(seconds=0.2), clock)
    lease.take()
    clock.move(timedelta(seconds=1) + MARGIN)
    assert _lease(store, clock, "second").take() is True

    def work() -> None:
        with lease.held() as still_here:
            for _ in range(200):
                still_here()
                sleep(0.05)

    with pytest.raises(LakeBusyError, match="another one has taken over"):
        work()


def test_who_is_started_again_takes_over_from_itself(store: Storage, clock: Clock) -> None:
    """A function that was killed and is tried again under the same name need not wait."""
    _lease(store, clock, "hourly 7f3a").take()
    _lease(store, clock, "hourly 7f3a").take()


def test_of_many_that_ask_at_once_one_has_it(store: Storage, clock: Clock) -> None:
    """The store decides: one put wins."""
    ready = Barrier(6)

    def ask(number: int) -> bool:
        lease = _lease(store, clock, f"owner {number}")
        ready.wait()
        try:
            lease.take()
        except LakeBusyError:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(ask, range(6))) == 1


def test_what_is_no_lease_is_named(store: Storage, clock: Clock) -> None:
    """A foreign object under a lease's name is not taken for one that has run out."""
    store.put_if_absent("leases/lake/00000001.json", b"{}", content_type="application/json", metadata={})
    with pytest.raises(StorageError, match=r"00000001\.json: is no lease of usagelake"):
        _lease(store, clock, "first").take()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["take", "renew", "release", "wait", "die"])), max_size=40)
)
def test_no_two_hold_it_whatever_they_do(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str]]
) -> None:
    """Against a model: who holds it, and until when."""
    store, clock = LocalFolder(tmp_path_factory.mktemp("lease")), Clock()
    leases = [_lease(store, clock, f"owner {number}") for number in range(3)]
    holder: int | None = None
    until = clock.now
    for number, step in steps:
        held = holder is not None and clock.now < until + MARGIN
        if step == "take":
            if held and holder != number:
                with pytest.raises(LakeBusyError):
                    leases[number].take()
            else:
                leases[number].take()
                holder, until = number, clock.now + LASTS
        elif step == "renew" and holder == number:
            leases[number].renew()
            if clock.now >= until - LASTS * 2 / 3:
                until = clock.now + LASTS
        elif step == "release" and holder == number:
            leases[number].release()
            holder = None
        elif step == "die" and holder == number:
            leases[number] = _lease(store, clock, f"{leases[number].owner} again")
            holder = DEAD
        elif step == "wait":
            clock.move(timedelta(minutes=6))
