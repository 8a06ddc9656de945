"""Rating a period: pools, fees, minimums, and what cannot be billed, each by a small example."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import Any

import pytest

from tests.domain.rating.worlds import DAYS, METERS, PERIOD, World
from usagelake.domain.customers_file import load_customers
from usagelake.domain.invoice import LineUsage, ProratedHours
from usagelake.domain.price_book_file import load_price_book
from usagelake.domain.rating.rate import rate
from usagelake.domain.rating.segments import Segment, segments
from usagelake.domain.usage import UnassignedUsage, UnpricedUsage, UsageTotal

BEFORE, AFTER = date(2014, 1, 1), date(2016, 1, 1)
DAY_1, DAY_11, DAY_21 = DAYS[0], DAYS[10], DAYS[20]
END = date(2015, 3, 1)

GRADUATED: dict[str, Any] = {
    "id": "requests",
    "meter": "requests",
    "model": "graduated",
    "free_units": 2,
    "tiers": [{"up_to": 3, "unit_price": "1"}, {"unit_price": "0.5"}],
}
PER_UNIT: dict[str, Any] = {"id": "requests", "meter": "requests", "model": "per_unit", "unit_price": "1"}
CHEAPER: dict[str, Any] = {**PER_UNIT, "unit_price": "0.25"}
FEE: dict[str, Any] = {"id": "fee", "model": "flat", "amount": "10.00"}


def one_plan(*charges: dict[str, Any], minimum: str | None = None) -> dict[str, Any]:
    return {"p1": [(BEFORE, minimum, list(charges))]}


def lines_of(world: World, customer: str = "c1") -> list[tuple[str, str]]:
    """Give the charge and amount of each line, which is what most examples are about."""
    (invoice,) = [invoice for invoice in world.rated().invoices if invoice.customer_id == customer]
    return [(line.charge_id, str(line.amount)) for line in invoice.lines]


ALWAYS = ("k1", "c1", "p1", BEFORE, AFTER)
ALSO = ("k2", "c1", "p1", BEFORE, AFTER)


def test_free_units_and_tiers_count_over_all_subjects() -> None:
    """Two keys with 4 requests each are one pool of 8: 2 free, 3 at 1, 3 at 0.50. Apart it would be 4.00."""
    usage = [(DAY_1, "k1", "requests", "", 4), (DAY_11, "k2", "requests", "", 4)]
    world = World(one_plan(GRADUATED), [ALWAYS, ALSO], usage)
    (invoice,) = world.rated().invoices
    (line,) = invoice.lines
    assert (line.amount, line.amount_exact) == (Decimal("4.50"), Decimal("4.5"))
    assert isinstance(line.basis, LineUsage)
    assert (line.basis.quantity, line.basis.free_units, line.basis.dimension) == (8, 2, "")
    assert [(step.to_document()["from"], step.to_document()["to"]) for step in line.basis.steps] == [
        ("1", "3"),
        ("4", "6"),
    ]


def test_customers_are_pools_apart() -> None:
    usage = [(DAY_1, "k1", "requests", "", 4), (DAY_1, "k2", "requests", "", 4)]
    world = World(one_plan(GRADUATED), [ALWAYS, ("k2", "c2", "p1", BEFORE, AFTER)], usage)
    assert lines_of(world, "c1") == lines_of(world, "c2") == [("requests", "2.00")]


def test_a_new_version_has_a_new_pool() -> None:
    """Usage before the change keeps its price, and the free units count in each version's pool."""
    plans = {"p1": [(BEFORE, None, [GRADUATED]), (DAY_11, None, [CHEAPER])]}
    usage = [(DAYS[9], "k1", "requests", "", 4), (DAY_11, "k1", "requests", "", 4)]
    (invoice,) = World(plans, [ALWAYS], usage).rated().invoices
    assert [(line.plan_version, str(line.amount)) for line in invoice.lines] == [
        (BEFORE, "2.00"),
        (DAY_11, "1.00"),
    ]


def test_a_plan_change_rates_each_hour_by_its_plan() -> None:
    plans = {**one_plan(PER_UNIT), "p2": [(BEFORE, None, [CHEAPER])]}
    rows = [("k1", "c1", "p2", BEFORE, DAY_11), ("k1", "c1", "p1", DAY_11, AFTER)]
    usage = [(DAYS[9], "k1", "requests", "", 4), (DAY_11, "k1", "requests", "", 4)]
    (invoice,) = World(plans, rows, usage).rated().invoices
    assert [(line.plan_id, str(line.amount)) for line in invoice.lines] == [("p1", "4.00"), ("p2", "1.00")]


