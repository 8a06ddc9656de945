"""The whole of rating against a reference that shares no code with it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.domain.rating.reference import rate_by_day
from tests.domain.rating.worlds import World, worlds
from usagelake.domain.invoice import LineUsage

if TYPE_CHECKING:
    from random import Random

MANY = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SOME = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(worlds())
@MANY
def test_every_line_is_the_references(world: World) -> None:
    """Any plans, versions, assignments and usage: the same lines in the same order, and beyond the cent."""
    rated, expected = world.rated(), rate_by_day(world)
    assert [invoice.customer_id for invoice in rated.invoices] == list(expected.invoices)
    for invoice in rated.invoices:
        wanted = expected.invoices[invoice.customer_id]
        found = [
            (
                line.plan_id,
                line.plan_version,
                line.charge_id,
                line.basis.quantity if isinstance(line.basis, LineUsage) else None,
                Fraction(line.amount) * 100,
            )
            for line in invoice.lines
        ]
        assert found == [(line.plan, line.version, line.charge, line.quantity, Fraction(line.cents)) for line in wanted]
        for line, want in zip(invoice.lines, wanted, strict=True):
            assert 0 <= want.exact - Fraction(line.amount_exact) < Fraction(1, 10**12)
        assert Fraction(invoice.total) * 100 == sum(line.cents for line in wanted)
    assert {u.subject_id: dict(u.meters) for u in rated.unassigned} == expected.unassigned
    assert {(u.plan_id, u.meter): u.quantity for u in rated.unpriced} == expected.unpriced
    assert Fraction(rated.total) == sum((Fraction(invoice.total) for invoice in rated.invoices), Fraction(0))


@given(worlds(), st.randoms(use_true_random=False))
@SOME
def test_order_and_splitting_change_nothing(world: World, random: Random) -> None:
    """The same usage in single days, shuffled, with the files' rows shuffled, gives the same everything."""
    rows, usage = list(world.rows), list(world.usage)
    random.shuffle(rows)
    random.shuffle(usage)
    plans = list(world.plans.items())
    random.shuffle(plans)
    shuffled = World(dict(plans), rows, usage)
    assert shuffled.rated(order=random) == world.rated()


@given(worlds(), st.integers(0, 9))
@SOME
def test_subjects_of_one_customer_are_one_pool(world: World, taken: int) -> None:
    """Usage moved from one key to another of the same customer and plan moves no cent."""
    rows = [row for row in world.rows if row[0] == "k1"]
    twins = World(world.plans, [*rows, *(("k2", *row[1:]) for row in rows)], [])
    usage = [(day, "k1", meter, dimension, quantity) for day, _, meter, dimension, quantity in world.usage]
    split = [
        part
        for day, _, meter, dimension, quantity in usage
        for part in (
            (day, "k1", meter, dimension, quantity - min(taken, quantity)),
            (day, "k2", meter, dimension, min(taken, quantity)),
        )
    ]
    whole = World(twins.plans, twins.rows, usage).rated()
    parts = World(twins.plans, twins.rows, split).rated()
    assert parts.invoices == whole.invoices
    assert parts.unpriced == whole.unpriced
