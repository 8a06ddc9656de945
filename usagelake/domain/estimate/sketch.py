"""What the first sketch of the project expected, for a million calls a month, in USD."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from usagelake.domain.estimate.item import Service

SKETCHED: Final = {
    Service.ATHENA: (Decimal(1), Decimal(5)),
    Service.LOGS: (Decimal(5), Decimal(10)),
    Service.S3: (Decimal(1), Decimal(2)),
}
"""A month of each service, from and to. The sketch took full execution logs for granted, 10 GB per million calls."""

SKETCHED_BILLING_RUN: Final = (Decimal("0.01"), Decimal("0.10"))
