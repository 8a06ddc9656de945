"""Where landing objects lie: one small protocol, and a local folder behind it."""

from __future__ import annotations

from usagelake.storage.local import LocalFolder
from usagelake.storage.protocol import ObjectInfo, Storage

__all__ = ["LocalFolder", "ObjectInfo", "Storage"]
