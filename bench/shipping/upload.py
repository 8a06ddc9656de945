"""How fast objects reach a store that takes everything: through the shipper, and by the bare client.

Usage: python -m bench.shipping.upload --client NAME --endpoint URL --folder DIR --how bare|memory|sealed|every-event
"""

from __future__ import annotations

import argparse
import json
import queue
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.shipping.events import event_line
from usagelake.shipping.config import ShippingConfig
from usagelake.shipping.shipper import open_shipper
from usagelake.storage import open_location

if TYPE_CHECKING:
    from collections.abc import Sequence

EVENTS = 50
THREADS = 4
TO = "s3://landing"


def bare(lines: Sequence[bytes], options: dict[str, Any]) -> float:
    """Put the objects with nothing around the client; return the seconds."""
    store = open_location(TO, uploads=THREADS, **options)
    bodies = [b"\n".join(lines[start : start + EVENTS]) + b"\n" for start in range(0, len(lines), EVENTS)]
    waiting: queue.SimpleQueue[tuple[int, bytes] | None] = queue.SimpleQueue()
    metadata = {"events": str(EVENTS), "first": "2026-09-01T12:00:00.123Z", "sha256": "0" * 64}

    def put() -> None:
        while (item := waiting.get()) is not None:
            key = f"internal_model_total_tokens/2026/09/01/12/00/{item[0]:032}.jsonl"
            store.put_if_absent(key, item[1], content_type="application/x-ndjson", metadata=metadata)

    threads = [threading.Thread(target=put) for _ in range(THREADS)]
    store.put_if_absent("warm", b"up", content_type="text/plain", metadata=metadata)
    begun = time.perf_counter()
    for item in enumerate(bodies):
        waiting.put(item)
    for thread in threads:
        waiting.put(None)
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begun


def shipped(lines: Sequence[bytes], options: dict[str, Any], how: str, folder: Path) -> float:
    """Give the lines to a shipper as a source does; return the seconds until all are delivered."""
    if how != "memory":
        options |= {"spool": folder / "spool", "spool_strength": how}
    shipper = open_shipper(ShippingConfig.of({"to": TO, "uploads": THREADS, "prefix": "data-api", **options}))
    shipper.put(lines[:EVENTS])
    shipper.flush(30.0)
    begun = time.perf_counter()
    for start in range(0, len(lines), 1000):
        shipper.put(lines[start : start + 1000])
    shipper.flush(600.0)
    taken = time.perf_counter() - begun
    snapshot = shipper.close()
    if snapshot.delivered != len(lines) + EVENTS:
        raise RuntimeError(f"not everything was delivered: {snapshot}")
    return taken


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.shipping.upload")
    parser.add_argument("--client", choices=("boto3", "obstore"), required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--how", choices=("bare", "memory", "sealed", "every-event"), required=True)
    parser.add_argument("--objects", type=int, default=4_000)
    chosen = parser.parse_args()
    lines = [event_line(1, number).encode() for number in range(chosen.objects * EVENTS)]
    options = {"client": chosen.client, "endpoint_url": chosen.endpoint}
    before = time.process_time()
    taken = bare(lines, options) if chosen.how == "bare" else shipped(lines, options, chosen.how, chosen.folder)
    cpu = time.process_time() - before
    sys.stdout.write(
        json.dumps({"objects_per_s": chosen.objects / taken, "cpu_ms": cpu * 1000 / chosen.objects}) + "\n"
    )


if __name__ == "__main__":
    main()
