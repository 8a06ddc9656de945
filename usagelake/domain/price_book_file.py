"""Read a price book from TOML, or refuse it as a whole with every fault named."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from usagelake.domain.charge_table import read_charge
from usagelake.domain.currencies import currency_digits
from usagelake.domain.price_book import Charge, Plan, PlanVersion, PriceBook, UsageCharge
from usagelake.domain.toml_table import Table, parse_toml
from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

_Value = TypeVar("_Value")
_NO_DAY = date.min  # stands in for a missing effective_from; a book that has one is refused


def load_price_book(text: str, *, meters: Collection[str], where: str = "price_book.toml") -> PriceBook:
    """Read a price book.

    Args:
        text: The TOML text (docs/contracts.md tells what the words mean).
        meters: The meters that exist: the names of the files in ``queries/meters``.
        where: The file's name, for messages.

    Returns:
        The book, each plan's versions sorted by their first day.

    Raises:
        ConfigurationError: Anything is wrong: every fault, each with its plan, version and charge.
    """
    faults: list[str] = []
    book = _read_book(Table(parse_toml(text, where), where, faults), meters)
    if faults:
        raise ConfigurationError(faults)
    return book


def _read_book(table: Table, meters: Collection[str]) -> PriceBook:
    table.refuse_unknown(("currency", "plan"))
    currency = _read_currency(table)
    plans = [
        _read_plan(Table(values, f"{table.place}: plan {_name(values, 'id', number)}", table.faults), meters)
        for number, values in table.tables("plan", written="[[plan]]")
    ]
    for plan_id in _repeated(plan.id for plan in plans if plan.id):
        table.fault(f"plan {plan_id!r}: two plans have this id; rename one, or make it a version of the other")
    return PriceBook(currency, {plan.id: plan for plan in plans})


def _read_currency(table: Table) -> str:
    currency = table.text("currency")
    if currency:
        try:
            currency_digits(currency)
        except ConfigurationError as unknown:
            table.fault(str(unknown))
    return currency


def _read_plan(table: Table, meters: Collection[str]) -> Plan:
    table.refuse_unknown(("id", "version"))
    plan_id = table.text("id")
    versions = [
        _read_version(
            Table(values, f"{table.place}, version {_name(values, 'effective_from', number)}", table.faults),
            plan_id,
            meters,
        )
        for number, values in table.tables("version", written="[[plan.version]]")
    ]
    days = [version.effective_from for version in versions if version.effective_from != _NO_DAY]
    for day in _repeated(days):
        table.fault(f"version {day}: two versions are effective from this day, so they overlap; keep one")
    return Plan(plan_id, tuple(sorted(versions, key=lambda version: version.effective_from)))


def _read_version(table: Table, plan_id: str, meters: Collection[str]) -> PlanVersion:
    table.refuse_unknown(("effective_from", "minimum_commitment", "charge"))
    effective_from = table.day("effective_from") or _NO_DAY
    minimum = table.price("minimum_commitment") if table.has("minimum_commitment") else None
    charges = [
        read_charge(Table(values, f"{table.place}, charge {_name(values, 'id', number)}", table.faults), meters)
        for number, values in table.tables("charge", written="[[plan.version.charge]]")
    ]
    sound = tuple(charge for charge in charges if charge is not None)
    _refuse_ambiguous(table, sound)
    return PlanVersion(plan_id, effective_from, sound, minimum)


def _refuse_ambiguous(table: Table, charges: Sequence[Charge]) -> None:
    """Note the charges that share an id, and those that price the same usage."""
    for charge_id in _repeated(charge.id for charge in charges if charge.id):
        table.fault(f"charge {charge_id!r}: two charges of this version have this id; rename one")
    priced_by: dict[tuple[str, str | None], str] = {}
    for charge in charges:
        if not isinstance(charge, UsageCharge) or not charge.meter or charge.dimension == "":
            continue
        usage = (charge.meter, charge.dimension)
        if usage in priced_by:
            which = "no dimension" if charge.dimension is None else f"the dimension {charge.dimension!r}"
            table.fault(
                f"charge {charge.id!r} prices the meter {charge.meter!r} with {which}, and so does "
                f"charge {priced_by[usage]!r}; keep one, or give each a dimension of its own"
            )
        priced_by.setdefault(usage, charge.id)


def _name(values: Mapping[str, object], key: str, number: int) -> str:
    """Name a table in messages: by its key's value, or by its number where that cannot be read."""
    match values.get(key):
        case str(text) if text:
            return repr(text)
        case date() as day:
            return str(day)
        case _:
            return f"number {number}"


def _repeated(values: Iterable[_Value]) -> list[_Value]:
    return [value for value, count in Counter(values).items() if count > 1]
