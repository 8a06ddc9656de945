"""What of shipping outlives the process: journals, sealed batches, positions, refused lines."""

from __future__ import annotations

from usagelake.shipping.spool.folder import Spool, SpoolFullError

__all__ = ["Spool", "SpoolFullError"]
