"""Serve until standard input ends, or on SIGTERM.

Usage: python -m tests.fakes.s3_server --port-file FILE [--folder DIR] [--faults JSON] [--seed N]
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from tests.fakes.s3_server.faults import Faults
from tests.fakes.s3_server.server import S3Server


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.s3_server", description=__doc__.partition("\n")[0])
    parser.add_argument("--port-file", type=Path, required=True, help="where to write the port, once it is open")
    parser.add_argument("--folder", type=Path, help="where to keep the journal and the bodies")
    parser.add_argument("--faults", default="{}", help='such as {"rates": {"slow_down": 0.1}}')
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with S3Server(Faults.from_json(chosen.faults), seed=chosen.seed, folder=chosen.folder) as server:
        unfinished = chosen.port_file.with_suffix(".new")
        unfinished.write_text(str(server.port), encoding="utf-8")
        unfinished.replace(chosen.port_file)
        while os.read(0, 4096):
            pass


if __name__ == "__main__":
    main()
