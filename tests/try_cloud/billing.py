"""Billing events by `usagelake ship`, everything by `usagelake bill`, and the counts that must come out."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from tests.try_cloud.command import ROOT, run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tests.try_cloud.links import Links

CUSTOMER = "cust-try"
RESOURCE = "try-resource"
TOKENS = {"internal_model_total_tokens": "internal_tokens", "external_model_total_tokens": "external_tokens"}
"""The event types that are sent, each with the meter that counts it."""

_EVENTS = 40


def make_events(at: datetime) -> list[dict[str, Any]]:
    """Make billing events of two types."""
    return [
        {
            "id": str(uuid5(NAMESPACE_URL, f"{kind}/{number}")),
            "timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "product": "serverless",
            "event_type": kind,
            "properties": {
                "usage": 1000 + number,
                "region": "eu-west-1",
                "resource_type": "serverless_database",
                "resource_id": RESOURCE,
                "provider": "nvidia",
                "model": "nvidia/nv-embedqa-e5-v5",
            },
        }
        for kind in TOKENS
        for number in range(_EVENTS)
    ]


def tokens_of(events: list[dict[str, Any]]) -> dict[str, int]:
    """What each meter must come to."""
    return {
        meter: sum(each["properties"]["usage"] for each in events if each["event_type"] == kind)
        for kind, meter in TOKENS.items()
    }


def ship(events: list[dict[str, Any]], landing: str, folder: Path, links: Links) -> None:
    """Deliver billing events as a service does."""
    text = "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in events)
    _usagelake("ship", "--to", f"s3://{landing}/", "--spool", str(folder / "spool"), "--quiet", given=text)
    links.works("usagelake ship → landing", f"{len(events)} events")


def bill(landing: str, key_id: str, at: datetime, folder: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """Bill the month.

    Returns:
        The summary, and the one customer's quantity of each meter.
    """
    pricing, out, period = folder / "pricing", folder / "out", at.strftime("%Y-%m")
    pricing.mkdir()
    shutil.copy(ROOT / "pricing" / "price_book.toml", pricing)
    (pricing / "customers.csv").write_text(
        "subject_type,subject_id,customer_id,customer_name,plan_id,valid_from,valid_to\n"
        f"api_key,{key_id},{CUSTOMER},Try,starter,2025-01-01,\n"
        f"resource,{RESOURCE},{CUSTOMER},Try,starter,2025-01-01,\n",
        encoding="utf-8",
    )
    places = ("--landing", f"s3://{landing}/", "--pricing", str(pricing), "--out", str(out))
    _usagelake("bill", *places, "--period", period, "--quiet")
    invoice = json.loads((out / "invoices" / period / f"{CUSTOMER}.json").read_text(encoding="utf-8"))
    return json.loads((out / "summary.json").read_text(encoding="utf-8")), quantities_of(invoice)


def quantities_of(invoice: Mapping[str, Any]) -> dict[str, int]:
    """What an invoice counts of each meter."""
    found: dict[str, int] = {}
    for line in invoice["lines"]:
        if "meter" in line:
            found[line["meter"]] = found.get(line["meter"], 0) + int(line["quantity"])
    return found


def _usagelake(*arguments: str, given: str | None = None) -> None:
    run([str(Path(sys.executable).with_name("usagelake")), *arguments], cwd=ROOT, given=given)
