"""Read a cloud's prices from TOML, or refuse them as a whole with every fault named."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from usagelake.domain.currencies import currency_digits
from usagelake.domain.estimate.price_list import PRICE_IDS, CloudPrice, PriceList, Step
from usagelake.domain.rating.tiers import tier_faults
from usagelake.domain.toml_table import Table, parse_toml
from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEYS = ("id", "unit", "per", "price", "tiers", "at_least", "rounded_to", "source", "confirmed")


def load_price_list(text: str, *, where: str) -> PriceList:
    """Read the prices of a region.

    Args:
        text: The TOML text; `pricing/aws-us-east-1.toml` says what its words mean.
        where: The file's name, for messages.

    Raises:
        ConfigurationError: Anything is wrong: every fault, each with its price.
    """
    faults: list[str] = []
    table = Table(parse_toml(text, where), where, faults)
    table.refuse_unknown(("region", "currency", "as_of", "price"))
    region = table.text("region")
    currency = _read_currency(table)
    as_of = table.day("as_of") or date.min
    read = [_read_price(Table(values, _place(where, values, number), faults)) for number, values in _prices(table)]
    for price_id, times in Counter(price.id for price in read).items():
        if times > 1:
            table.fault(f"price {price_id!r} stands {times} times; keep one")
    missing = [price_id for price_id in PRICE_IDS if price_id not in {price.id for price in read}]
    if missing:
        table.fault(f"there is no price for {', '.join(missing)}; write a [[price]] with each id")
    if faults:
        raise ConfigurationError(faults)
    return PriceList(region, currency, as_of, {price.id: price for price in read})


def _prices(table: Table) -> list[tuple[int, Mapping[str, object]]]:
    return list(table.tables("price", written="[[price]]"))


def _place(where: str, values: Mapping[str, object], number: int) -> str:
    name = values.get("id")
    return f"{where}: price {name!r}" if isinstance(name, str) and name else f"{where}: price number {number}"


def _read_currency(table: Table) -> str:
    currency = table.text("currency")
    if currency:
        try:
            currency_digits(currency)
        except ConfigurationError as unknown:
            table.fault(str(unknown))
    return currency


def _read_price(table: Table) -> CloudPrice:
    table.refuse_unknown(_KEYS)
    per = table.whole_number("per", at_least=1)
    if str(per).strip("0") != "1":
        table.fault(f"per is {per}; write 1, 10, 100 or another power of ten")
        per = 1
    return CloudPrice(
        id=table.choice("id", PRICE_IDS) or "",
        unit=table.text("unit"),
        per=per,
        steps=_read_steps(table),
        at_least=table.whole_number("at_least", at_least=0, default=0),
        rounded_to=table.whole_number("rounded_to", at_least=1, default=1),
        source=table.text("source"),
        confirmed=table.flag("confirmed") if table.has("confirmed") else True,
    )


def _read_steps(table: Table) -> tuple[Step, ...]:
    if table.has("price") == table.has("tiers"):
        table.fault("write either price or tiers")
        return ()
    if table.has("price"):
        return (Step(None, table.price("price")),)
    steps = []
    for number, values in table.tables("tiers", written='tiers = [{ up_to = 1000, price = "…" }, { price = "…" }]'):
        tier = Table(values, f"{table.place}, tier {number}", table.faults)
        tier.refuse_unknown(("up_to", "price"))
        up_to = tier.whole_number("up_to", at_least=1) if tier.has("up_to") else None
        steps.append(Step(up_to, tier.price("price")))
    for fault in tier_faults([step.up_to for step in steps]) if steps else ():
        table.fault(fault)
    return tuple(steps)