def test_each_dimension_has_a_pool_and_the_rest_share_one() -> None:
    rest = {"id": "rest", "meter": "tokens", "model": "per_unit", "unit_price": "1"}
    named = {
        "id": "a",
        "meter": "tokens",
        "dimension": "a",
        "model": "per_unit",
        "unit_price": "2",
        "free_units": 1,
    }
    usage = [(DAY_1, "k1", "tokens", dimension, 3) for dimension in ("a", "b", "")]
    (invoice,) = World(one_plan(rest, named), [ALWAYS], usage).rated().invoices
    assert [
        (line.charge_id, line.basis.dimension, line.basis.quantity, str(line.amount))
        for line in invoice.lines
        if isinstance(line.basis, LineUsage)
    ] == [("rest", "", 6, "6.00"), ("a", "a", 3, "4.00")]


def test_a_free_meter_has_a_line_of_nothing() -> None:
    free = {"id": "given", "meter": "requests", "model": "free"}
    world = World(one_plan(free), [ALWAYS], [(DAY_1, "k1", "requests", "", 7)])
    assert lines_of(world) == [("given", "0.00")]
    assert world.rated().unpriced == ()


def test_usage_within_the_free_units_has_a_line_of_nothing() -> None:
    assert lines_of(World(one_plan(GRADUATED), [ALWAYS], [(DAY_1, "k1", "requests", "", 2)])) == [("requests", "0.00")]


def test_no_usage_and_a_usage_of_zero_have_no_line() -> None:
    assert lines_of(World(one_plan(GRADUATED), [ALWAYS], [(DAY_1, "k1", "requests", "", 0)])) == []
    assert lines_of(World(one_plan(GRADUATED), [ALWAYS])) == []


def test_flat_at_zero_is_due_without_usage_in_each_version_that_was_in_force() -> None:
    charge = {**GRADUATED, "flat_at_zero": True, "tiers": [{"unit_price": "1", "flat": "5"}]}
    plans = {"p1": [(BEFORE, None, [charge]), (DAY_11, None, [charge]), (DAY_21, None, [charge])]}
    assert lines_of(World(plans, [ALWAYS])) == [("requests", "5.00")] * 3
    assert lines_of(World(plans, [("k1", "c1", "p1", DAY_11, DAY_21)])) == [("requests", "5.00")]


class TestFees:
    def test_a_fee_is_due_once_however_many_subjects(self) -> None:
        assert lines_of(World(one_plan(FEE), [ALWAYS, ALSO])) == [("fee", "10.00")]

    def test_a_fee_is_due_in_full_for_a_single_day(self) -> None:
        assert lines_of(World(one_plan(FEE), [("k1", "c1", "p1", DAYS[27], AFTER)])) == [("fee", "10.00")]

    def test_a_fee_is_due_at_the_version_of_the_last_assigned_hour(self) -> None:
        """The customer left on the 11th, before prices rose on the 21st; another stayed."""
        plans = {"p1": [(BEFORE, None, [FEE]), (DAY_21, None, [{**FEE, "amount": "12.00"}])]}
        rows = [("k1", "c1", "p1", BEFORE, DAY_11), ("k2", "c2", "p1", BEFORE, AFTER)]
        assert lines_of(World(plans, rows), "c1") == [("fee", "10.00")]
        assert lines_of(World(plans, rows), "c2") == [("fee", "12.00")]

    def test_the_last_assigned_hour_is_that_of_any_subject(self) -> None:
        plans = {"p1": [(BEFORE, None, [FEE]), (DAY_21, None, [{**FEE, "amount": "12.00"}])]}
        rows = [("k1", "c1", "p1", BEFORE, DAY_11), ("k2", "c1", "p1", DAY_1, DAYS[21])]
        assert lines_of(World(plans, rows)) == [("fee", "12.00")]

    def test_each_plan_has_its_own_fee(self) -> None:
        plans = {**one_plan(FEE), "p2": [(BEFORE, None, [{**FEE, "amount": "7.00"}])]}
        rows = [("k1", "c1", "p2", BEFORE, DAY_11), ("k1", "c1", "p1", DAY_11, AFTER)]
        assert lines_of(World(plans, rows)) == [("fee", "10.00"), ("fee", "7.00")]

    def test_a_prorated_fee_is_due_for_the_union_of_the_subjects_hours(self) -> None:
        """Days 1 to 10 and 6 to 14 are 14 of 28 days, not 19."""
        prorated = {**FEE, "prorate": True}
        rows = [("k1", "c1", "p1", BEFORE, DAY_11), ("k2", "c1", "p1", DAYS[5], DAYS[14])]
        (invoice,) = World(one_plan(prorated), rows).rated().invoices
        (line,) = invoice.lines
        assert (str(line.amount), line.basis) == ("5.00", ProratedHours(14 * 24, 28 * 24))

    def test_a_prorated_fee_that_does_not_end_is_cut_and_then_rounded(self) -> None:
        prorated = {**FEE, "prorate": True}
        (invoice,) = World(one_plan(prorated), [("k1", "c1", "p1", BEFORE, DAYS[1])]).rated().invoices
        (line,) = invoice.lines
        assert (str(line.amount_exact), str(line.amount)) == ("0.357142857142", "0.36")

    def test_no_fee_is_due_where_no_version_was_in_force(self) -> None:
        plans = {"p1": [(DAY_21, "50.00", [FEE])]}
        assert lines_of(World(plans, [("k1", "c1", "p1", BEFORE, DAY_11)])) == []


