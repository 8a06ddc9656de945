"""No float touches money or quantities: not in what comes out, not in the code, not when forced in."""

from __future__ import annotations

import ast
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal, FloatOperation
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

import usagelake.domain
from tests.domain.rating.worlds import World, worlds
from usagelake.domain.customers_file import load_customers
from usagelake.domain.invoice import Evidence
from usagelake.domain.money import round_amount
from usagelake.domain.period import Period
from usagelake.domain.price_book_file import load_price_book
from usagelake.domain.rating.flat import Flat
from usagelake.domain.rating.graduated import Graduated
from usagelake.domain.rating.package import Package
from usagelake.domain.rating.per_unit import PerUnit
from usagelake.domain.rating.rate import rate
from usagelake.domain.rating.segments import segments
from usagelake.domain.rating.tiers import Tier
from usagelake.domain.rating.volume import Volume
from usagelake.domain.usage import UsageTotal

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = Path(usagelake.domain.__path__[0])
#: Everything that prices, counts or writes money.
MODULES = sorted(
    [
        *DOMAIN.glob("rating/*.py"),
        *DOMAIN.glob("estimate/*.py"),
        *(
            DOMAIN / f"{name}.py"
            for name in (
                "canonical_json", "charge_table", "currencies", "invoice", "money", "price_book",
                "price_book_file", "toml_table", "usage",
            )
        ),
    ]
)  # fmt: skip
ALLOWED = (str, int, Decimal, date, datetime, type(None), Enum)
EVIDENCE = Evidence(None, {}, "", "", "", "")


def everything_in(value: Any, path: str = "$") -> Iterator[tuple[str, Any]]:
    """Walk into whatever was returned, down to the plain values."""
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from everything_in(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from everything_in(key, f"{path} key")
            yield from everything_in(child, f"{path}[{key!r}]")
    elif isinstance(value, list | tuple):
        for number, child in enumerate(value):
            yield from everything_in(child, f"{path}[{number}]")
    else:
        yield path, value


@given(worlds())
@settings(max_examples=60, deadline=None)
def test_nothing_that_comes_out_is_a_float(world: World) -> None:
    rated = world.rated()
    found = [
        *everything_in(rated),
        *everything_in(rated.total),
        *everything_in([invoice.total for invoice in rated.invoices]),
        *everything_in([invoice.to_document(EVIDENCE) for invoice in rated.invoices]),
    ]
    assert [(path, value) for path, value in found if not isinstance(value, ALLOWED)] == []


def test_nothing_that_the_example_book_gives_is_a_float() -> None:
    """Every model and feature at once, with quantities that floats cannot hold."""
    text = (ROOT / "pricing" / "price_book.toml").read_text(encoding="utf-8")
    meters = [
        "api_requests", "response_bytes", "request_bytes", "internal_tokens", "external_tokens",
        "internal_egress_bytes", "external_egress_bytes", "internal_ingress_bytes", "external_ingress_bytes",
    ]  # fmt: skip
    book = load_price_book(text, meters=meters)
    rows = [f"api_key,{plan},{plan},{plan},{plan},2025-10-03," for plan in book.plans]
    header = "subject_type,subject_id,customer_id,customer_name,plan_id,valid_from,valid_to"
    customers = load_customers("\n".join([header, *rows]), plans=book.plans)
    period = Period.parse("2025-10")
    quantity = 2**53 + 1
    usage = [
        (
            segment,
            [UsageTotal(meter, "api_key", plan, "", quantity, 1) for meter in meters for plan in book.plans],
        )
        for segment in segments(period, book, customers)
    ]
    rated = rate(period, usage, book, customers)
    found = [*everything_in(rated), *everything_in([i.to_document(EVIDENCE) for i in rated.invoices])]
    assert [(path, value) for path, value in found if not isinstance(value, ALLOWED)] == []
    assert {len(invoice.lines) > 0 for invoice in rated.invoices} == {True}
    billed = [i.to_document(EVIDENCE)["lines"] for i in rated.invoices if i.customer_id == "enterprise"]
    assert f"'quantity': '{2 * quantity}'" in str(billed)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(DOMAIN)))
def test_no_code_makes_a_float(module: Path) -> None:
    """No float literal, no `/` between whole numbers, no `float()`, no built-in `round()`."""
    made = []
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        match node:
            case ast.Constant(value=float() | complex() as value):
                made.append(f"line {node.lineno}: the literal {value}")
            case ast.Call(func=ast.Name(id="float" | "round" | "fsum" | "sqrt" as name)):
                made.append(f"line {node.lineno}: {name}()")
            case ast.Attribute(attr="from_float" | "total_seconds" | "timestamp" | "truediv" as name):
                made.append(f"line {node.lineno}: {name}")
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                made.append(f"line {node.lineno}: a division with /")
            case _:
                pass
    # share_of divides a Decimal, in a context of its own
    assert made == [] or (module.stem == "money" and [fault.split(": ")[1] for fault in made] == ["a division with /"])


FLOAT: Any = 0.1


@pytest.mark.parametrize(
    "poisoned",
    [
        lambda: PerUnit(FLOAT).price(3),
        lambda: Package(1, FLOAT).price(3),
        lambda: Graduated((Tier(None, FLOAT),)).price(3),
        lambda: Graduated((Tier(None, Decimal(1), flat=FLOAT),)).price(3),
        lambda: Volume((Tier(None, FLOAT),)).price(3),
        lambda: PerUnit(Decimal(1)).price(FLOAT),
        lambda: Graduated((Tier(None, Decimal(1)),)).price(FLOAT),
        lambda: Volume((Tier(None, Decimal(1)),)).price(FLOAT),
        lambda: Package(1, Decimal(1)).price(FLOAT),
        lambda: Flat(FLOAT, prorate=True).fee(hours=1, period_hours=2),
        lambda: round_amount(Flat(FLOAT).fee(hours=1, period_hours=2), "USD"),
        lambda: round_amount(FLOAT, "JPY"),
    ],
)
def test_a_float_that_is_forced_in_is_an_error(poisoned: Any) -> None:
    """A mistake elsewhere ends in an exception and not in an invoice."""
    with pytest.raises((TypeError, FloatOperation)):
        poisoned()
