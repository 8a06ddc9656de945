"""moto's S3 as a server on loopback, empty whenever it is started."""

from __future__ import annotations

import logging
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


@contextmanager
def moto_s3() -> Iterator[str]:
    """Run the server and give its address; its state is the process's, so what others left is cleared first."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        with urllib.request.urlopen(urllib.request.Request(f"{address}/moto-api/reset", method="POST")) as answer:  # noqa: S310
            assert answer.status == 200
        yield address
    finally:
        server.stop()


def keys_that_mean_nothing(folder: Path) -> Mapping[str, str]:
    """Give the environment in which the SDK finds keys, and nothing of this machine's own configuration."""
    return {
        "AWS_ACCESS_KEY_ID": "test-key",
        "AWS_SECRET_ACCESS_KEY": "test-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(folder / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-credentials"),
        "NO_PROXY": "*",
    }
