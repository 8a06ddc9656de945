"""Draws: shapes of ids, and that they repeat."""

from __future__ import annotations

import doctest
import re
import uuid
from datetime import UTC, datetime

from usagelake.simulation import draws, landing_writer
from usagelake.simulation.draws import (
    extended_request_ids,
    pareto_value,
    seeded,
    unsigned16,
    unsigned32,
    uuid7,
    uuids,
)
from usagelake.simulation.options import epoch_ms


def test_docstring_examples_run() -> None:
    for module in (draws, landing_writer):
        assert doctest.testmod(module).failed == 0


def test_purposes_are_independent_and_repeat() -> None:
    assert seeded(1, "a").random() == seeded(1, "a").random()
    assert seeded(1, "a").random() != seeded(1, "b").random() != seeded(2, "a").random()


def test_uuids_are_of_version_4() -> None:
    made = uuids(seeded(1, "ids"), 1000)
    assert len(set(made)) == 1000
    assert {uuid.UUID(text).version for text in made} == {4}
    assert {uuid.UUID(text).variant for text in made} == {uuid.RFC_4122}
    assert all(str(uuid.UUID(text)) == text for text in made)
    assert uuids(seeded(1, "ids"), 0) == []


def test_uuid7_holds_its_instant() -> None:
    at = epoch_ms(datetime(2025, 10, 5, 12, 30, tzinfo=UTC))
    made = uuid.UUID(uuid7(seeded(1, "ids"), at))
    assert (made.version, made.variant, made.int >> 80) == (7, uuid.RFC_4122, at)


def test_extended_request_ids_look_like_api_gateways() -> None:
    made = extended_request_ids(seeded(1, "ids"), 500)
    assert len(set(made)) == 500
    assert all(re.fullmatch(r"[A-Za-z0-9+/]{15}=", text) for text in made)


def test_integers_stay_in_their_range() -> None:
    rng = seeded(1, "numbers")
    assert 60_000 < max(unsigned16(rng, 1000)) < 1 << 16
    assert 1 << 31 < max(unsigned32(rng, 1000)) < 1 << 32


def test_pareto_values_stay_in_their_range_and_have_a_tail() -> None:
    rng = seeded(1, "values")
    values = sorted(pareto_value(rng, 100, 9_000) for _ in range(4000))
    assert values[0] == 100
    assert 130 < values[2000] < 150
    assert 3000 < values[-1] <= 9_000
