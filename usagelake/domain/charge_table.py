"""The tables of a price book that say what is charged: one reader per pricing model, and the tiers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from usagelake.domain.price_book import MINIMUM_COMMITMENT, Charge, FlatCharge, UsageCharge
from usagelake.domain.rating.flat import Flat
from usagelake.domain.rating.free import Free
from usagelake.domain.rating.graduated import Graduated
from usagelake.domain.rating.package import Package
from usagelake.domain.rating.per_unit import PerUnit
from usagelake.domain.rating.steps import ZERO
from usagelake.domain.rating.tiers import Tier, tier_faults
from usagelake.domain.rating.volume import Volume
from usagelake.domain.toml_table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from usagelake.domain.rating.model import PricingModel

_COMMON_KEYS = ("id", "model")
_FLAT_KEYS = ("amount", "prorate")
_USAGE_KEYS = ("meter", "dimension")
_TIER_KEYS = ("up_to", "unit_price", "flat")
_STAND_IN_TIERS = (Tier(None, ZERO),)


@dataclass(frozen=True, slots=True)
class _ModelTable:
    """How the charges of one model are written: the keys that belong to it, and its reader."""

    keys: tuple[str, ...]
    read: Callable[[Table], PricingModel]


def _read_per_unit(table: Table) -> PricingModel:
    return PerUnit(table.price("unit_price"))


def _read_package(table: Table) -> PricingModel:
    rounding: Literal["up", "down"] = "down" if table.choice("round", ("up", "down"), default="up") == "down" else "up"
    return Package(table.whole_number("package_size", at_least=1), table.price("package_price"), rounding)


def _read_graduated(table: Table) -> PricingModel:
    return Graduated(_read_tiers(table), flat_at_zero=table.flag("flat_at_zero"))


def _read_volume(table: Table) -> PricingModel:
    return Volume(_read_tiers(table), flat_at_zero=table.flag("flat_at_zero"))


def _read_free(_table: Table) -> PricingModel:
    return Free()


_USAGE_MODELS: Mapping[str, _ModelTable] = {
    "per_unit": _ModelTable(("free_units", "unit_price"), _read_per_unit),
    "package": _ModelTable(("free_units", "package_size", "package_price", "round"), _read_package),
    "graduated": _ModelTable(("free_units", "tiers", "flat_at_zero"), _read_graduated),
    "volume": _ModelTable(("free_units", "tiers", "flat_at_zero"), _read_volume),
    "free": _ModelTable((), _read_free),
}
_MODELS = ("flat", *_USAGE_MODELS)
_ALL_KEYS = tuple(
    dict.fromkeys([*_COMMON_KEYS, *_USAGE_KEYS, *_FLAT_KEYS, *(key for m in _USAGE_MODELS.values() for key in m.keys)])
)


def read_charge(table: Table, meters: Collection[str]) -> Charge | None:
    """Read one ``[[plan.version.charge]]``.

    Args:
        table: The charge's table; faults are noted there.
        meters: The meters that exist.

    Returns:
        None when its model is unknown, so that nothing else can be said about it.
    """
    charge_id = table.text("id")
    if charge_id == MINIMUM_COMMITMENT:
        table.fault(f"the id {MINIMUM_COMMITMENT!r} is kept for the true-up line; choose another")
    model = table.choice("model", _MODELS)
    if model is None:
        table.refuse_unknown(_ALL_KEYS)
        return None
    if model == "flat":
        _refuse_foreign(table, model, (*_COMMON_KEYS, *_FLAT_KEYS))
        return FlatCharge(charge_id, Flat(table.price("amount"), prorate=table.flag("prorate")))
    written = _USAGE_MODELS[model]
    _refuse_foreign(table, model, (*_COMMON_KEYS, *_USAGE_KEYS, *written.keys))
    return UsageCharge(
        id=charge_id,
        meter=_read_meter(table, meters),
        dimension=table.text("dimension") if table.has("dimension") else None,
        model=written.read(table),
        free_units=table.whole_number("free_units", at_least=0, default=0) if model != "free" else 0,
    )


def _refuse_foreign(table: Table, model: str, own: Collection[str]) -> None:
    """Note the keys that no charge has, and those that another model has."""
    table.refuse_unknown(_ALL_KEYS)
    for key in table.values:
        if key in _ALL_KEYS and key not in own:
            table.fault(f"{key} does not belong to the model {model}, which takes {', '.join(own)}")


def _read_meter(table: Table, meters: Collection[str]) -> str:
    meter = table.text("meter")
    if meter and meter not in meters:
        known = ", ".join(sorted(meters)) or "none"
        table.fault(f"no SQL file in queries/meters defines the meter {meter!r}; there are: {known}")
    return meter


def _read_tiers(table: Table) -> tuple[Tier, ...]:
    faults_before = len(table.faults)
    tiers = tuple(
        _read_tier(Table(values, f"{table.place}, tier {number}", table.faults))
        for number, values in table.tables("tiers", written='{ up_to = 100, unit_price = "0.01" }')
    )
    if len(table.faults) == faults_before:
        for fault in tier_faults([tier.up_to for tier in tiers]):
            table.fault(fault)
    return tiers if len(table.faults) == faults_before else _STAND_IN_TIERS


def _read_tier(table: Table) -> Tier:
    table.refuse_unknown(_TIER_KEYS)
    return Tier(
        up_to=table.whole_number("up_to", at_least=1) if table.has("up_to") else None,
        unit_price=table.price("unit_price"),
        flat=table.price("flat", default=ZERO),
    )
