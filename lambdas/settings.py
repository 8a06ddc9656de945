"""What a function's environment decides, read once when it is first called."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from usagelake.errors import ConfigurationError
from usagelake.services.schedules import LATE, OVERLAP, SWEEP
from usagelake.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST = 3660


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """What a function is told.

    Attributes:
        environment: `USAGELAKE_ENVIRONMENT`: whose lake it works on, such as `prod`.
        library: What the library reads of the environment.
        overlap: `USAGELAKE_OVERLAP_HOURS`: how far an hourly run looks back.
        sweep: `USAGELAKE_SWEEP_DAYS`: how far a sweep looks back.
        late: `USAGELAKE_LATE_DAYS`: for how long a period that is over has drafts.
    """

    environment: str
    library: Settings
    overlap: timedelta = OVERLAP
    sweep: timedelta = SWEEP
    late: timedelta = LATE

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> FunctionSettings:
        """Read them.

        Raises:
            ConfigurationError: A variable is missing or holds what it cannot hold; every fault is named.
        """
        faults: list[str] = []
        name = environment.get("USAGELAKE_ENVIRONMENT", "")
        if not name:
            faults.append("USAGELAKE_ENVIRONMENT is not set; set it to the environment's name, such as prod")
        hours, sweep, late = (
            _whole(environment, variable, default, faults)
            for variable, default in (
                ("USAGELAKE_OVERLAP_HOURS", OVERLAP // timedelta(hours=1)),
                ("USAGELAKE_SWEEP_DAYS", SWEEP.days),
                ("USAGELAKE_LATE_DAYS", LATE.days),
            )
        )
        try:
            library = Settings.from_environment(environment)
        except ConfigurationError as error:
            faults.extend(error.faults)
            library = Settings()
        if faults:
            raise ConfigurationError(faults)
        return cls(name, library, timedelta(hours=hours), timedelta(days=sweep), timedelta(days=late))


@functools.cache
def function_settings() -> FunctionSettings:
    """Give this function's settings; they are read by its first call, and not when it is imported."""
    return FunctionSettings.read(os.environ)


def _whole(environment: Mapping[str, str], variable: str, default: int, faults: list[str]) -> int:
    text = environment.get(variable, str(default))
    if text.isascii() and text.isdigit() and 0 < int(text) <= _LONGEST:
        return int(text)
    faults.append(f"{variable} is {text!r}; give a whole number from 1 to {_LONGEST}")
    return default
