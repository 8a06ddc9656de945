"""Delivery of billing events: buffer, sealed batch, upload; the logging handler; the spool."""

from __future__ import annotations

from usagelake.shipping.config import ShippingConfig, SpoolStrength
from usagelake.shipping.handler import BillingEventsHandler
from usagelake.shipping.shipper import Shipper, open_shipper
from usagelake.shipping.sigterm import exit_on_sigterm
from usagelake.shipping.snapshot import Snapshot

__all__ = [
    "BillingEventsHandler",
    "Shipper",
    "ShippingConfig",
    "Snapshot",
    "SpoolStrength",
    "exit_on_sigterm",
    "open_shipper",
]
