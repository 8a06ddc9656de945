"""Price books: which version and which charge apply."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from usagelake.domain.price_book import Plan, PlanVersion, UsageCharge
from usagelake.domain.rating.free import Free
from usagelake.domain.rating.per_unit import PerUnit


def version(day: date) -> PlanVersion:
    return PlanVersion("growth", day, ())


FIRST, SECOND, THIRD = (version(date(2015, month, 15)) for month in (1, 5, 9))
PLAN = Plan("growth", (FIRST, SECOND, THIRD))


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (datetime(2015, 1, 14, 23, 59, 59, 999999, tzinfo=UTC), None),
        (datetime(2015, 1, 15, tzinfo=UTC), FIRST),
        (datetime(2015, 5, 14, 23, tzinfo=UTC), FIRST),
        (datetime(2015, 5, 15, tzinfo=UTC), SECOND),
        (datetime(2015, 9, 15, tzinfo=UTC), THIRD),
        (datetime(9999, 1, 1, tzinfo=UTC), THIRD),
        (datetime(2015, 5, 15, 1, tzinfo=timezone(timedelta(hours=2))), FIRST),
    ],
)
def test_the_version_in_force_is_the_latest_that_has_begun(instant: datetime, expected: PlanVersion | None) -> None:
    assert PLAN.version_at(instant) is expected


def test_an_instant_without_a_zone_has_no_version() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        PLAN.version_at(datetime(2015, 5, 15))  # noqa: DTZ001


def test_a_charge_without_a_dimension_prices_what_no_sibling_names() -> None:
    named = UsageCharge("a", "tokens", "model-a", Free())
    rest = UsageCharge("rest", "tokens", None, Free())
    book_version = PlanVersion("growth", date(2015, 1, 1), (rest, named))
    assert book_version.charge_for("tokens", "model-a") is named
    assert book_version.charge_for("tokens", "model-b") is rest
    assert book_version.charge_for("tokens", "") is rest
    assert book_version.charge_for("requests", "") is None


def test_a_meter_that_only_has_dimension_prices_leaves_the_others_unpriced() -> None:
    only = PlanVersion("growth", date(2015, 1, 1), (UsageCharge("a", "tokens", "model-a", Free()),))
    assert only.charge_for("tokens", "model-b") is None


def test_free_units_come_off_first() -> None:
    charge = UsageCharge("a", "requests", None, PerUnit(Decimal(2)), free_units=1000)
    assert [charge.price(quantity).amount for quantity in (0, 999, 1000, 1001)] == [0, 0, 0, 2]
    assert charge.price(5012).steps[0].to_document()["to"] == "4012"
