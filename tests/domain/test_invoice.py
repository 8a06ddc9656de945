"""Invoices as users receive them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal, Inexact
from pathlib import Path
from uuid import UUID

import pytest

from usagelake.domain.customers_file import load_customers
from usagelake.domain.invoice import Evidence, Invoice, InvoiceLine
from usagelake.domain.period import Period
from usagelake.domain.price_book_file import load_price_book
from usagelake.domain.rating.rate import rate
from usagelake.domain.rating.segments import segments
from usagelake.domain.usage import UsageTotal

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "invoice.json"

BOOK = """
currency = "USD"
[[plan]]
id = "growth"
[[plan.version]]
effective_from = 2015-01-01
minimum_commitment = "25.00"
[[plan.version.charge]]
id = "requests"
meter = "api_requests"
model = "graduated"
free_units = 1000
tiers = [ { up_to = 4000, unit_price = "0.0035" }, { unit_price = "0.0028", flat = "0.10" } ]
[[plan.version.charge]]
id = "platform"
model = "flat"
amount = "10.00"
prorate = true
[[plan.version.charge]]
id = "tokens"
meter = "internal_tokens"
dimension = "nvidia/nv-embedqa-e5-v5"
model = "package"
package_size = 1000
package_price = "0.02"
"""
CUSTOMERS = """\
subject_type,subject_id,customer_id,customer_name,plan_id,valid_from,valid_to
api_key,k1,cust-03,Zoë & Söhne,growth,2015-01-01,2015-05-25
resource,r1,cust-03,Zoë & Söhne,growth,2015-01-01,2015-05-20
"""
EVIDENCE = Evidence(
    cutoff=None,
    queries={"internal_tokens": "sha256:02", "api_requests": "sha256:01"},
    price_book="sha256:03",
    customers="sha256:04",
    manifest="sha256:05",
    engine="duckdb 2.0.0",
)
MAY = Period.parse("2015-05")


def invoice() -> Invoice:
    book = load_price_book(BOOK, meters=["api_requests", "internal_tokens"])
    customers = load_customers(CUSTOMERS, plans=book.plans)
    first = segments(MAY, book, customers)[0]
    usage = [
        UsageTotal("api_requests", "api_key", "k1", "", 5012, 5012),
        UsageTotal("internal_tokens", "resource", "r1", "nvidia/nv-embedqa-e5-v5", 2001, 3),
    ]
    (found,) = rate(MAY, [(first, usage)], book, customers).invoices
    return found


def test_an_invoice_is_the_golden_one() -> None:
    """Byte for byte what users receive. When it changes on purpose, the change is read in the diff."""
    assert invoice().to_json(EVIDENCE).decode() == GOLDEN.read_text(encoding="utf-8")


def test_the_example_of_the_contract() -> None:
    """The invoice of the design: 5,012 requests, 1,000 of them free, and a minimum of 25."""
    book = load_price_book(
        BOOK.replace("4000", "10000").replace("prorate = true", ""),
        meters=["api_requests", "internal_tokens"],
    )
    customers = load_customers(CUSTOMERS, plans=book.plans)
    usage = [UsageTotal("api_requests", "api_key", "k1", "", 5012, 5012)]
    (found,) = rate(MAY, [(segments(MAY, book, customers)[0], usage)], book, customers).invoices
    document = found.to_document(EVIDENCE)
    assert document["lines"] == [
        {
            "charge_id": "requests",
            "meter": "api_requests",
            "plan_id": "growth",
            "plan_version": "2015-01-01",
            "dimension": "",
            "quantity": "5012",
            "free_units": "1000",
            "steps": [
                {
                    "from": "1",
                    "to": "4012",
                    "quantity": "4012",
                    "unit_price": "0.0035",
                    "flat": "0",
                    "amount": "14.042",
                }
            ],
            "amount_exact": "14.042",
            "amount": "14.04",
        },
        {
            "charge_id": "platform",
            "plan_id": "growth",
            "plan_version": "2015-01-01",
            "amount_exact": "10",
            "amount": "10.00",
        },
        {
            "charge_id": "minimum_commitment",
            "plan_id": "growth",
            "plan_version": "2015-01-01",
            "amount_exact": "0.96",
            "amount": "0.96",
        },
    ]
    assert document["total"] == "25.00"
    assert " ".join(document) == (
        "schema invoice_id status customer_id customer_name period currency lines total evidence"
    )


def test_the_lines_add_up_to_the_total() -> None:
    document = json.loads(invoice().to_json(EVIDENCE))
    assert sum(Decimal(line["amount"]) for line in document["lines"]) == Decimal(document["total"])


def test_an_invoice_id_is_that_of_customer_period_currency_and_revision() -> None:
    """The ids are promised: they must not change from one release to the next."""
    base = Invoice("cust-03", "Zoë", MAY, "USD", ())
    assert base.invoice_id == UUID("5fbe6189-8ead-58c8-adf3-ed1bb2489c2a")
    assert base.invoice_id.version == 5
    same = Invoice("cust-03", "Another name", MAY, "USD", (), status="final")
    assert same.invoice_id == base.invoice_id
    others = [
        Invoice("cust-04", "Zoë", MAY, "USD", ()),
        Invoice("cust-03", "Zoë", Period.parse("2015-06"), "USD", ()),
        Invoice("cust-03", "Zoë", MAY, "EUR", ()),
        Invoice("cust-03", "Zoë", MAY, "USD", (), revision=1),
    ]
    assert len({base.invoice_id, *(other.invoice_id for other in others)}) == 5


def test_a_cutoff_is_written_in_utc() -> None:
    closed = Evidence(datetime(2015, 6, 3, 12, tzinfo=UTC), {}, "a", "b", "c", "d")
    assert closed.to_document()["cutoff"] == "2015-06-03T12:00:00Z"


@pytest.mark.parametrize(
    ("currency", "amount", "written"),
    [("JPY", "3", "3"), ("BHD", "3.1", "3.100"), ("USD", "1E+3", "1000.00")],
)
def test_amounts_have_the_currencys_digits(currency: str, amount: str, written: str) -> None:
    line = InvoiceLine("fee", "growth", date(2015, 1, 1), Decimal(amount), Decimal(amount))
    document = Invoice("c", "C", MAY, currency, (line,)).to_document(EVIDENCE)
    assert document["total"] == written
    assert line.to_document(currency)["amount"] == written


def test_a_line_that_was_never_rounded_is_not_written() -> None:
    line = InvoiceLine("fee", "growth", date(2015, 1, 1), Decimal("0.005"), Decimal("0.005"))
    with pytest.raises(Inexact):
        line.to_document("USD")
