"""`python -m tests.conformance.run`: the conformance tests, on a Trino that they fetch and start.

Exits 0 when the engines agree, 77 when Trino cannot be had on this machine and nothing was compared, anything else
when something is wrong. More arguments go to pytest.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.conformance.trino_server import RELEASE, UnavailableError, fetch, java

NOT_RUN = 77


def main() -> int:
    """Fetch, then run."""
    try:
        fetch()
        java()
    except UnavailableError as missing:
        sys.stderr.write(f"CONFORMANCE HAS NOT RUN: Trino {RELEASE} cannot be had here: {missing}\n")
        return NOT_RUN
    return int(pytest.main([str(Path(__file__).parent), *sys.argv[1:]]))


if __name__ == "__main__":
    sys.exit(main())
