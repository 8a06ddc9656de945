"""Where objects lie: one small protocol, and local folders and S3 behind it."""

from __future__ import annotations

from usagelake.storage.local import LocalFolder
from usagelake.storage.locations import open_location
from usagelake.storage.protocol import ObjectInfo, PutOutcome, Storage

__all__ = ["LocalFolder", "ObjectInfo", "PutOutcome", "Storage", "open_location"]
