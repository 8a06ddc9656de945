"""Cutting lines into batches."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.shipping.lines import MINUTE, event
from usagelake.domain.landing import LandingKey
from usagelake.shipping.batch import uuid7
from usagelake.shipping.partition import Partition, Rules

if TYPE_CHECKING:
    from usagelake.shipping.batch import Batch

SEGMENT = uuid7(1_795_297_294_901, bytes(range(10)))
TYPES = ("tokens", "ingress", "egress")

_offers = st.lists(
    st.tuples(st.integers(0, 10**6), st.sampled_from(TYPES), st.integers(0, 300), st.integers(-2, 2)), max_size=60
)
_rules = st.builds(
    Rules, st.sampled_from([None, "data-api", "a/b"]), st.integers(1, 7), st.sampled_from([1, 200, 500, 2_000_000])
)


def _cut(offers: list[tuple[int, str, int, int]], rules: Rules, segment: uuid.UUID = SEGMENT) -> list[Batch]:
    partition = Partition(segment, rules)
    batches = []
    for number, event_type, padding, minute in offers:
        reason, full = partition.feed(event(number, event_type, padding=padding), MINUTE + minute)
        assert reason is None
        batches += full
    return batches + partition.finish()


@given(_offers, _rules)
def test_every_line_is_in_one_batch_in_its_order(offers: list[tuple[int, str, int, int]], rules: Rules) -> None:
    """Of each prefix, the batches one after the other hold its lines, verbatim."""
    held: dict[str, list[bytes]] = {}
    for batch in _cut(offers, rules):
        assert batch.sealed is not None
        held.setdefault(batch.prefix, []).extend(batch.sealed.body.split(b"\n")[:-1])
    offered: dict[str, list[bytes]] = {}
    for number, event_type, padding, _ in offers:
        offered.setdefault(rules.prefix or event_type, []).append(event(number, event_type, padding=padding))
    assert held == offered


@given(_offers, _rules)
def test_no_batch_is_over_its_limits(offers: list[tuple[int, str, int, int]], rules: Rules) -> None:
    """Events and bytes are bounded; only a single line may be larger."""
    for batch in _cut(offers, rules):
        assert batch.sealed is not None
        assert 1 <= batch.events <= rules.max_events
        assert batch.size == len(batch.sealed.body)
        assert batch.size <= rules.max_bytes or batch.events == 1
        assert batch.events == batch.sealed.body.count(b"\n") == batch.sealed.manifest.events
        assert batch.sealed.manifest.sha256 == hashlib.sha256(batch.sealed.body).hexdigest()


@given(_offers, _rules)
def test_the_keys_minute_is_the_oldest_records(offers: list[tuple[int, str, int, int]], rules: Rules) -> None:
    """Also when the clock went back in between."""
    minutes: dict[bytes, int] = {}
    for number, event_type, padding, minute in offers:
        line = event(number, event_type, padding=padding)
        minutes[line] = max(minutes.get(line, -9), minute)
    for batch in _cut(offers, rules):
        assert batch.sealed is not None
        key = LandingKey.parse(batch.sealed.key)
        assert key is not None
        assert key.prefix == batch.prefix
        assert key.name == f"{batch.name}.jsonl"
        key_minute = int(key.arrival.timestamp() // 60) - MINUTE
        assert key_minute <= min(minutes[line] for line in batch.sealed.body.split(b"\n")[:-1])
        assert key_minute in {minute for _, _, _, minute in offers}


@given(_offers, _rules)
def test_the_same_lines_give_the_same_batches(offers: list[tuple[int, str, int, int]], rules: Rules) -> None:
    """What a replay relies on: key, body and manifest follow from the segment alone."""
    first, second = _cut(offers, rules), _cut(offers, rules)
    assert [batch.sealed for batch in first] == [batch.sealed for batch in second]


@given(_offers, _rules)
def test_a_key_names_one_content_only(offers: list[tuple[int, str, int, int]], rules: Rules) -> None:
    """Other rules, or another segment, give other keys wherever they give other content: none can hide another."""
    contents: dict[str, bytes] = {}
    other = uuid7(1_795_297_294_902, bytes(10))
    for segment, applied in [(SEGMENT, rules), (SEGMENT, Rules(rules.prefix, 3, 400)), (other, rules)]:
        for batch in _cut(offers, applied, segment):
            assert batch.sealed is not None
            assert contents.setdefault(batch.sealed.key, batch.sealed.body) == batch.sealed.body


@given(_offers)
def test_names_are_uuids_of_version_7(offers: list[tuple[int, str, int, int]]) -> None:
    """With the segment's time, and the variant of RFC 9562."""
    names = [uuid.UUID(batch.name) for batch in _cut(offers, Rules(None, 5, 2_000_000))]
    assert all(name.version == 7 and name.variant == uuid.RFC_4122 for name in names)
    assert all(name.int >> 80 == SEGMENT.int >> 80 for name in names)


def test_full_batches_are_given_at_once() -> None:
    """A batch is sealed by the line that fills it, not by the end of the segment."""
    partition = Partition(SEGMENT, Rules(None, 2, 2_000_000))
    given = [len(partition.feed(event(number, "tokens"), MINUTE)[1]) for number in range(5)]
    assert given == [0, 1, 0, 1, 0]
    assert Counter(batch.events for batch in partition.finish()) == {1: 1}
    assert partition.finish() == []
