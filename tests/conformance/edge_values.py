"""Rows at the edges of what the tables may hold."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

MOST = 2**63 - 1
MONTH_END = datetime(2025, 11, 1)  # noqa: DTZ001 (as the tables hold it: UTC without a zone)
SPAN = (datetime(2025, 10, 1), MONTH_END)  # noqa: DTZ001
ALL_TIME = (datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999))  # noqa: DTZ001
EMPTY = (datetime(2030, 1, 1), datetime(2030, 2, 1))  # noqa: DTZ001

TEXTS = (
    "", "-", " ", "a", "A", "é", "e\u0301", "ß", "日本", "\U0001f600", "\uffff", "%", "_", "'", '"', "\\", "\t", "\r\n",
    "\u00a0", "NULL", "null", "0", "-0", "\x01", "\x7f",
)  # fmt: skip
TIMES = (
    *(MONTH_END + timedelta(hours=hour) for hour in range(-24, 24)),
    MONTH_END - timedelta(microseconds=1),
    MONTH_END - timedelta(milliseconds=1),
    datetime(1, 1, 1),  # noqa: DTZ001
    datetime(1582, 10, 10),  # noqa: DTZ001
    datetime(1969, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001
    datetime(1970, 1, 1),  # noqa: DTZ001
    datetime(2024, 2, 29, 12),  # noqa: DTZ001
    datetime(9999, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001
)
NUMBERS = (None, 0, 1, 999, 1024, 1_048_576, 2**31 - 1, 2**31, 10**12)
STATUSES = (None, 100, 199, 200, 204, 301, 400, 401, 403, 404, 429, 499, 500, 503, 599)


def pick(values: tuple[Any, ...], number: int) -> Any:
    """Choose a value by a row's number, out of step with the other columns."""
    return values[(number * 7 + number // len(values)) % len(values)]


def tables() -> dict[str, list[tuple[Any, ...]]]:
    """Give each table's rows."""
    arrived = datetime(2025, 11, 2, 3, 4, 5, 678901)  # noqa: DTZ001
    keys = (
        "apigw_access/2025/10/31/23/59/a.jsonl",
        "data-api/2025/11/01/00/00/b.jsonl.gz",
        "odd/9999/99/99/99/99/c.jsonl",
        "日本/2025/10/05/12/00/%.jsonl",
        "plain.jsonl",
    )
    subjects = ("k1", "k2", None, "é", "\U0001f600", "")
    requests = [
        (
            f"r{number % 190}",
            pick(TIMES, number),
            pick(("api", None, "é"), number),
            pick(("prod", None), number),
            pick(subjects, number),
            pick(("GET", "POST", None), number),
            pick(TEXTS, number),
            pick(STATUSES, number),
            pick(NUMBERS, number),
            pick(NUMBERS, number + 3),
            pick(NUMBERS, number + 5),
            pick(NUMBERS, number + 1),
            pick((None, "THROTTLED"), number),
            pick((None, "WAF_ALLOW", "WAF_BLOCK"), number),
            None,
            pick(keys, number),
            arrived,
            pick((0, 1, 2**60 - 1), number),
        )
        for number in range(200)
    ]
    types = (
        "internal_model_total_tokens", "external_embedding_total_tokens", "internal_reranking_egress_bytes",
        "external_model_ingress_bytes", "new_type", "internal_model_total_tokens\n", "INTERNAL_MODEL_TOTAL_TOKENS",
    )  # fmt: skip
    events = [
        (
            f"e{number % 140}",
            pick(TIMES, number),
            pick(types, number),
            pick(("serverless", None), number),
            pick(("db1", "db2", "É", "SINGLE-TENANT"), number),
            pick((None, "serverless_database"), number),
            pick((None, "UNKNOWN_REGION"), number),
            pick((None, "nvidia", ""), number),
            pick((None, *TEXTS), number),
            pick((0, 1, MOST, 10**18), number),
            pick(keys, number),
            arrived,
            pick((0, 1), number),
        )
        for number in range(150)
    ]
    usage = [
        (
            pick(("api_requests", "internal_tokens", "response_bytes", "gone"), number),
            pick(("api_key", "resource"), number),
            pick(("k1", "db1", "é", "k2"), number),
            pick(TIMES, number),
            pick(("", "m1", "日本"), number),
            Decimal(pick((0, 1, 5, MOST, 10**28), number)),
            pick((1, 2, 0), number),
            arrived,
        )
        for number in range(220)
    ]
    usage = list({row[:5]: row for row in usage}.values())
    day = date(2025, 10, 31)
    return {
        "api_requests": requests,
        "billing_events": events,
        "usage_hourly": usage,
        "quarantine": [
            ("api_requests", keys[number % 5], text * 3, 1 + number, f"reason {number % 3}", arrived)
            for number, text in enumerate(TEXTS)
        ],
        "ingested_objects": [(key, f"t{number}", number, number * 40, arrived, "1") for number, key in enumerate(keys)]
        + [(keys[0], "again", MOST, 1, arrived + timedelta(seconds=1), "2")],
        "customers": [
            ("api_key", "k1", "c1", "One", "growth", date(1, 1, 1), day),
            ("api_key", "k1", "c1", "Öne", "scale", day, None),
            ("resource", "db1", "c2", "", "growth", date(2025, 10, 1), date(9999, 12, 31)),
            ("resource", "db1", "c3", "Three", "growth", date(2025, 10, 15), None),
        ],
        "stale_hours": [("api_requests", MONTH_END, arrived), ("billing_events", datetime(1, 1, 1), arrived)],  # noqa: DTZ001
        "rolled_meters": [("api_requests", "sha256:0"), ("internal_tokens", "sha256:1")],
        "invoice_lines": invoice_lines(),
    }


def invoice_lines() -> list[tuple[Any, ...]]:
    """Give three revisions of a month, two of them at one instant, and one of a month without any line."""
    first = datetime(2025, 11, 1, 4, 0, 0, 1)  # noqa: DTZ001
    second = datetime(2025, 11, 2, 4)  # noqa: DTZ001
    day = date(2025, 1, 1)
    lines = [
        (
            "draft",
            f"i{number % 5}",
            f"c{number % 5}",
            pick(TEXTS, number),
            "KWD",
            1 + number // 5,
            pick(("requests", "minimum_commitment"), number),
            pick(("growth", "é"), number),
            pick((day, date(1, 1, 1), date(9999, 12, 31)), number),
            *pick(((None, None, None), ("api_requests", "", Decimal(0)), ("tokens", "日本", Decimal(10**36))), number),
            pick((Decimal("0.0000"), Decimal("1.2345"), Decimal(10**30) + Decimal("0.9999")), number),
            pick(("0", "0.33333333333333333333333333333333333333333", "1" * 40), number),
        )
        for number in range(40)
    ]
    nothing = ("draft", "", "", "", "KWD", 0, "", "", date(2025, 9, 1), None, None, None, Decimal(0), "0")
    return [
        *(("2025-10", "sha256:f", first, *line) for line in lines),
        *(("2025-10", revision, second, *line) for revision in ("sha256:0", "sha256:1") for line in lines[5:]),
        *(("2025-10", "sha256:1", second, *line) for line in lines[5:7]),
        *(("2025-09", "sha256:f", first, *line) for line in lines),
        ("2025-09", "sha256:0", second, *nothing),
    ]
