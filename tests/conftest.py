"""What all tests share: hypothesis judges what is right, and never how long it took."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("usagelake", deadline=None)
settings.load_profile("usagelake")
