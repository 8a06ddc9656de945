"""Subjects, and the customers file that fits them."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest

from usagelake.simulation.options import SimulationOptions
from usagelake.simulation.simulate import simulate
from usagelake.simulation.subjects import (
    UNOWNED_API_KEY,
    UNOWNED_TENANT,
    Ownership,
    api_key_id,
    tenant_id,
)

PRICING = Path(__file__).parents[2] / "pricing"
PLANS = {"starter", "growth", "scale", "enterprise"}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def subjects_of(found: list[dict[str, str]]) -> set[tuple[str, str]]:
    return {(row["subject_type"], row["subject_id"]) for row in found}


def test_committed_customers_fit_the_default_simulation() -> None:
    """pricing/customers.csv is what the library writes for its default options."""
    committed = (PRICING / "customers.csv").read_text(encoding="utf-8")
    assert committed == Ownership(SimulationOptions()).customers_csv()


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("customers", [12, 60])
def test_every_subject_with_usage_but_two_has_a_customer(tmp_path: Path, seed: int, customers: int) -> None:
    """Whatever the seed, only the unowned API key and the unowned tenant are nobody's."""
    options = SimulationOptions(seed=seed, customers=customers, api_requests=15_000, billing_events=15_000)
    requests, billing = simulate(options, tmp_path / "landing").sources
    used = {("api_key", key) for key in requests.usage} | {("resource", tenant) for tenant in billing.usage}
    unowned = {("api_key", api_key_id(UNOWNED_API_KEY)), ("resource", tenant_id(UNOWNED_TENANT))}
    assert used - subjects_of(rows(Ownership(options).customers_csv())) == unowned


def test_customers_show_every_feature() -> None:
    found = rows(Ownership(SimulationOptions()).customers_csv())
    assert {row["plan_id"] for row in found} == PLANS
    assert len({row["customer_id"] for row in found}) == 12
    several = [row["subject_type"] for row in found if row["customer_id"] == "cust-01"]
    assert several.count("api_key") > 1
    assert several.count("resource") > 1
    changing = [row for row in found if row["valid_from"] == "2025-10-10"]
    assert [row["plan_id"] for row in changing] == ["growth"]
    before = next(row for row in found if row["valid_to"] == "2025-10-10")
    assert (before["plan_id"], before["subject_id"]) == ("starter", changing[0]["subject_id"])
    leaving = [row for row in found if row["valid_to"] not in ("", "2025-10-10")]
    assert [row["valid_to"] for row in leaving] == ["2025-10-21"]


def test_a_customer_who_leaves_is_silent_afterwards_and_one_is_always(tmp_path: Path) -> None:
    """No usage falls outside of an assignment, so `unassigned` lists the unowned subjects alone."""
    options = SimulationOptions(api_requests=15_000, billing_events=0)
    ownership = Ownership(options)
    simulate(options.clean(), tmp_path / "landing")
    (leaving,) = (api_key_id(index) for index in ownership.leaving_api_keys())
    texts = [path.read_text() for path in tmp_path.rglob("*.jsonl")]
    last = max(int(time) for text in texts for time in re.findall(rf'Epoch":"(\d+)".*"{leaving}"', text))
    assert last < ownership.leaves_at.timestamp() * 1000
    assert last > (ownership.leaves_at.timestamp() - 86_400) * 1000
    idle = next(row for row in rows(ownership.customers_csv()) if row["customer_id"] == "cust-12")
    assert not any(idle["subject_id"] in text for text in texts)


@pytest.mark.parametrize("customers", [2, 3, 12, 13, 250])
def test_any_number_of_customers(customers: int) -> None:
    """No subject has two owners at a time, and the subjects are as many as the traffic has."""
    options = SimulationOptions(customers=customers)
    ownership = Ownership(options)
    found = rows(ownership.customers_csv())
    assert len({row["customer_id"] for row in found}) == customers
    open_rows = [(r["subject_type"], r["subject_id"]) for r in found if not r["valid_to"]]
    assert len(open_rows) == len(set(open_rows))
    kinds = [kind for kind, _ in subjects_of(found)]
    owned = ownership.api_keys - (ownership.api_keys > UNOWNED_API_KEY)
    assert kinds.count("api_key") == owned + 1
    assert kinds.count("resource") == ownership.tenants - (ownership.tenants > UNOWNED_TENANT)


def test_more_subjects_than_the_default() -> None:
    options = replace(SimulationOptions(), api_keys=100, tenants=50)
    found = subjects_of(rows(Ownership(options).customers_csv()))
    assert len(found) == 100 + 50 - 2 + 1


def test_ids_look_like_the_real_ones() -> None:
    """Ten lower-case alphanumerics for API keys; UUIDs, and one upstream name, for tenants."""
    keys = {api_key_id(index) for index in range(2000)}
    tenants = {tenant_id(index) for index in range(2000)}
    assert len(keys) == len(tenants) == 2000
    assert all(re.fullmatch(r"[0-9a-z]{10}", key) for key in keys)
    assert tenants - {t for t in tenants if re.fullmatch(r"[0-9a-f-]{36}", t)} == {"SINGLE-TENANT"}
