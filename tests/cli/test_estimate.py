"""`usagelake estimate`: what it shows, and what it refuses."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.main_job import invoke

ROOT = Path(__file__).resolve().parents[2]
PRICES = ROOT / "pricing" / "aws-us-east-1.toml"


def told(*arguments: object) -> dict[str, object]:
    result = invoke("estimate", *arguments, "--json")
    assert result.exit_code == 0
    return json.loads(result.stdout)


def test_the_answer_to_a_program() -> None:
    """A sum that can be done again: every line, exact amounts as texts, the prices' day, the first sketch."""
    answer = told("--requests-per-month", 1_000_000, "--events-per-month", 2_000_000)
    assert answer["schema"] == "usagelake.estimate/1"
    assert (answer["region"], answer["prices_as_of"], answer["currency"]) == ("us-east-1", "2026-11-29", "USD")
    services = {name: Decimal(amount) for name, amount in answer["services"].items()}
    for name, amount in services.items():
        assert amount == sum(Decimal(item["amount"]) for item in answer["items"] if item["service"] == name)
    assert Decimal(answer["total"]) == sum(services.values()) - services["API Gateway"]
    assert services["API Gateway"] == Decimal("3.5")
    assert answer["first_sketch_per_million_calls"] == {
        "Athena": ["1", "5"], "CloudWatch Logs": ["5", "10"], "S3": ["1", "2"], "billing_run": ["0.01", "0.1"],
    }  # fmt: skip
    assert Decimal(answer["per_million_events"]) == (Decimal(answer["total"]) / 3).quantize(
        Decimal("1e-6"), "ROUND_DOWN"
    )


def test_the_answer_to_a_person() -> None:
    """Services beside the sketch's figures, each line's arithmetic, what is unconfirmed, what is left out."""
    shown = invoke("estimate", "--requests-per-month", "1000000").stdout
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "A month of 1,000,000 requests and 0 billing events" in lines[0]
    assert "CloudWatch Logs 0.41 5 to 10" in lines
    assert "apart: API Gateway's requests 3.50" in lines
    assert "CloudWatch Logs lines in 700,000,000 bytes x 0.5 per 1,000,000,000 0.35" in lines
    assert "Firehose lines unpacked 700,000,000 bytes x 0.00325 per 1,000,000,000 (?) 0.002275" in lines
    assert any(line.startswith("Left out: free tiers") for line in lines)
    assert not any(line.startswith("KMS") for line in lines)


def test_a_month_without_anything() -> None:
    """There is no price per event, and what little there is is not shown as nothing."""
    shown = invoke("estimate", "--requests-per-month", "0").stdout
    assert "per million events" not in shown
    assert told("--requests-per-month", 0)["per_million_events"] is None
    little = invoke("estimate", "--requests-per-month", "1").stdout
    assert "Firehose < 0.01" in " ".join(little.split())


def test_the_settings_are_reckoned_with() -> None:
    """Each changes what it is about."""
    base = told("--requests-per-month", 1_000_000, "--events-per-month", 1_000_000)
    for arguments, service in (
        (("--delivery", "direct"), "CloudWatch Logs"),
        (("--bytes-per-line", 500), "CloudWatch Logs"),
        (("--log-days", 30), "CloudWatch Logs"),
        (("--lines-per-record", 5), "Firehose"),
        (("--events-per-object", 3000), "S3"),
        (("--landing-months", 1), "S3"),
        (("--roll-up", "daily"), "Lambda"),
        (("--windows", 1), "Athena"),
        (("--drafts", "never"), "Athena"),
    ):
        less = told("--requests-per-month", 1_000_000, "--events-per-month", 1_000_000, *arguments)
        assert Decimal(less["services"][service]) < Decimal(base["services"][service]), arguments
    for arguments, service in (
        (("--customer-key",), "KMS"),
        (("--crawler-dpu-hours", 3), "Glue"),
        (("--analyst-queries", 50), "Athena"),
    ):
        more = told("--requests-per-month", 1_000_000, "--events-per-month", 1_000_000, *arguments)
        assert Decimal(more["services"][service]) > Decimal(base["services"][service]), arguments


def test_other_prices(tmp_path: Path) -> None:
    """A file of one's own counts instead, in its currency's digits."""
    text = PRICES.read_text(encoding="utf-8").replace('"USD"', '"JPY"').replace('"us-east-1"', '"ap-northeast-1"')
    mine = tmp_path / "tokyo.toml"
    mine.write_text(text.replace('price = "0.50"', 'price = "80"'), encoding="utf-8")
    answer = told("--requests-per-month", 1_000_000, "--prices", mine)
    assert (answer["region"], answer["currency"]) == ("ap-northeast-1", "JPY")
    assert "JPY a month" in invoke("estimate", "--requests-per-month", "1000000", "--prices", mine).stdout
    lines_in = [item["amount"] for item in answer["items"] if item["what"] == "lines in"]
    assert lines_in == ["56"]


def test_a_meter_of_ones_own_costs_its_statements(tmp_path: Path) -> None:
    """Three a window and run that finds its source: 744 x 2 x 3."""
    (tmp_path / "meters").mkdir()
    text = (ROOT / "queries" / "meters" / "api_requests.sql").read_text(encoding="utf-8")
    (tmp_path / "meters" / "again.sql").write_text(text.replace("name: api_requests", "name: again"), encoding="utf-8")
    base = told("--requests-per-month", 1_000_000)["athena_statements"]
    more = told("--requests-per-month", 1_000_000, "--queries", tmp_path)["athena_statements"]
    assert int(more["roll-up of api_requests"]) - int(base["roll-up of api_requests"]) == 744 * 2 * 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("--requests-per-month", "-1"),
        ("--requests-per-month", "1e6"),
        ("--requests-per-month", "1.5"),
        ("--requests-per-month", "many"),
        ("--requests-per-month", "1000000000001"),
        ("--events-per-month", "-1"),
        ("--bytes-per-line", "0"),
        ("--events-per-object", "0"),
        ("--lines-per-record", "0"),
        ("--delivery", "pigeon"),
        ("--log-days", "0"),
        ("--landing-months", "0"),
        ("--roll-up", "never"),
        ("--windows", "5"),
        ("--drafts", "weekly"),
        ("--analyst-queries", "-1"),
        ("--prices", ""),
        ("--prices", "no-such-file.toml"),
        ("--queries", "no-such-folder"),
    ],
)
def test_bad_usage_is_exit_2(arguments: tuple[str, str]) -> None:
    """And nothing is reckoned."""
    result = invoke("estimate", "--requests-per-month", "1", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


def test_a_wrong_price_file_is_exit_2(tmp_path: Path) -> None:
    """Every fault is named with the file."""
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(PRICES.read_text(encoding="utf-8").replace('price = "0.44"', "price = 0.44"), encoding="utf-8")
    result = invoke("estimate", "--requests-per-month", "1", "--prices", wrong)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{wrong}: price 'glue.crawler': price is the float 0.44" in result.stderr


def test_requests_are_required() -> None:
    """It is said."""
    assert "--requests-per-month" in invoke("estimate").stderr


def test_checking_the_pricing_folder_leaves_the_clouds_prices_alone() -> None:
    """They lie beside the price book, and are none."""
    assert invoke("check", "--pricing", ROOT / "pricing").exit_code == 0
