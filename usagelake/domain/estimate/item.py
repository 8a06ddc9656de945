"""One line of an estimate: a quantity, its price, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from usagelake.domain.money import format_exact

if TYPE_CHECKING:
    from decimal import Decimal

    from usagelake.domain.canonical_json import JsonValue
    from usagelake.domain.estimate.price_list import CloudPrice


class Service(StrEnum):
    """Whose bill a line stands on, as AWS names it."""

    API_GATEWAY = "API Gateway"
    LOGS = "CloudWatch Logs"
    FIREHOSE = "Firehose"
    S3 = "S3"
    ATHENA = "Athena"
    LAMBDA = "Lambda"
    SCHEDULER = "EventBridge Scheduler"
    GLUE = "Glue"
    KMS = "KMS"
    CLOUDWATCH = "CloudWatch"


@dataclass(frozen=True, slots=True)
class Item:
    """One line.

    Args:
        service: Whose bill it stands on.
        what: What is paid for.
        quantity: How many of the price's units a month.
        price: What they cost.
    """

    service: Service
    what: str
    quantity: int
    price: CloudPrice

    @property
    def amount(self) -> Decimal:
        """What it costs a month, exactly."""
        return self.price.cost(self.quantity)

    def explained(self) -> str:
        """Write how the amount comes about."""
        return f"{self.quantity:,} {self.price.unit} x {self.price.written()}"

    def to_document(self) -> dict[str, JsonValue]:
        """Give the line as JSON shows it."""
        return {
            "service": self.service.value,
            "what": self.what,
            "quantity": str(self.quantity),
            "unit": self.price.unit,
            "price": self.price.id,
            "amount": format_exact(self.amount),
            "confirmed": self.price.confirmed,
        }
