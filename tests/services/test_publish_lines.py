"""Invoice lines in the lake: every revision is kept, the newest of each period stands, as a whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.cli.landings import event, price_book, request
from tests.cli.main_job import Job, invoke
from usagelake.bootstrap import open_engine, open_pricing
from usagelake.domain.invoice_lines import LineRevision
from usagelake.domain.period import Period
from usagelake.engines import ad_hoc, load_queries
from usagelake.services.pricing import load_pricing
from usagelake.services.publish_lines import publish_lines
from usagelake.services.rate_period import rate_period
from usagelake.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from usagelake.engines import Engine
    from usagelake.services.rate_period import Bill

NOW = datetime(2026, 1, 1, tzinfo=UTC)
QUERIES = load_queries()
HEADER = "subject_type,subject_id,customer_id,customer_name,plan_id,valid_from,valid_to\n"


@pytest.fixture
def billed(job: Job) -> Job:
    """A job that was billed."""
    job.put("apigw_access/a.jsonl", request("a"), request("b"), request("c", key="key-2"))
    job.put("tokens/a.jsonl", event("a", usage=1234))
    job.billed()
    return job


def lines_of(job: Job) -> list[dict[str, Any]]:
    """Ask for the lines that stand."""
    return job.ask("SELECT * FROM latest_invoice_lines ORDER BY period, customer_id, line_number")


def revisions(job: Job) -> list[Any]:
    """Ask for the published revisions of every period, in the order of their publication."""
    found = job.ask("SELECT DISTINCT published_at, period, revision FROM invoice_lines ORDER BY published_at")
    return [(row["period"], row["revision"]) for row in found]


def test_lines_are_those_of_the_invoices(billed: Job) -> None:
    """Column by column, and what an invoice's lines add up to is its total."""
    expected, totals = [], {}
    for path in sorted(billed.invoices.iterdir()):
        invoice = json.loads(path.read_bytes())
        totals[invoice["customer_id"]] = Decimal(invoice["total"])
        for number, line in enumerate(invoice["lines"], start=1):
            expected.append({
                "period": billed.period,
                **{name: invoice[name] for name in ("status", "invoice_id", "customer_id", "customer_name")},
                "currency": invoice["currency"],
                "line_number": number,
                **{name: line[name] for name in ("charge_id", "plan_id", "plan_version", "amount_exact")},
                **{name: line.get(name) for name in ("meter", "dimension")},
                "quantity": int(line["quantity"]) if "quantity" in line else None,
                "amount": Decimal(line["amount"]),
            })  # fmt: skip
    found = lines_of(billed)
    assert len(found) > 2
    for line in found:
        assert line.pop("revision").startswith("sha256:")
        assert line.pop("published_at")
        line["amount"] = Decimal(line["amount"])
    assert found == expected
    sums = billed.ask("SELECT customer_id, sum(amount) AS total FROM latest_invoice_lines GROUP BY customer_id")
    assert {row["customer_id"]: Decimal(row["total"]) for row in sums} == {
        customer: total for customer, total in totals.items() if total
    }
    assert any(totals.values())


def test_a_run_with_nothing_new_publishes_nothing(billed: Job) -> None:
    """Not even when it has read new lines that nobody pays for."""
    before = billed.ask("SELECT * FROM invoice_lines ORDER BY customer_id, line_number")
    billed.billed()
    billed.put("apigw_access/b.jsonl", request("d", key="key-of-nobody"))
    billed.billed()
    assert billed.ask("SELECT * FROM invoice_lines ORDER BY customer_id, line_number") == before


def test_other_prices_are_another_revision(billed: Job) -> None:
    """The former one is kept and no longer stands; back at the former prices, it is published again."""
    first = lines_of(billed)
    billed.write_pricing(price_book().replace('"0.01"', '"0.02"'))
    billed.billed()
    second = lines_of(billed)
    assert len({line["revision"] for line in second}) == 1
    assert [line["amount"] for line in first if line["meter"] == "api_requests"] == ["0.0200", "0.0100"]
    assert [line["amount"] for line in second if line["meter"] == "api_requests"] == ["0.0400", "0.0200"]
    billed.write_pricing()
    billed.billed()
    one, other = (billed.period, first[0]["revision"]), (billed.period, second[0]["revision"])
    assert revisions(billed) == [one, other, one]
    third = lines_of(billed)
    assert len(billed.ask("SELECT * FROM invoice_lines")) == len(first) + len(second) + len(third)
    for line in (*first, *third):
        line.pop("published_at")
    assert third == first


