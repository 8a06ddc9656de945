"""Serve until standard input ends, or on SIGTERM.

Usage: python -m tests.fakes.athena --port-file FILE [--port N] [--aws-port N]
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import threading
from pathlib import Path

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from tests.fakes.athena.catalog import Catalog
from tests.fakes.athena.objects import Objects
from tests.fakes.athena.operations import Operations
from tests.fakes.athena.process import KEYS, REGION
from tests.fakes.athena.server import AthenaServer


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.athena", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--port-file", type=Path, required=True, help="where to write the addresses, once they are open"
    )
    parser.add_argument("--port", type=int, default=0, help="Athena's port; 0 takes a free one")
    parser.add_argument("--aws-port", type=int, default=0, help="the port of S3 and Glue; 0 takes a free one")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=chosen.aws_port, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    aws = f"http://{host}:{port}"
    config = Config(max_pool_connections=50, retries={"total_max_attempts": 2})
    session = boto3.Session(*KEYS, region_name=REGION)
    glue = session.client("glue", endpoint_url=aws, config=config)
    s3 = session.client("s3", endpoint_url=aws, config=config)
    server = AthenaServer(Operations(Catalog(glue), Objects(s3)), aws, chosen.port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    unfinished = chosen.port_file.with_suffix(".new")
    unfinished.write_text(
        json.dumps({"athena": f"http://127.0.0.1:{server.server_port}", "aws": aws}), encoding="utf-8"
    )
    unfinished.replace(chosen.port_file)
    while os.read(0, 4096):
        pass
    os._exit(0)  # DuckDB's binding tells of what threads still hold when the interpreter ends


if __name__ == "__main__":
    main()
