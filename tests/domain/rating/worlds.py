"""Small worlds to rate: plain data, made by hypothesis, that both the product and the reference can read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from usagelake.domain.customers_file import HEADER, load_customers
from usagelake.domain.period import Period
from usagelake.domain.price_book_file import load_price_book
from usagelake.domain.rating.rate import Rated, rate
from usagelake.domain.rating.segments import Segment, segments
from usagelake.domain.usage import UsageTotal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

METERS = ("requests", "tokens")
DIMENSIONS = ("", "a", "b")
SUBJECTS = ("k1", "k2", "k3")
CUSTOMERS = ("c1", "c2")
PLANS = ("p1", "p2")
PERIOD = Period.parse("2015-02")
DAYS = [date(2015, 2, 1) + timedelta(days=n) for n in range(28)]


@dataclass(frozen=True)
class World:
    """What a seller knows and what was used, as plain values.

    Args:
        plans: For each plan its versions: first day, minimum (or None), charges as the book writes them.
        rows: Subject, customer, plan, first day, first day after.
        usage: Day, subject, meter, dimension, quantity.
    """

    plans: Mapping[str, Sequence[tuple[date, str | None, Sequence[Mapping[str, Any]]]]]
    rows: list[tuple[str, str, str, date, date]] = field(default_factory=list)
    usage: list[tuple[date, str, str, str, int]] = field(default_factory=list)
    currency: str = "USD"

    def price_book_text(self) -> str:
        lines = [f'currency = "{self.currency}"']
        for plan_id, versions in self.plans.items():
            lines += ["[[plan]]", f'id = "{plan_id}"']
            for day, minimum, charges in versions:
                lines += ["[[plan.version]]", f"effective_from = {day}"]
                lines += [] if minimum is None else [f'minimum_commitment = "{minimum}"']
                for charge in charges:
                    lines += [
                        "[[plan.version.charge]]",
                        *(f"{key} = {_toml(v)}" for key, v in charge.items()),
                    ]
        return "\n".join(lines)

    def customers_text(self) -> str:
        rows = [f"api_key,{s},{c},Name of {c},{p},{start},{end}" for s, c, p, start, end in self.rows]
        return "\n".join([",".join(HEADER), *rows])

    def rated(self, order: Any = None) -> Rated:
        """Rate the world as the product does: one sum for each segment, subject, meter and dimension.

        Args:
            order: Something with ``shuffle``, to hand everything over in another order and in single days.
        """
        book = load_price_book(self.price_book_text(), meters=METERS)
        customers = load_customers(self.customers_text(), plans=book.plans)
        cut = segments(PERIOD, book, customers)
        if order is not None:
            cut = [Segment(_midnight(day), _midnight(day + timedelta(days=1))) for day in DAYS]
            order.shuffle(cut)
        sums: dict[Segment, dict[tuple[str, str, str], int]] = defaultdict(lambda: defaultdict(int))
        for day, subject, meter, dimension, quantity in self.usage:
            segment = next(s for s in cut if s.start <= _midnight(day) < s.end)
            sums[segment][meter, subject, dimension] += quantity
        usage_by_segment = []
        for segment in cut:
            totals = [UsageTotal(m, "api_key", s, d, q, 1) for (m, s, d), q in sums[segment].items()]
            if order is not None:
                order.shuffle(totals)
            usage_by_segment.append((segment, totals))
        return rate(PERIOD, usage_by_segment, book, customers)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(child)}" for key, child in value.items()) + "}"
    return f'"{value}"' if isinstance(value, str) else str(value)


prices = st.sampled_from(["0", "0.005", "0.0035", "1", "0.333", "2.005", "10"])
flags = st.booleans()


@st.composite
def tier_lists(draw: st.DrawFn) -> list[dict[str, Any]]:
    ends = sorted(draw(st.sets(st.integers(1, 12), max_size=3)))
    tiers: list[dict[str, Any]] = []
    for end in [*ends, None]:
        tier = {} if end is None else {"up_to": end}
        tiers.append({**tier, "unit_price": draw(prices), **({"flat": draw(prices)} if draw(flags) else {})})
    return tiers


@st.composite
def usage_charges(draw: st.DrawFn, charge_id: str, meter: str, dimension: str | None) -> dict[str, Any]:
    charge: dict[str, Any] = {"id": charge_id, "meter": meter}
    if dimension is not None:
        charge["dimension"] = dimension
    charge["model"] = draw(st.sampled_from(["per_unit", "package", "graduated", "volume", "free"]))
    match charge["model"]:
        case "per_unit":
            charge["unit_price"] = draw(prices)
        case "package":
            charge |= {"package_size": draw(st.integers(1, 5)), "package_price": draw(prices)}
            charge["round"] = draw(st.sampled_from(["up", "down"]))
        case "graduated" | "volume":
            charge |= {"tiers": draw(tier_lists()), "flat_at_zero": draw(flags)}
    if charge["model"] != "free" and draw(flags):
        charge["free_units"] = draw(st.integers(0, 6))
    return charge


@st.composite
def versions(draw: st.DrawFn) -> list[tuple[date, str | None, list[dict[str, Any]]]]:
    days = draw(st.sets(st.sampled_from([date(2015, 1, 1), DAYS[0], DAYS[9], DAYS[20]]), min_size=1, max_size=3))
    found = []
    for day in sorted(days):
        charges = [
            draw(usage_charges(f"{meter}-{dimension}", meter, dimension))
            for meter in METERS
            for dimension in (None, "a", "b")
            if draw(flags)
        ]
        if not charges or draw(flags):
            charges.append({"id": "fee", "model": "flat", "amount": draw(prices), "prorate": draw(flags)})
        charges = draw(st.permutations(charges))
        found.append((day, draw(st.none() | st.sampled_from(["0", "3.00", "25.5"])), charges))
    return found


@st.composite
def subject_rows(draw: st.DrawFn, subject: str) -> list[tuple[str, str, str, date, date]]:
    """Cut time at some days, and give each stretch to some customer and plan, or to nobody."""
    cuts = sorted(draw(st.sets(st.sampled_from([date(2015, 1, 10), *DAYS[::4], date(2015, 3, 1)]), max_size=4)))
    stretches = zip([date(2014, 6, 1), *cuts], [*cuts, date(2016, 1, 1)], strict=True)
    owners = st.none() | st.tuples(st.sampled_from(CUSTOMERS), st.sampled_from(PLANS))
    drawn = [(start, end, draw(owners)) for start, end in stretches]
    return [(subject, owner[0], owner[1], start, end) for start, end, owner in drawn if owner is not None]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    usage = st.tuples(
        st.sampled_from(DAYS),
        st.sampled_from([*SUBJECTS, "nobody"]),
        st.sampled_from(METERS),
        st.sampled_from(DIMENSIONS),
        st.integers(0, 9),
    )
    return World(
        plans={plan_id: draw(versions()) for plan_id in PLANS},
        rows=[row for subject in SUBJECTS for row in draw(subject_rows(subject))],
        usage=draw(st.lists(usage, max_size=25)),
    )
