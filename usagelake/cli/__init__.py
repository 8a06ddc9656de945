"""The command line: `usagelake`."""

from __future__ import annotations

from usagelake.cli.app import main

__all__ = ["main"]
