"""Where a shipper's counts go: a sink is anything that takes a snapshot."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from usagelake.shipping.metrics.emf import EmfSink, emf
from usagelake.shipping.metrics.prometheus import PrometheusFile, prometheus_text
from usagelake.shipping.snapshot import Snapshot

Sink: TypeAlias = Callable[[Snapshot], None]
"""Is told of every snapshot, from the shipper's own thread; it must not block for long."""

__all__ = ["EmfSink", "PrometheusFile", "Sink", "emf", "prometheus_text"]
