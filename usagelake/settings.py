"""Settings from the environment, read once at the edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SWITCH = {"": False, "0": False, "off": False, "false": False, "1": True, "on": True, "true": True}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment decides.

    Attributes:
        memory_limit: `USAGELAKE_MEMORY_LIMIT`: what DuckDB may hold in memory, as DuckDB writes it
            (`512MB`); None leaves it to the engine.
        keep_source_ip: `USAGELAKE_KEEP_SOURCE_IP`: keep callers' addresses, truncated to /24 or /48.
    """

    memory_limit: str | None = None
    keep_source_ip: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings.

        Raises:
            ConfigurationError: A variable holds what it cannot hold.
        """
        switch = environment.get("USAGELAKE_KEEP_SOURCE_IP", "").strip().lower()
        if switch not in _SWITCH:
            raise ConfigurationError(f"USAGELAKE_KEEP_SOURCE_IP is {switch!r}; set it to on or off")
        return cls(memory_limit=environment.get("USAGELAKE_MEMORY_LIMIT") or None, keep_source_ip=_SWITCH[switch])
