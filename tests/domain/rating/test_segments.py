"""Segments: a period is cut where something changes, and nowhere else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings

from tests.domain.rating.worlds import METERS, PERIOD, World, worlds
from usagelake.domain.customers import FOR_EVER, SINCE_EVER, Assignment, Customers
from usagelake.domain.customers_file import load_customers
from usagelake.domain.period import Period
from usagelake.domain.price_book import Plan, PlanVersion, PriceBook
from usagelake.domain.price_book_file import load_price_book
from usagelake.domain.rating.segments import Segment, segments

MAY = Period.parse("2015-05")


def book(*days: date) -> PriceBook:
    return PriceBook("USD", {"growth": Plan("growth", tuple(PlanVersion("growth", day, ()) for day in days))})


def customers(*spans: tuple[date, date]) -> Customers:
    return Customers(
        tuple(Assignment("api_key", f"k{n}", "c", "C", "growth", start, end, n) for n, (start, end) in enumerate(spans))
    )


def midnight(month: int, day: int) -> datetime:
    return datetime(2015, month, day, tzinfo=UTC)


def test_a_quiet_period_is_one_segment() -> None:
    assert segments(MAY, book(date(2015, 1, 1)), customers((SINCE_EVER, FOR_EVER))) == [
        Segment(midnight(5, 1), midnight(6, 1))
    ]


def test_a_change_on_the_edge_or_outside_cuts_nothing() -> None:
    found = segments(
        MAY,
        book(date(2015, 5, 1), date(2015, 6, 1)),
        customers((date(2015, 5, 1), date(2015, 6, 1)), (date(2015, 4, 30), date(2015, 6, 2))),
    )
    assert found == [Segment(midnight(5, 1), midnight(6, 1))]


def test_versions_and_assignments_cut() -> None:
    found = segments(
        MAY,
        book(date(2015, 1, 1), date(2015, 5, 20)),
        customers((date(2015, 5, 10), date(2015, 5, 20)), (SINCE_EVER, date(2015, 5, 31))),
    )
    assert [(s.start, s.end) for s in found] == list(
        pairwise([midnight(5, 1), midnight(5, 10), midnight(5, 20), midnight(5, 31), midnight(6, 1)])
    )
    assert [s.hours for s in found] == [9 * 24, 10 * 24, 11 * 24, 24]


@given(worlds())
@settings(max_examples=60, deadline=None)
def test_within_a_segment_nothing_changes(world: World) -> None:
    """Every hour belongs to one segment, and in it each subject has one customer, plan and version."""
    price_book = load_price_book(world.price_book_text(), meters=METERS)
    who = load_customers(world.customers_text(), plans=price_book.plans)
    found = segments(PERIOD, price_book, who)
    assert found[0].start == PERIOD.start
    assert found[-1].end == PERIOD.end
    assert all(left.end == right.start for left, right in pairwise(found))
    assert sum(segment.hours for segment in found) == PERIOD.hours
    for segment in found:
        hours = [segment.start + timedelta(hours=n) for n in range(0, segment.hours, 5)] + [
            segment.end - timedelta(hours=1)
        ]
        for subject in {row[0] for row in world.rows}:
            assert len({who.assignment_at("api_key", subject, hour) for hour in hours}) == 1
        for plan in price_book.plans.values():
            assert len({getattr(plan.version_at(hour), "effective_from", None) for hour in hours}) == 1
