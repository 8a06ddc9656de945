"""The price file: what it holds, and every way in which it is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from usagelake.domain.estimate.price_list import PRICE_IDS
from usagelake.domain.estimate.price_list_file import load_price_list
from usagelake.errors import ConfigurationError
from usagelake.services.cloud_prices import load_cloud_prices

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "pricing" / "aws-us-east-1.toml").read_text(encoding="utf-8")

EXPECTED = {
    "logs.ingested": "0.50 per 1000000000",
    "logs.stored": "0.03 per 1000000000",
    "firehose.ingested": "0.029 per 1000000000",
    "firehose.decompressed": "0.00325 per 1000000000",
    "s3.stored": "0.023 per 1000000000",
    "s3.puts": "0.005 per 1000",
    "s3.gets": "0.0004 per 1000",
    "athena.scanned": "5.00 per 1000000000000",
    "lambda.requests": "0.20 per 1000000",
    "lambda.compute": "0.0000133334 per 1",
    "glue.crawler": "0.44 per 1",
    "kms.keys": "1.00 per 1",
    "kms.requests": "0.03 per 10000",
}


def refused(text: str) -> str:
    with pytest.raises(ConfigurationError) as error:
        load_price_list(text, where="prices.toml")
    return "\n".join(error.value.faults)


def test_the_packaged_prices() -> None:
    """Each that an estimate asks for, with a day, a source on a page of AWS's, and the figure of that page."""
    prices = load_cloud_prices()
    assert (prices.region, prices.currency) == ("us-east-1", "USD")
    assert prices.as_of >= date(2026, 11, 1)
    assert prices.prices.keys() == set(PRICE_IDS)
    for each in prices.prices.values():
        assert each.source.startswith("https://aws.amazon.com/")
    for price_id, written in EXPECTED.items():
        price, _, per = written.partition(" per ")
        found = prices[price_id]
        assert [step.price for step in found.steps] == [Decimal(price)]
        assert found.per == int(per)


def test_what_nobody_has_confirmed_is_marked() -> None:
    """The prices that only second hands tell."""
    unconfirmed = {each.id for each in load_cloud_prices().prices.values() if not each.confirmed}
    assert unconfirmed == {
        "firehose.decompressed", "scheduler.invocations", "glue.requests",
        "cloudwatch.alarms", "cloudwatch.metrics", "cloudwatch.dashboards",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('price = "0.44"', "price = 0.44", "price 'glue.crawler': price is the float 0.44; a float is not exact"),
        ('price = "0.44"', 'price = "-1"', "price 'glue.crawler': price is '-1'; it must not be negative"),
        ('price = "0.44"', "", "price 'glue.crawler': write either price or tiers"),
        ('price = "0.44"', 'price = "1"\ntiers = []', "price 'glue.crawler': write either price or tiers"),
        ('price = "0.44"', "tiers = []", "price 'glue.crawler': tiers is missing or empty"),
        ('unit = "DPU-hours"', 'units = "DPU-hours"', "price 'glue.crawler': unknown key 'units'; did you mean unit?"),
        ("per = 10_000\n", "per = 12\n", "price 'kms.requests': per is 12; write 1, 10, 100"),
        ("per = 10_000\n", "per = 0\n", "price 'kms.requests': per is 0; write a whole number of at least 1"),
        ("at_least = 10_000_000", "at_least = -1", "price 'athena.scanned': at_least is -1"),
        ("rounded_to = 5120", "rounded_to = 0", "price 'firehose.ingested': rounded_to is 0"),
        ("up_to = 333_000_000", "up_to = 2_000_000_000", "tier 2 ends at 1000000000, which is not above"),
        ('{ price = "1.51" }', '{ up_to = 30_000_000_000, price = "1.51" }', "the last tier ends at 30000000000"),
        ('{ price = "1.51" }', '{ prize = "1.51" }', "tier 4: unknown key 'prize'; did you mean price?"),
        ('id = "kms.keys"', 'id = "kms.key"', "id is 'kms.key'; write one of"),
        ('id = "kms.keys"', 'id = "kms.requests"', "price 'kms.requests' stands 2 times; keep one"),
        ('id = "kms.keys"', 'id = "kms.requests"', "there is no price for kms.keys"),
        ("as_of = 2026-11-29", 'as_of = "2026-11-29"', "as_of is '2026-11-29'; write a date without quotes"),
        ('currency = "USD"', 'currency = "UDS"', "prices.toml: currency 'UDS' is no active ISO 4217 code"),
        ('region = "us-east-1"', "", "prices.toml: region is missing"),
        ("\nconfirmed = false", "\nconfirmed = 0", "confirmed is 0; write true or false"),
        ("[[price]]", "[[price", "prices.toml: not valid TOML"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused(before: str, after: str, fault: str) -> None:
    """With the price at fault, and what to write."""
    assert before in TEXT
    assert fault in refused(TEXT.replace(before, after, 1))


def test_every_fault_is_told_at_once() -> None:
    """An empty file has no region, no day, no price."""
    faults = refused("")
    for missing in ("region is missing", "currency is missing", "as_of is missing", "price is missing or empty"):
        assert missing in faults


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """It is named, with what it should be."""
    with pytest.raises(ConfigurationError, match=r"none\.toml: cannot be read .*--prices names a TOML file"):
        load_cloud_prices(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b'region = "\xe9"')
    with pytest.raises(ConfigurationError, match=r"latin\.toml: not UTF-8 at byte 10"):
        load_cloud_prices(tmp_path / "latin.toml")
