"""What a quantity costs: tiers at their bounds, minimums, and exactness."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usagelake.domain.estimate.price_list import CloudPrice, Step
from usagelake.services.cloud_prices import load_cloud_prices

PRICES = load_cloud_prices()
MILLION = 1_000_000


def price(*steps: tuple[int | None, str], per: int = 1, at_least: int = 0, rounded_to: int = 1) -> CloudPrice:
    made = tuple(Step(up_to, Decimal(each)) for up_to, each in steps)
    return CloudPrice("s3.puts", "requests", per, made, at_least, rounded_to, "a page", confirmed=True)


@pytest.mark.parametrize(
    ("requests", "usd"),
    [
        (0, "0"),
        (1, "0.0000035"),
        (333 * MILLION - 1, "1165.4999965"),
        (333 * MILLION, "1165.5"),
        (333 * MILLION + 1, "1165.5000028"),
        (1_000 * MILLION - 1, "3033.0999972"),
        (1_000 * MILLION, "3033.1"),
        (1_000 * MILLION + 1, "3033.10000238"),
        (20_000 * MILLION, "48253.1"),
        (20_000 * MILLION + 1, "48253.10000151"),
        (30_000 * MILLION, "63353.1"),
    ],
)
def test_requests_are_priced_tier_by_tier(requests: int, usd: str) -> None:
    """3.50 for 333 million, 2.80 for 667 more, 2.38 for 19 billion more, 1.51 above: at each bound and beside it."""
    assert PRICES["api_gateway.requests"].cost(requests) == Decimal(usd)


@pytest.mark.parametrize(("size", "charged"), [(0, 10), (8, 10), (9, 12), (12, 12), (13, 16)])
def test_a_piece_is_charged_for_its_minimum_and_rounded_up(size: int, charged: int) -> None:
    """At least so much, then in whole steps."""
    assert price((None, "1"), at_least=10, rounded_to=4).charged(size) == charged


def test_a_record_and_a_query_have_their_minimum() -> None:
    """Firehose: 5 KB a record, and again for each 5 KB begun. Athena: 10 MB a query, and bytes above."""
    record, query = PRICES["firehose.ingested"], PRICES["athena.scanned"]
    assert [record.charged(size) for size in (1, 5120, 5121)] == [5120, 5120, 10_240]
    assert [query.charged(size) for size in (0, 10_000_000, 10_000_001)] == [10_000_000, 10_000_000, 10_000_001]


@given(st.integers(0, 10**18), st.integers(0, 10**18))
def test_more_never_costs_less(first: int, more: int) -> None:
    """Whatever the tiers are, and however odd the quantity: nothing is rounded on the way."""
    for each in PRICES.prices.values():
        cost = each.cost(first + more)
        assert cost >= each.cost(first)
        by_hand, below = Decimal(0), 0
        for step in each.steps:
            upper = first + more if step.up_to is None else step.up_to
            by_hand += max(0, min(first + more, upper) - below) * step.price
            below = upper
        assert cost * each.per == by_hand


def test_a_float_is_an_error() -> None:
    """It ends in an exception and not in a price."""
    with pytest.raises(TypeError):
        price((None, "1")).cost(1.5)  # type: ignore[arg-type]


def test_a_price_is_written_as_the_file_has_it() -> None:
    """Every tier, without an exponent."""
    assert price((10, "3.50"), (None, "0.0000133334"), per=1_000_000).written() == "3.5 / 0.0000133334 per 1,000,000"
