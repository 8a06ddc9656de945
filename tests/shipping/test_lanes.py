"""How batches wait, and how a failure of one lane leaves the others alone."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usagelake.shipping.batch import Batch
from usagelake.shipping.lanes import CLOSING, REFUSED, TRANSIENT, Backoff, Lanes


def _batch(name: str, prefix: str = "tokens") -> Batch:
    return Batch(name, prefix, 1, 10, 0.0, sealed=None)


@given(st.sampled_from([TRANSIENT, REFUSED, CLOSING]), st.integers(1, 10_000), st.randoms())
def test_a_wait_lies_between_nothing_and_its_bound(backoff: Backoff, failures: int, random: Random) -> None:
    """Full jitter, capped, however long an outage lasts."""
    assert 0.0 <= backoff.wait(failures, random) <= min(backoff.longest, backoff.first * 2 ** min(failures - 1, 40))


def test_waits_spread_over_their_whole_range() -> None:
    """Shippers that failed together do not come back together."""
    random = Random(7)
    waits = [TRANSIENT.wait(20, random) for _ in range(1000)]
    assert min(waits) < 0.1 * TRANSIENT.longest
    assert max(waits) > 0.9 * TRANSIENT.longest


def test_batches_of_a_lane_go_in_their_order() -> None:
    """The oldest first."""
    lanes = Lanes(Random(1))
    for name in "abc":
        lanes.add(_batch(name))
    assert [taken.name for _ in range(3) if (taken := lanes.next(0.0)) is not None] == ["a", "b", "c"]
    assert lanes.next(0.0) is None
    assert lanes.delay(0.0) is None


def test_a_lane_that_failed_waits_and_another_does_not() -> None:
    """A prefix that is refused holds up no other."""
    lanes = Lanes(Random(1))
    refused, fine = _batch("a", "tokens"), _batch("b", "ingress")
    lanes.add(refused)
    assert lanes.next(0.0) is refused
    lanes.failed(refused, Backoff(10.0, 10.0), 0.0)
    lanes.add(fine)
    delay = lanes.delay(0.0)
    assert delay == 0.0
    assert lanes.next(0.0) is fine
    assert lanes.next(0.0) is None
    waited = lanes.delay(0.0)
    assert waited is not None
    assert 0 < waited <= 10
    assert lanes.next(waited) is refused


def test_a_batch_that_failed_comes_first_again_and_one_that_is_refused_comes_last() -> None:
    """An outage keeps the order; one bad object does not block its lane."""
    lanes = Lanes(Random(1))
    first, second = _batch("a"), _batch("b")
    lanes.add(first)
    lanes.add(second)
    lanes.next(0.0)
    lanes.failed(first, TRANSIENT, 0.0)
    assert next(lanes.heads()) is first
    lanes.next(99.0)
    lanes.failed(first, REFUSED, 0.0, behind=True)
    assert next(lanes.heads()) is second


def test_a_success_ends_the_wait_of_its_lane() -> None:
    """What had to wait behind a failure goes at once when the store works again."""
    lanes = Lanes(Random(1))
    first, second = _batch("a"), _batch("b")
    lanes.add(first)
    lanes.next(0.0)
    lanes.add(second)
    lanes.failed(first, REFUSED, 0.0)
    assert not lanes.healthy("tokens")
    lanes.succeeded(first, 1.0)
    assert lanes.healthy("tokens")
    assert lanes.next(1.0) is first


def test_hurry_ends_every_wait() -> None:
    """A process that ends does not wait for a backoff."""
    lanes = Lanes(Random(1))
    batch = _batch("a")
    lanes.add(batch)
    lanes.next(0.0)
    lanes.failed(batch, Backoff(1e6, 1e6), 0.0)
    assert lanes.next(5.0) is None
    lanes.hurry(5.0)
    assert lanes.failures() == 0
    assert lanes.next(5.0) is batch


@pytest.mark.parametrize("prefixes", [["a"], ["a", "b"]])
def test_withdrawn_batches_wait_no_more(prefixes: list[str]) -> None:
    """And the others stay in their order."""
    lanes = Lanes(Random(1))
    for number in range(6):
        lanes.add(_batch(str(number), prefixes[number % len(prefixes)]))
    taken = lanes.withdraw(lambda batch: int(batch.name) % 3 == 0)
    assert {batch.name for batch in taken} == {"0", "3"}
    assert sorted(batch.name for batch in lanes) == ["1", "2", "4", "5"]
    assert len(lanes) == 4