def test_a_customer_who_left_owes_nothing_any_more(billed: Job) -> None:
    """A revision stands as a whole; one without any line makes those before it stand no more."""
    customers = (billed.pricing / "customers.csv").read_text().splitlines(keepends=True)
    billed.write_pricing(customers="".join(line for line in customers if "key-2" not in line))
    billed.billed()
    assert {line["customer_id"] for line in lines_of(billed)} == {"cust-1"}
    billed.write_pricing(customers=HEADER)
    for _ in range(2):
        billed.billed()
        assert lines_of(billed) == []
        assert len(revisions(billed)) == 3
    (row,) = billed.ask("SELECT line_number, customer_id, amount FROM invoice_lines WHERE line_number = 0")
    assert row == {"line_number": 0, "customer_id": "", "amount": 0}
    billed.write_pricing(customers="".join(customers))
    billed.billed()
    assert {line["customer_id"] for line in lines_of(billed)} == {"cust-1", "cust-2"}


def test_each_period_has_its_own_newest_revision(billed: Job) -> None:
    """Billing another month changes nothing of this one."""
    october = lines_of(billed)
    november = Job(billed.folder, period="2025-11")
    november.put("apigw_access/n.jsonl", request("n", "2025-11-02T00:00:00Z"))
    november.billed()
    assert [line for line in lines_of(billed) if line["period"] == "2025-10"] == october
    assert {line["period"] for line in lines_of(billed)} == {"2025-10", "2025-11"}


@pytest.fixture
def lake(billed: Job) -> Iterator[Engine]:
    """The lake, with nothing published in it."""
    with open_engine(QUERIES, Settings(), billed.lake) as engine:
        engine.publish("invoice_lines", [])
        yield engine


def rated(lake: Engine, job: Job, price: str) -> Bill:
    """Price the period anew."""
    job.write_pricing(price_book().replace('"0.01"', f'"{price}"'))
    pricing = load_pricing(open_pricing(str(job.pricing)), meters={meter.name for meter in QUERIES.meters()})
    return rate_period(lake, QUERIES, pricing, Period.parse(job.period))


def standing(lake: Engine) -> list[tuple[Any, ...]]:
    """Tell when the lines that stand were published, how many they are, and what they come to."""
    sql = (
        "SELECT published_at, count(*) AS lines, sum(amount) AS total FROM latest_invoice_lines "
        "WHERE amount > DECIMAL '0' GROUP BY published_at"
    )
    return lake.fetch(ad_hoc(sql)).rows


def test_what_is_published_last_stands_whatever_the_clock_says(lake: Engine, billed: Job) -> None:
    """A clock that is behind the one of the run before hides nothing; instants are kept in UTC."""
    abroad = NOW.astimezone(timezone(timedelta(hours=-5)))
    assert publish_lines(lake, QUERIES, rated(lake, billed, "0.02"), clock=lambda: abroad)
    at = NOW.replace(tzinfo=None)
    assert standing(lake) == [(at, 3, Decimal("1.2900"))]
    cheaper = rated(lake, billed, "0.01")
    assert publish_lines(lake, QUERIES, cheaper, clock=lambda: NOW - timedelta(days=1))
    assert standing(lake) == [(at + timedelta(microseconds=1), 3, Decimal("1.2600"))]
    assert not publish_lines(lake, QUERIES, cheaper, clock=lambda: NOW + timedelta(days=1))


def test_two_runs_at_the_same_instant(lake: Engine, billed: Job) -> None:
    """Lines that both have published count once; of other lines one revision stands, whoever was first."""
    same, other = rated(lake, billed, "0.01"), rated(lake, billed, "0.02")
    at = NOW.replace(tzinfo=None)
    rows = [LineRevision.of(done.period, done.rated).rows(at) for done in (same, other)]
    lake.append("invoice_lines", rows[0])
    expected = standing(lake)
    lake.append("invoice_lines", rows[0])
    assert standing(lake) == expected == [(at, 3, Decimal("1.2600"))]
    lake.append("invoice_lines", rows[1])
    both = standing(lake)
    lake.publish("invoice_lines", [])
    lake.append("invoice_lines", rows[1])
    lake.append("invoice_lines", rows[0])
    assert standing(lake) == both
    assert [row[1] for row in both] == [3]


def test_a_lake_without_the_table_is_read_all_the_same(billed: Job) -> None:
    """An older version made it: what needs the table is refused, and the next run adds it."""
    with duckdb.connect(str(billed.lake / "lake.duckdb")) as connection:
        connection.execute("DROP TABLE usage.invoice_lines")
    assert billed.ask("SELECT count(*) AS requests FROM billable_requests") == [{"requests": 3}]
    export = ("--format", "parquet", "--out", str(billed.folder / "x.parquet"))
    for asked in (
        ("latest_invoice_lines",),
        ("invoice_totals", "-p", "period=2025-10"),
        ("--sql", "SELECT * FROM INVOICE_LINES"),
        ("--sql", "SELECT * FROM latest_invoice_lines", *export),
    ):
        result = invoke("query", "--lake", billed.lake, *asked)
        assert result.exit_code == 1
        said = " ".join(result.stderr.split())
        assert f"the lake {billed.lake} has no table invoice_lines yet" in said
        assert f"run `usagelake bill --lake {billed.lake}` once, which adds it" in said
    billed.billed()
    assert {line["customer_id"] for line in lines_of(billed)} == {"cust-1", "cust-2"}