class TestMinimumCommitment:
    def test_what_is_missing_is_a_line_of_its_own(self) -> None:
        world = World(one_plan(FEE, PER_UNIT, minimum="25.00"), [ALWAYS], [(DAY_1, "k1", "requests", "", 9)])
        assert lines_of(world) == [("fee", "10.00"), ("requests", "9.00"), ("minimum_commitment", "6.00")]
        assert world.rated().total == Decimal("25.00")

    @pytest.mark.parametrize("minimum", ["19.00", "18.99", "0"])
    def test_nothing_is_missing_once_it_is_reached(self, minimum: str) -> None:
        world = World(one_plan(FEE, PER_UNIT, minimum=minimum), [ALWAYS], [(DAY_1, "k1", "requests", "", 9)])
        assert lines_of(world) == [("fee", "10.00"), ("requests", "9.00")]

    def test_it_is_compared_with_the_rounded_lines(self) -> None:
        """Two lines of 0.005 are 0.02 on the invoice, so that the plan comes to exactly its minimum."""
        charges: list[dict[str, Any]] = [
            {"id": meter, "meter": meter, "model": "per_unit", "unit_price": "0.005"}
            for meter in ("requests", "tokens")
        ]
        usage = [(DAY_1, "k1", "requests", "", 1), (DAY_1, "k1", "tokens", "", 1)]
        world = World(one_plan(*charges, minimum="1.00"), [ALWAYS], usage)
        assert lines_of(world)[-1] == ("minimum_commitment", "0.98")
        assert world.rated().total == 1

    def test_it_is_due_without_usage(self) -> None:
        assert lines_of(World(one_plan(PER_UNIT, minimum="3.00"), [ALWAYS])) == [("minimum_commitment", "3.00")]

    def test_it_is_that_of_the_last_version_and_counts_all_versions_lines(self) -> None:
        plans = {"p1": [(BEFORE, "100.00", [PER_UNIT]), (DAY_11, "8.00", [CHEAPER])]}
        usage = [(DAY_1, "k1", "requests", "", 5), (DAY_11, "k1", "requests", "", 4)]
        assert lines_of(World(plans, [ALWAYS], usage)) == [
            ("requests", "5.00"),
            ("requests", "1.00"),
            ("minimum_commitment", "2.00"),
        ]

    def test_it_stands_last_in_its_plan(self) -> None:
        plans = {**one_plan(FEE, minimum="11.00"), "p2": [(BEFORE, "11.00", [FEE])]}
        rows = [ALWAYS, ("k2", "c1", "p2", BEFORE, AFTER)]
        assert lines_of(World(plans, rows)) == [
            ("fee", "10.00"),
            ("minimum_commitment", "1.00"),
            ("fee", "10.00"),
            ("minimum_commitment", "1.00"),
        ]


