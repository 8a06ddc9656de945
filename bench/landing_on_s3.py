"""`python -m bench.landing_on_s3`: objects of a landing on S3, fetched one by one and side by side.

The store is a server on loopback that answers each request after 20 ms, about what S3 takes for a small object. Each
way is run three times, in turns; objects a second are told as medians, and what a way is to the first one.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from usagelake.engines.staging import fetching, stage
from usagelake.storage import ObjectInfo, open_location

ANSWERS_AFTER_S: Final = 0.02
ROUNDS: Final = 3
WAYS: Final = ((1, "boto3"), (16, "boto3"), (16, "obstore"))
BODY: Final = (
    b'{"id":"a","timestamp":"2025-10-05T12:00:00Z","event_type":"t","properties":{"usage":5,"resource_id":"db1"}}\n'
    * 50
)


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with the body, late."""
        time.sleep(ANSWERS_AFTER_S)
        head = f'HTTP/1.1 200 OK\r\nContent-Length: {len(BODY)}\r\nETag: "x"\r\n\r\n'.encode()
        self.wfile.write(head + BODY)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _objects_per_second(url: str, count: int, threads: int, client: str) -> float:
    fetching.THREADS = threads  # type: ignore[misc]
    store = open_location("s3://landing", endpoint_url=url, uploads=16, client=client)  # type: ignore[arg-type]
    objects = [ObjectInfo(f"tokens/2025/10/05/12/00/{number}.jsonl", len(BODY), "x") for number in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        staged = stage(store, objects, Path(folder))
        assert len(staged.rows) == count
        return count / (time.perf_counter() - began)


def main() -> None:
    """Measure, and print a table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ[name] = "testing"
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    rates: dict[tuple[int, str], list[float]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for threads, client in WAYS:
            rates[threads, client].append(_objects_per_second(url, count, threads, client))
    server.shutdown()
    first = statistics.median(rates[WAYS[0]])
    for (threads, client), found in rates.items():
        median = statistics.median(found)
        print(f"{client}, {threads} at a time: {median:.0f} objects/s, {median / first:.1f}x")


if __name__ == "__main__":
    main()
