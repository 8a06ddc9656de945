"""Loading price books: what is read, and that everything wrong is refused by name."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.domain.price_book import FlatCharge, UsageCharge
from usagelake.domain.price_book_file import load_price_book
from usagelake.domain.rating.flat import Flat
from usagelake.domain.rating.free import Free
from usagelake.domain.rating.graduated import Graduated
from usagelake.domain.rating.package import Package
from usagelake.domain.rating.per_unit import PerUnit
from usagelake.domain.rating.tiers import Tier
from usagelake.domain.rating.volume import Volume
from usagelake.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[2]
TRACES_BOOK = ROOT.parent / "shared" / "data" / "price_book.toml"
METERS = (
    "api_requests",
    "response_bytes",
    "request_bytes",
    "internal_tokens",
    "external_tokens",
    "internal_egress_bytes",
    "external_egress_bytes",
    "internal_ingress_bytes",
    "external_ingress_bytes",
)
MODELS = (
    "nvidia/nv-embedqa-e5-v5",
    "text-embedding-3-small",
    "embed-multilingual-v3.0",
    "nvidia/llama-3.2-nv-rerankqa-1b-v2",
)

BOOK = """\
currency = "USD"

[[plan]]
id = "growth"

[[plan.version]]
effective_from = 2015-06-01

[[plan.version.charge]]
id = "platform"
model = "flat"
amount = "12.00"

[[plan.version]]
effective_from = 2015-01-01
minimum_commitment = "25.00"

[[plan.version.charge]]
id = "requests"
meter = "api_requests"
model = "graduated"
free_units = 1000
tiers = [
  { up_to = 10000, unit_price = "0.0035" },
  { up_to = 100000, unit_price = "0.0028", flat = "0.5" },
  { unit_price = "0.0021" },
]

[[plan.version.charge]]
id = "egress"
meter = "external_egress_bytes"
model = "volume"
flat_at_zero = true
tiers = [ { unit_price = "0.001" } ]

[[plan.version.charge]]
id = "data"
meter = "response_bytes"
model = "package"
package_size = 1000
package_price = "0.02"
round = "down"

[[plan.version.charge]]
id = "tokens"
meter = "internal_tokens"
model = "per_unit"
unit_price = "0.0000004"

[[plan.version.charge]]
id = "tokens-a"
meter = "internal_tokens"
dimension = "model-a"
model = "free"