def test_lines_follow_plan_version_and_the_order_of_the_book() -> None:
    z_first = [{**PER_UNIT, "id": "z"}, FEE, {**PER_UNIT, "id": "a", "meter": "tokens"}]
    plans = {"p2": [(BEFORE, None, z_first)], "p1": [(DAY_11, None, z_first), (BEFORE, None, z_first)]}
    rows = [("k2", "c1", "p2", BEFORE, AFTER), ALWAYS]
    usage = [
        (day, key, meter, "", 1) for day in (DAY_21, DAY_1) for key in ("k2", "k1") for meter in ("tokens", "requests")
    ]
    (invoice,) = World(plans, rows, usage).rated().invoices
    assert [(line.plan_id, line.plan_version, line.charge_id) for line in invoice.lines] == [
        ("p1", BEFORE, "z"),
        ("p1", BEFORE, "a"),
        ("p1", DAY_11, "z"),
        ("p1", DAY_11, "fee"),
        ("p1", DAY_11, "a"),
        ("p2", BEFORE, "z"),
        ("p2", BEFORE, "fee"),
        ("p2", BEFORE, "a"),
    ]


class TestWhoHasAnInvoice:
    @pytest.mark.parametrize(
        ("start", "end", "has_one"),
        [
            (BEFORE, AFTER, True),
            (BEFORE, DAYS[1], True),
            (DAYS[27], AFTER, True),
            (BEFORE, DAY_1, False),
            (END, AFTER, False),
        ],
    )
    def test_everybody_with_an_assignment_in_the_period(self, start: date, end: date, has_one: bool) -> None:
        invoices = World(one_plan(PER_UNIT), [("k1", "c1", "p1", start, end)]).rated().invoices
        assert len(invoices) == has_one
        assert all((invoice.lines, str(invoice.total)) == ((), "0.00") for invoice in invoices)

    def test_they_are_sorted_and_named(self) -> None:
        rows = [(f"k{n}", customer, "p1", BEFORE, AFTER) for n, customer in enumerate(["c2", "c10", "B", "c2"])]
        invoices = World(one_plan(PER_UNIT), rows).rated().invoices
        assert [invoice.customer_id for invoice in invoices] == ["B", "c10", "c2"]
        assert invoices[0].customer_name == "Name of B"

    def test_nobody(self) -> None:
        rated = World(one_plan(PER_UNIT)).rated()
        assert (rated.invoices, str(rated.total)) == ((), "0.00")


class TestWhatCannotBeBilled:
    def test_usage_outside_of_an_assignment_is_unassigned(self) -> None:
        usage = [
            (DAYS[9], "k1", "requests", "", 5),
            (DAY_11, "k1", "requests", "", 3),
            (DAY_11, "k1", "tokens", "a", 1),
            (DAY_21, "k1", "tokens", "b", 1),
            (DAY_1, "k0", "requests", "", 0),
        ]
        rated = World(one_plan(PER_UNIT), [("k1", "c1", "p1", BEFORE, DAY_11)], usage).rated()
        assert rated.unassigned == (
            UnassignedUsage("api_key", "k0", (("requests", 0),)),
            UnassignedUsage("api_key", "k1", (("requests", 3), ("tokens", 2))),
        )
        assert rated.unassigned[1].to_document() == {
            "subject_type": "api_key",
            "subject_id": "k1",
            "meters": {"requests": "3", "tokens": "2"},
        }
        assert str(rated.total) == "5.00"

    def test_usage_without_a_charge_is_unpriced_per_plan_and_meter(self) -> None:
        named = {"id": "a", "meter": "tokens", "dimension": "a", "model": "per_unit", "unit_price": "1"}
        usage = [
            (DAY_1, "k1", "tokens", "b", 2),
            (DAY_11, "k2", "tokens", "", 3),
            (DAY_11, "k2", "tokens", "a", 4),
            (DAY_11, "k2", "requests", "", 0),
        ]
        rated = World(one_plan(named), [ALWAYS, ("k2", "c2", "p1", BEFORE, AFTER)], usage).rated()
        assert rated.unpriced == (UnpricedUsage("p1", "tokens", 5),)
        assert rated.unpriced[0].to_document() == {"plan_id": "p1", "meter": "tokens", "quantity": "5"}
        assert str(rated.total) == "4.00"

    def test_usage_before_the_plans_first_version_is_unpriced(self) -> None:
        usage = [(DAYS[9], "k1", "requests", "", 5), (DAY_11, "k1", "requests", "", 3)]
        rated = World({"p1": [(DAY_11, None, [PER_UNIT])]}, [ALWAYS], usage).rated()
        assert rated.unpriced == (UnpricedUsage("p1", "requests", 5),)
        assert str(rated.total) == "3.00"

    def test_nothing_is_lost(self) -> None:
        """What is billed, unassigned and unpriced adds up to what was used."""
        usage = [(day, key, meter, d, 1) for day in DAYS for key in ("k1", "k2") for meter in METERS for d in ("", "a")]
        named = {"id": "a", "meter": "tokens", "dimension": "a", "model": "package", "package_size": 9}
        plans = {"p1": [(DAYS[3], None, [GRADUATED, {**named, "package_price": "1"}])]}
        rated = World(plans, [("k1", "c1", "p1", DAYS[2], DAY_21)], usage).rated()
        billed = sum(
            line.basis.quantity
            for invoice in rated.invoices
            for line in invoice.lines
            if isinstance(line.basis, LineUsage)
        )
        unassigned = sum(quantity for subject in rated.unassigned for _, quantity in subject.meters)
        unpriced = sum(entry.quantity for entry in rated.unpriced)
        assert (billed, unassigned, unpriced) == (3 * 17, 2 * 2 * (28 + 10), 4 + 17)
        assert billed + unassigned + unpriced == len(usage)


