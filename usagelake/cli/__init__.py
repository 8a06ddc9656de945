"""The command line: `usagelake`."""

from __future__ import annotations

import gc

# A run loads modules and parses SQL, which stay, before it makes any garbage: looking for some at the usual pace took
# an eighth of the start.
gc.set_threshold(100_000)

from usagelake.cli.app import main  # noqa: E402

__all__ = ["main"]