[[plan.version.charge]]
id = "seat"
model = "flat"
amount = "10.00"
prorate = true
"""


def faults_of(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        load_price_book(text, meters=METERS)
    return list(refused.value.faults)


def edited(old: str, new: str) -> str:
    assert BOOK.count(old) == 1, f"{old!r} must name one place of the book"
    return BOOK.replace(old, new)


def test_every_model_is_read() -> None:
    book = load_price_book(BOOK, meters=METERS)
    assert book.currency == "USD"
    (plan,) = book.plans.values()
    first, second = plan.versions
    assert (first.effective_from, second.effective_from) == (date(2015, 1, 1), date(2015, 6, 1))
    assert (first.minimum_commitment, second.minimum_commitment) == (Decimal("25.00"), None)
    tiers = (
        Tier(10_000, Decimal("0.0035")),
        Tier(100_000, Decimal("0.0028"), Decimal("0.5")),
        Tier(None, Decimal("0.0021")),
    )
    assert first.charges == (
        UsageCharge("requests", "api_requests", None, Graduated(tiers), 1000),
        UsageCharge(
            "egress",
            "external_egress_bytes",
            None,
            Volume((Tier(None, Decimal("0.001")),), flat_at_zero=True),
        ),
        UsageCharge("data", "response_bytes", None, Package(1000, Decimal("0.02"), "down")),
        UsageCharge("tokens", "internal_tokens", None, PerUnit(Decimal("0.0000004"))),
        UsageCharge("tokens-a", "internal_tokens", "model-a", Free()),
        FlatCharge("seat", Flat(Decimal(10), prorate=True)),
    )
    assert second.charges == (FlatCharge("platform", Flat(Decimal(12))),)
    assert plan.version_at(datetime(2015, 5, 31, 23, tzinfo=UTC)) is first


def test_packages_are_rounded_up_unless_the_book_says_down() -> None:
    book = load_price_book(edited('round = "down"\n', ""), meters=METERS)
    charge = book.plans["growth"].versions[0].charge_for("response_bytes", "")
    assert charge is not None
    assert charge.model == Package(1000, Decimal("0.02"), "up")


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    text = "\ufeff" + BOOK.replace("\n", "\r\n")
    assert load_price_book(text, meters=METERS) == load_price_book(BOOK, meters=METERS)


V1 = "price_book.toml: plan 'growth', version 2015-01-01"
V2 = "price_book.toml: plan 'growth', version 2015-06-01"
REQUESTS = f"{V1}, charge 'requests'"
TOKENS = f"{V1}, charge 'tokens'"
DATA = f"{V1}, charge 'data'"
SEAT = f"{V1}, charge 'seat'"
UP_TO_10000 = "{ up_to = 10000, unit_price"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        # prices
        (
            '"0.0000004"',
            "0.0000004",
            f'{TOKENS}: unit_price is the float 0.0000004; a float is not exact: write unit_price = "0.0',
        ),
        ('"0.0000004"', "4e-7", f"{TOKENS}: unit_price is the float 4e-7; write a plain decimal in quotes"),
        ('"0.0000004"', "nan", f"{TOKENS}: unit_price is the float nan; write a plain decimal in quotes"),
        ('"0.0000004"', "-0.5", f"{TOKENS}: unit_price is the float -0.5; write a plain decimal in quotes"),
        ('"0.0000004"', "1", f'{TOKENS}: unit_price is 1; write a string in quotes: unit_price = "1"'),
        ('"0.0000004"', "-1", f"{TOKENS}: unit_price is -1; write a plain decimal in quotes"),
        ('"0.0000004"', "true", f"{TOKENS}: unit_price is true; write a plain decimal in quotes"),
        (
            '"0.0000004"',
            '["1"]',
            f"{TOKENS}: unit_price is a table or an array; write a plain decimal in quotes",
        ),
        (
            '"0.0000004"',
            "0x" + "f" * 5000,
            f"{TOKENS}: unit_price is a number of more than 64 bits; write a plain",
        ),
        ('"0.0000004"', '"-0.1"', f"{TOKENS}: unit_price is '-0.1'; it must not be negative"),
        ('"0.0000004"', '"-0"', f"{TOKENS}: unit_price is '-0'; it must not be negative"),
        ('"0.0000004"', '"4e-7"', f"{TOKENS}: unit_price is '4e-7'; write it out, without an exponent"),
        ('"0.0000004"', '"1E+3"', f"{TOKENS}: unit_price is '1E+3'; write it out, without an exponent"),
        *(
            (
                '"0.0000004"',
                f'"{price}"',
                f"{TOKENS}: unit_price is {price!r}; write a plain decimal in quotes",
            )
            for price in [
                "",
                " 1",
                "1 ",
                ".5",
                "1.",
                "1,5",
                "$1",
                "+1",
                "1_000",
                "NaN",
                "Infinity",
                "٣",
                "0x1",
                "1.2.3",
                "1" * 19,
                "0." + "1" * 19,
            ]
        ),
        ('unit_price = "0.0000004"\n', "", f"{TOKENS}: unit_price is missing"),
        ('"25.00"', "25.00", f"{V1}: minimum_commitment is the float 25.00; a float is not exact"),
        ('"25.00"', '"-25"', f"{V1}: minimum_commitment is '-25'; it must not be negative"),
        ('"25.00"', '"much"', f"{V1}: minimum_commitment is 'much'; write a plain decimal in quotes"),
        (
            '"10.00"',
            "10.00",
            f'{SEAT}: amount is the float 10.00; a float is not exact: write amount = "10.00"',
        ),
        ('amount = "10.00"\n', "", f"{SEAT}: amount is missing"),
        ('"0.02"', "2", f'{DATA}: package_price is 2; write a string in quotes: package_price = "2"'),
        ('"0.0035"', "0.0035", f"{REQUESTS}, tier 1: unit_price is the float 0.0035"),
        ('flat = "0.5"', "flat = 0.5", f"{REQUESTS}, tier 2: flat is the float 0.5"),
        ('flat = "0.5"', 'flat = "-0.5"', f"{REQUESTS}, tier 2: flat is '-0.5'; it must not be negative"),
        # currency
        ('currency = "USD"', "", "price_book.toml: currency is missing"),
        ('"USD"', '"usd"', "price_book.toml: currency 'usd' is no active ISO 4217 code"),
        ('"USD"', '"DEM"', "price_book.toml: currency 'DEM' is no active ISO 4217 code"),
        ('"USD"', "840", "price_book.toml: currency is 840; write a string in quotes"),
        ('"USD"', '""', "price_book.toml: currency is ''; it must not be empty"),
        # keys
        (
            'currency = "USD"',
            'currency = "USD"\nnote = "x"',
            "price_book.toml: unknown key 'note'; known here: currency, plan",
        ),
        (
            'id = "growth"',
            'id = "growth"\nname = "x"',
            "price_book.toml: plan 'growth': unknown key 'name'; known here: id, version",
        ),
        (
            "minimum_commitment",
            "minimum_comitment",
            f"{V1}: unknown key 'minimum_comitment'; did you mean minimum_commitment?",
        ),
        (
            'unit_price = "0.0000004"',
            'unit_price = "1"\nunit_prise = "1"',
            f"{TOKENS}: unknown key 'unit_prise'; did you mean unit_price?",
        ),
        (
            UP_TO_10000,
            "{ upto = 10000, unit_price",
            f"{REQUESTS}, tier 1: unknown key 'upto'; did you mean up_to?",
        ),
        (
            "free_units = 1000",
            'unit_price = "1"',
            f"{REQUESTS}: unit_price does not belong to the model graduated",
        ),
        (
            'round = "down"',
            'tiers = [ { unit_price = "1" } ]',
            f"{DATA}: tiers does not belong to the model package",
        ),
        ("prorate = true", 'meter = "api_requests"', f"{SEAT}: meter does not belong to the model flat"),
        ("prorate = true", 'dimension = "a"', f"{SEAT}: dimension does not belong to the model flat"),
        ("prorate = true", "free_units = 1", f"{SEAT}: free_units does not belong to the model flat"),
        (
            'dimension = "model-a"',
            'dimension = "a"\nfree_units = 1',
            f"{V1}, charge 'tokens-a': free_units does not belong to the model free",
        ),
        (
            'unit_price = "0.0000004"',
            'unit_price = "1"\nflat_at_zero = true',
            f"{TOKENS}: flat_at_zero does not belong to the model per_unit",
        ),
        (
            'unit_price = "0.0000004"',
            'unit_price = "1"\nround = "up"',
            f"{TOKENS}: round does not belong to the model per_unit",
        ),
        (
            'unit_price = "0.0000004"',
            'unit_price = "1"\nprorate = true',
            f"{TOKENS}: prorate does not belong to the model per_unit",
        ),
        # ids, names and models
        ('id = "growth"\n', "", "price_book.toml: plan number 1: id is missing"),
        ('id = "growth"', "id = 7", "price_book.toml: plan number 1: id is 7; write a string in quotes"),
        ('id = "growth"', 'id = ""', "price_book.toml: plan number 1: id is ''; it must not be empty"),
        (
            'id = "growth"',
            'id = " growth"',
            "price_book.toml: plan ' growth': id is ' growth'; it must not be empty or have white space",
        ),
        ('id = "seat"\n', "", f"{V1}, charge number 6: id is missing"),
        ('id = "seat"', 'id = "data"', f"{V1}: charge 'data': two charges of this version have this id"),
        (
            'id = "seat"',
            'id = "minimum_commitment"',
            f"{V1}, charge 'minimum_commitment': the id 'minimum_commitment' is kept for the true-up line",
        ),
        ('model = "per_unit"\n', "", f"{TOKENS}: model is missing"),
        (
            '"per_unit"',
            '"tiered"',
            f"{TOKENS}: model is 'tiered'; write one of flat, per_unit, package, graduated, volume, free",
        ),
        ('"per_unit"', "1.5", f"{TOKENS}: model is the float 1.5; write one of flat"),
        ('meter = "response_bytes"\n', "", f"{DATA}: meter is missing"),
        (
            '"response_bytes"',
            '"respones_bytes"',
            f"{DATA}: no SQL file in queries/meters defines the meter 'respones_bytes'; there are: api",
        ),
        ('"response_bytes"', "1", f"{DATA}: meter is 1; write a string in quotes"),
        (
            'dimension = "model-a"',
            'dimension = ""',
            f"{V1}, charge 'tokens-a': dimension is ''; it must not be empty",
        ),
        (
            'dimension = "model-a"',
            "dimension = 1",
            f"{V1}, charge 'tokens-a': dimension is 1; write a string in quotes",
        ),
        (
            'dimension = "model-a"\n',
            "",
            f"{V1}: charge 'tokens-a' prices the meter 'internal_tokens' with no dimension, and so does",
        ),
        # versions
        (
            "effective_from = 2015-06-01\n",
            "",
            "price_book.toml: plan 'growth', version number 1: effective_from is missing",
        ),
        (
            "2015-06-01",
            '"2015-06-01"',
            "price_book.toml: plan 'growth', version '2015-06-01': effective_from is '2015-06-01'; write",
        ),
        (
            "2015-06-01",
            "2015-06-01T00:00:00Z",
            "effective_from is 2015-06-01 00:00:00+00:00; write a date without quotes and time",
        ),
        (
            "2015-06-01",
            "2015-01-01",
            "price_book.toml: plan 'growth': version 2015-01-01: two versions are effective from this day",
        ),
        # whole numbers, flags and words
        (
            "free_units = 1000",
            "free_units = -1",
            f"{REQUESTS}: free_units is -1; write a whole number of at least 0",
        ),
        (
            "free_units = 1000",
            "free_units = 10.5",
            f"{REQUESTS}: free_units is the float 10.5; write a whole number of at least 0",
        ),
        (
            "free_units = 1000",
            'free_units = "5"',
            f"{REQUESTS}: free_units is '5'; write a whole number of at least 0",
        ),
        (
            "free_units = 1000",
            "free_units = true",
            f"{REQUESTS}: free_units is true; write a whole number of at least 0",
        ),
        (
            "free_units = 1000",
            f"free_units = {2**63}",
            f"{REQUESTS}: free_units is a number of more than 64 bits; write a whole number",
        ),
        (
            "package_size = 1000",
            "package_size = 0",
            f"{DATA}: package_size is 0; write a whole number of at least 1",
        ),
        ("package_size = 1000\n", "", f"{DATA}: package_size is missing"),
        ('"down"', '"nearest"', f"{DATA}: round is 'nearest'; write one of up, down"),
        (
            "flat_at_zero = true",
            'flat_at_zero = "yes"',
            f"{V1}, charge 'egress': flat_at_zero is 'yes'; write true or false",
        ),
        ("prorate = true", "prorate = 1", f"{SEAT}: prorate is 1; write true or false"),
        # tiers
        (
            UP_TO_10000,
            "{ up_to = 100000, unit_price",
            f"{REQUESTS}: tier 2 ends at 100000, which is not above the 100000",
        ),
        (
            UP_TO_10000,
            "{ up_to = 200000, unit_price",
            f"{REQUESTS}: tier 2 ends at 100000, which is not above the 200000",
        ),
        (
            UP_TO_10000,
            "{ unit_price",
            f"{REQUESTS}: tier 1 has no up_to, which only the last tier may leave out",
        ),
        (
            UP_TO_10000,
            "{ up_to = 0, unit_price",
            f"{REQUESTS}, tier 1: up_to is 0; write a whole number of at least 1",
        ),
        (
            UP_TO_10000,
            "{ up_to = 1e4, unit_price",
            f"{REQUESTS}, tier 1: up_to is the float 1e4; write a whole number of at least 1",
        ),
        (
            UP_TO_10000,
            '{ up_to = "10000", unit_price',
            f"{REQUESTS}, tier 1: up_to is '10000'; write a whole number of at least 1",
        ),
        (
            '{ unit_price = "0.0021" }',
            '{ up_to = 1000000, unit_price = "0.0021" }',
            f"{REQUESTS}: the last tier ends at 1000000; leave its up_to out",
        ),
        ('{ unit_price = "0.001" }', "", f"{V1}, charge 'egress': tiers is missing or empty"),
        ('tiers = [ { unit_price = "0.001" } ]\n', "", f"{V1}, charge 'egress': tiers is missing or empty"),
        (
            '[ { unit_price = "0.001" } ]',
            '{ unit_price = "0.001" }',
            f"{V1}, charge 'egress': tiers is a table or an array; write {{ up_to",
        ),
        (
            '{ unit_price = "0.001" }',
            '"0.001"',
            f"{V1}, charge 'egress': tiers number 1 is '0.001'; write {{ up_to",
        ),
        (
            '{ unit_price = "0.001" }',
            '{ flat = "1" }',
            f"{V1}, charge 'egress', tier 1: unit_price is missing",
        ),
    ],
)
def test_every_fault_is_named_with_its_place(old: str, new: str, fault: str) -> None:
    """One edit, one fault: the message names plan, version and charge, what is wrong and what to write."""
    faults = faults_of(edited(old, new))
    assert len(faults) == 1, faults
    assert fault in faults[0]
    assert faults[0].startswith("price_book.toml: ")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('currency = "USD"', "price_book.toml: plan is missing or empty; write at least one [[plan]]"),
        ('currency = "USD"\nplan = "x"', "price_book.toml: plan is 'x'; write [[plan]]"),
        (
            'currency = "USD"\n[plan]\nid = "x"',
            "price_book.toml: plan is a table or an array; write [[plan]]",
        ),
        (
            'currency = "USD"\n[[plan]]\nid = "x"',
            "price_book.toml: plan 'x': version is missing or empty; write at least one [[plan.version]]",
        ),
        (
            'currency = "USD"\n[[plan]]\nid = "x"\n[[plan.version]]\neffective_from = 2015-01-01',
            (
                "price_book.toml: plan 'x', version 2015-01-01: charge is missing or empty; "
                "write at least one [[plan.version.charge]]"
            ),
        ),
    ],
)
def test_what_is_missing_as_a_whole_is_named(text: str, fault: str) -> None:
    assert faults_of(text) == [fault]


def test_two_plans_with_one_id_are_refused() -> None:
    again = BOOK.removeprefix('currency = "USD"\n')
    (fault,) = faults_of(BOOK + again)
    assert fault.startswith("price_book.toml: plan 'growth': two plans have this id; rename one")


def test_two_prices_for_one_dimension_are_refused() -> None:
    again = 'id = "again"\nmeter = "internal_tokens"\ndimension = "model-a"\nmodel = "free"\n'
    (fault,) = faults_of(f"{BOOK}[[plan.version.charge]]\n{again}")
    assert fault == (
        f"{V1}: charge 'again' prices the meter 'internal_tokens' with the dimension 'model-a', "
        "and so does charge 'tokens-a'; keep one, or give each a dimension of its own"
    )


def test_charges_of_two_versions_may_share_everything() -> None:
    again = BOOK[BOOK.index("[[plan.version]]\neffective_from = 2015-01-01") :].replace("2015-01-01", "2016-01-01")
    assert len(load_price_book(BOOK + again, meters=METERS).plans["growth"].versions) == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('currency = "USD"\nplan = [', r"at end of document"),
        ('currency = "USD"\ncurrency = "EUR"', r"Cannot overwrite a value"),
        ("currency = USD", r"Invalid value \(at line 1, column 12\)"),
        ("a = 2015-02-30", r"Invalid date"),
        ("a = " + "9" * 5000, r"Exceeds the limit"),
        ("a = " + "[" * 20_000, r"it is nested too deeply"),
        ("\x00", r"Invalid statement \(at line 1, column 1\)"),
    ],
)
def test_what_is_no_toml_is_refused(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^prices\.toml: not valid TOML: .*{says}") as refused:
        load_price_book(text, meters=METERS, where="prices.toml")
    assert len(refused.value.faults) == 1


def test_all_faults_are_named_at_once() -> None:
    """Somebody who mends a book sees everything in the first run, in the order of the file."""
    text = (
        BOOK.replace('"USD"', '"XXX"')
        .replace('amount = "12.00"', "amount = 12.00")
        .replace('"0.0035"', "0.0035")
        .replace('meter = "response_bytes"', 'meter = "nothing"')
        .replace('round = "down"', 'round = "sideways"')
        .replace('id = "tokens-a"', 'id = "tokens"')
        .replace('"10.00"', '"-10.00"')
    )
    places = [fault.split(";")[0] for fault in faults_of(text)]
    assert places == [
        "price_book.toml: currency 'XXX' is no active ISO 4217 code",
        f"{V2}, charge 'platform': amount is the float 12.00",
        f"{REQUESTS}, tier 1: unit_price is the float 0.0035",
        f"{DATA}: no SQL file in queries/meters defines the meter 'nothing'",
        f"{DATA}: round is 'sideways'",
        f"{SEAT}: amount is '-10.00'",
        f"{V1}: charge 'tokens': two charges of this version have this id",
    ]


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List where everything in the book stands, so that anything can be put in its place."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, child in children for found in paths_of(child, (*path, key)))]


def toml_of(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml_of(child)}" for key, child in value.items()) + " }"
    if isinstance(value, list):
        return "[ " + ", ".join(map(toml_of, value)) + " ]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


WHOLE_BOOK = tomllib.loads(BOOK)
DELETED = "deleted"
junk = st.sampled_from(
    [
        *(DELETED, True, 0, -1, 2**70, 0.5, float("inf"), "", "x", "1.5", "-1", "graduated", "flat", "USD"),
        *(date(2015, 6, 1), datetime(2015, 1, 1, tzinfo=UTC)),
        *([], ["x"], [1], [{"unit_price": "1"}], [{"up_to": 1}], {}, {"id": "x"}),
    ]
)


@given(st.lists(st.tuples(st.sampled_from(paths_of(WHOLE_BOOK)[1:]), junk), min_size=1, max_size=3))
@settings(max_examples=300, deadline=None)
def test_any_book_is_read_or_refused(edits: list[tuple[tuple[Any, ...], Any]]) -> None:
    """Whatever stands wherever: a book or named faults, never a crash, never half a book."""
    book = tomllib.loads(BOOK)
    for path, value in edits:
        parent: Any = book
        try:
            for key in path[:-1]:
                parent = parent[key]
            if value is DELETED:
                del parent[path[-1]]
            else:
                parent[path[-1]] = deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier edit took the place away
    text = "\n".join(f"{key} = {toml_of(value)}" for key, value in book.items())
    faults: tuple[str, ...] = ()
    loaded = None
    try:
        loaded = load_price_book(text, meters=METERS)
    except ConfigurationError as refused:
        faults = refused.faults
    assert (loaded is None) == bool(faults)
    assert all(fault.startswith("price_book.toml: ") for fault in faults)
    plans = {} if loaded is None else loaded.plans
    assert all(plan.versions and all(v.charges for v in plan.versions) for plan in plans.values())


def test_the_example_book_prices_every_meter_of_every_plan() -> None:
    """The demo lists nothing as unpriced, and the example shows every model and feature."""
    text = (ROOT / "pricing" / "price_book.toml").read_text(encoding="utf-8")
    book = load_price_book(text, meters=METERS)
    assert set(book.plans) == {"starter", "growth", "scale", "enterprise"}
    versions = [version for plan in book.plans.values() for version in plan.versions]
    for version in versions:
        for meter in METERS:
            assert version.charge_for(meter, "") is not None, (version.plan_id, meter)
    assert [version.effective_from for version in book.plans["growth"].versions] == [
        date(2025, 1, 1),
        date(2025, 10, 15),
    ]
    models = {type(charge.model) for version in versions for charge in version.charges}
    assert models == {Flat, Free, Graduated, Package, PerUnit, Volume}
    named = {c.dimension for v in versions for c in v.charges if isinstance(c, UsageCharge)} - {None}
    assert named == set(MODELS)
    requests = book.plans["starter"].versions[0].charge_for("api_requests", "")
    assert requests is not None
    assert requests.price(6000).amount == Decimal("19.50")  # as its comment says


@pytest.mark.skipif(not TRACES_BOOK.exists(), reason="the traces are not here")
def test_the_book_of_the_real_traces_is_read() -> None:
    book = load_price_book(TRACES_BOOK.read_text(encoding="utf-8"), meters=METERS)
    assert sorted(book.plans) == ["growth", "payg", "scale"]
    assert book.plans["growth"].versions[0].minimum_commitment == Decimal("3.00")