class TestWhatRateRefuses:
    book = load_price_book(World(one_plan(PER_UNIT)).price_book_text(), meters=METERS)
    customers = load_customers(World({}, [("k1", "c1", "p1", DAY_11, AFTER)]).customers_text(), plans=("p1",))

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            (PERIOD.start, PERIOD.end),  # the assignment of the 11th stands in between
            (PERIOD.start - timedelta(days=1), PERIOD.start + timedelta(days=1)),
            (PERIOD.end - timedelta(days=1), PERIOD.end + timedelta(hours=1)),
            (PERIOD.end, PERIOD.end + timedelta(days=1)),
        ],
    )
    def test_a_segment_that_reaches_over_a_change(self, start: Any, end: Any) -> None:
        with pytest.raises(ValueError, match="reaches over a change or out of the period"):
            rate(PERIOD, [(Segment(start, end), [])], self.book, self.customers)

    @pytest.mark.parametrize(
        ("quantity", "error"),
        [(1.0, TypeError), (Decimal(1), TypeError), ("1", TypeError), (True, TypeError), (-1, ValueError)],
    )
    def test_a_quantity_that_is_no_whole_number(self, quantity: Any, error: type[Exception]) -> None:
        """Billed, unassigned or unpriced: a float is refused wherever it would have gone."""
        cut = segments(PERIOD, self.book, self.customers)
        for segment in cut:
            for meter in METERS:
                total = UsageTotal(meter, "api_key", "k1", "", quantity, 1)
                with pytest.raises(error, match="'k1'"):
                    rate(PERIOD, [(segment, [total])], self.book, self.customers)

    def test_one_segment_may_come_in_parts(self) -> None:
        cut = segments(PERIOD, self.book, self.customers)[1]
        total = UsageTotal("requests", "api_key", "k1", "", 3, 1)
        parts = [
            (cut, [total]),
            (Segment(cut.start, cut.start + timedelta(hours=1)), iter([total])),
            (cut, []),
        ]
        assert str(rate(PERIOD, parts, self.book, self.customers).total) == "6.00"


def test_the_callers_decimal_context_changes_nothing() -> None:
    charges: list[dict[str, Any]] = [
        {**FEE, "amount": "1234.56", "prorate": True},
        {**PER_UNIT, "unit_price": "0.0123456"},
    ]
    world = World(one_plan(*charges, minimum="99999.99"), [("k1", "c1", "p1", DAY_11, AFTER)])
    world.usage.append((DAY_11, "k1", "requests", "", 9_876_543))
    plainly = world.rated()
    total = str(plainly.total)
    with localcontext(prec=3, rounding=ROUND_DOWN):
        assert world.rated() == plainly
        assert str(world.rated().total) == total == "122725.50"


def test_amounts_have_the_currencys_digits() -> None:
    charge = {**PER_UNIT, "unit_price": "0.5"}
    for currency, total in (("JPY", "3"), ("BHD", "2.500"), ("USD", "2.50")):
        world = World(one_plan(charge), [ALWAYS], [(DAY_1, "k1", "requests", "", 5)], currency)
        assert str(world.rated().total) == total
