"""The switches and options that a service's environment gives."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from usagelake.errors import ConfigurationError
from usagelake.shipping.config import ShippingConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "USAGELAKE_BILLING_"
_SWITCHES: Final = {
    "": False, "0": False, "off": False, "false": False, "no": False,
    "1": True, "on": True, "true": True, "yes": True,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Given:
    """What was decided for a handler.

    Attributes:
        emission: Whether the service emits billing events.
        delivery: Whether they are delivered.
        options: The options of `ShippingConfig`.
    """

    emission: bool
    delivery: bool
    options: dict[str, object]


def options_from(arguments: Mapping[str, object], environment: Mapping[str, str] | None = None) -> Given:
    """Join what a handler is given with the environment; an argument that is not None goes first.

    Args:
        arguments: By name: `emission`, `delivery` and the options of `ShippingConfig`.
        environment: `USAGELAKE_BILLING_EMISSION`, `USAGELAKE_BILLING_DELIVERY`, `USAGELAKE_BILLING_TO` and so on; the
            process's own by default.

    Raises:
        ConfigurationError: A switch is neither on nor off.
    """
    variables = os.environ if environment is None else environment
    options: dict[str, object] = {
        field.name: variables[PREFIX + field.name.upper()]
        for field in fields(ShippingConfig)
        if variables.get(PREFIX + field.name.upper())
    }
    switches: dict[str, bool] = {}
    faults = []
    for name in ("emission", "delivery"):
        value = arguments.get(name)
        written = variables.get(PREFIX + name.upper(), "") if value is None else str(value)
        if written.strip().lower() not in _SWITCHES:
            faults.append(f"{PREFIX}{name.upper()} is {written!r}; set it to on or off")
        switches[name] = _SWITCHES.get(written.strip().lower(), False)
    if faults:
        raise ConfigurationError(faults)
    options |= {
        name: value for name, value in arguments.items() if value is not None and name not in ("emission", "delivery")
    }
    return Given(**switches, options=options)
