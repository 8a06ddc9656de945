"""Tiers that are refused, and what the models do when they get them all the same."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from usagelake.domain.rating.graduated import Graduated
from usagelake.domain.rating.tiers import Tier, tier_faults
from usagelake.domain.rating.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.parametrize("bounds", [[None], [1, None], [1, 2, None], [10, 1000, 2**62, None]])
def test_rising_tiers_without_an_end_are_sound(bounds: Sequence[int | None]) -> None:
    assert tier_faults(bounds) == []


@pytest.mark.parametrize(
    ("bounds", "faults"),
    [
        ([], ["tiers is empty"]),
        ([10], ["the last tier ends at 10"]),
        ([10, 20], ["the last tier ends at 20"]),
        ([10, 10, None], ["tier 2 ends at 10, which is not above the 10"]),
        (
            [10, 5, 7, None],
            ["tier 2 ends at 5, which is not above the 10", "tier 3 ends at 7, which is not above the 10"],
        ),
        ([0, None], ["tier 1 ends at 0, which is not above 0"]),
        ([None, 10, None], ["tier 1 has no up_to"]),
        ([None, None], ["tier 1 has no up_to"]),
        ([None, 10], ["tier 1 has no up_to", "the last tier ends at 10"]),
    ],
)
def test_every_fault_is_named(bounds: Sequence[int | None], faults: list[str]) -> None:
    found = tier_faults(bounds)
    assert len(found) == len(faults)
    assert all(fault.startswith(start) for fault, start in zip(found, faults, strict=True))


@pytest.mark.parametrize("model", [Graduated, Volume])
def test_usage_above_the_last_tier_is_never_free(model: type[Graduated | Volume]) -> None:
    """A model that would give units away cannot be made."""
    with pytest.raises(ValueError, match="the last tier ends at 10"):
        model((Tier(10, Decimal(1)),))
