"""Customers: who pays for a subject, and when."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from usagelake.domain.customers import FOR_EVER, SINCE_EVER, Assignment, Customers


def row(line: int, customer: str, valid_from: date, valid_to: date, *, name: str = "", key: str = "k1") -> Assignment:
    return Assignment("api_key", key, customer, name, "growth", valid_from, valid_to, line)


MAY_10, MAY_20, JUNE_1 = date(2015, 5, 10), date(2015, 5, 20), date(2015, 6, 1)


def test_an_assignment_has_its_first_day_and_not_its_last() -> None:
    customers = Customers((row(2, "a", MAY_10, MAY_20), row(3, "b", MAY_20, FOR_EVER)))
    found = {
        day: customers.assignment_at("api_key", "k1", datetime(2015, 5, day, hour, tzinfo=UTC))
        for day, hour in ((9, 23), (10, 0), (19, 23), (20, 0), (31, 23))
    }
    assert {day: None if match is None else match.customer_id for day, match in found.items()} == {
        9: None,
        10: "a",
        19: "a",
        20: "b",
        31: "b",
    }


def test_a_subject_is_its_type_and_its_id() -> None:
    customers = Customers((row(2, "a", SINCE_EVER, FOR_EVER),))
    noon = datetime(2015, 5, 1, 12, tzinfo=UTC)
    assert customers.assignment_at("api_key", "k1", noon) is not None
    assert customers.assignment_at("resource", "k1", noon) is None
    assert customers.assignment_at("api_key", "K1", noon) is None


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        Customers(()).assignment_at("api_key", "k1", datetime(2015, 5, 1))  # noqa: DTZ001


def test_the_latest_name_wins_and_of_several_the_later_line() -> None:
    customers = Customers(
        (
            row(2, "a", MAY_10, MAY_20, name="newest", key="k1"),
            row(3, "a", SINCE_EVER, MAY_10, name="oldest", key="k1"),
            row(4, "b", MAY_10, FOR_EVER, name="earlier line", key="k2"),
            row(5, "b", MAY_10, FOR_EVER, name="later line", key="k3"),
        )
    )
    assert customers.names == {"a": "newest", "b": "later line"}


def test_open_ends_are_no_changes() -> None:
    customers = Customers((row(2, "a", SINCE_EVER, MAY_10), row(3, "a", MAY_20, FOR_EVER), row(4, "b", MAY_10, JUNE_1)))
    assert customers.change_days == {MAY_10, MAY_20, JUNE_1}
