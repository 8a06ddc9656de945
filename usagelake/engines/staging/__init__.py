"""Landing objects made ready for an engine: read once, in plain Python, without any engine's own library."""

from __future__ import annotations

from usagelake.engines.staging.objects import NO_FAULT, Staged, batches, names_folder, stage

__all__ = ["NO_FAULT", "Staged", "batches", "names_folder", "stage"]
