"""What a shipper is told: where to, in which layout, within which bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from usagelake.errors import ConfigurationError
from usagelake.storage.locations import Client, Credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONTRACT_EVENTS: Final = 50
CONTRACT_BYTES: Final = 2_000_000
"""The limits of an object of one event type (stargate/data-api, issue 2514)."""

_PREFIX: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]*(?:/[A-Za-z0-9][A-Za-z0-9._=-]*)*")
_LONGEST_PREFIX: Final = 100
_CLIENTS: Final = get_args(Client)
_CREDENTIALS: Final = get_args(Credentials)


class SpoolStrength(StrEnum):
    """What outlives this process, where there is a spool."""

    SEALED = "sealed"
    """Sealed batches: what is not sealed yet dies with the process."""

    EVERY_EVENT = "every-event"
    """Each event, before `emit` returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingConfig:
    """The configuration of one shipper; everything has a safe default but the destination.

    Attributes:
        to: Where objects go: a folder, or `s3://bucket[/prefix]`.
        endpoint_url: Another S3 than Amazon's.
        client: What puts objects on S3: `boto3` or `obstore`.
        credentials: `default` is the SDK's own chain; `google` and `azure` exchange that cloud's identity at STS.
        role_arn: The role to assume with `google` or `azure`.
        audience: The audience of Google's identity token.
        prefix: None writes the contract's layout, a folder and an object for each event type. A text writes
            objects of mixed event types below it.
        max_events: Events in an object at most.
        max_bytes: Bytes in an object at most.
        max_age: Seconds after which what waits for its object to fill is sealed.
        buffer_events: Events held in memory at most; further ones are dropped and counted, or wait in `ship`.
        buffer_bytes: Their bytes at most.
        uploads: Uploads in flight at most.
        spool: The folder that outlives the process; None keeps everything in memory.
        spool_strength: What is written there, and when.
        spool_bytes: What the spool may take on disk.
        shutdown_deadline: Seconds that closing may take.
        metrics_interval: Seconds between two calls of the metric sinks.
    """

    to: str
    endpoint_url: str | None = None
    client: Client = "boto3"
    credentials: Credentials = "default"
    role_arn: str | None = None
    audience: str | None = None
    prefix: str | None = None
    max_events: int = CONTRACT_EVENTS
    max_bytes: int = CONTRACT_BYTES
    max_age: float = 10.0
    buffer_events: int = 100_000
    buffer_bytes: int = 64 * 1024 * 1024
    uploads: int = 4
    spool: Path | None = None
    spool_strength: SpoolStrength = SpoolStrength.SEALED
    spool_bytes: int = 10 * 1024 * 1024 * 1024
    shutdown_deadline: float = 10.0
    metrics_interval: float = 60.0

    def __post_init__(self) -> None:
        faults = [*self._wrong_words(), *self._wrong_numbers()]
        if faults:
            raise ConfigurationError(faults)

    @classmethod
    def of(cls, options: Mapping[str, object]) -> ShippingConfig:
        """Make a configuration of what `dictConfig`, the environment or a caller gives; texts are converted.

        Args:
            options: Values by attribute name; one that is None takes the default.

        Raises:
            ConfigurationError: With every option that does not exist or has a value that it cannot have.

        Example:
            >>> ShippingConfig.of({"to": "s3://usage", "max_events": "20"}).max_events
            20
        """
        known = {field.name: str(field.type) for field in fields(cls)}
        faults = [f"{name}: there is no such option; there are {', '.join(known)}" for name in options.keys() - known]
        values: dict[str, object] = {}
        for name, value in options.items():
            if name not in known or value is None:
                continue
            try:
                values[name] = _converted(known[name], value)
            except (TypeError, ValueError):
                faults.append(f"{name} is {value!r}; give {_WANTED.get(known[name].removesuffix(' | None'), 'a text')}")
        if "to" not in values:
            faults.append("to is missing; give the destination, a folder or s3://bucket")
        if faults:
            raise ConfigurationError(sorted(faults))
        return cls(**values)  # type: ignore[arg-type]  # each was converted to its field's type

    def _wrong_words(self) -> Iterator[str]:
        if not self.to:
            yield "to is empty; give the destination, a folder or s3://bucket"
        if self.client not in _CLIENTS:
            yield f"client is {self.client!r}; choose {' or '.join(_CLIENTS)}"
        if self.credentials not in _CREDENTIALS:
            yield f"credentials is {self.credentials!r}; choose {', '.join(_CREDENTIALS)}"
        if self.prefix is not None and (not _PREFIX.fullmatch(self.prefix) or len(self.prefix) > _LONGEST_PREFIX):
            yield (
                f"prefix is {self.prefix!r}; give folders of letters, digits, '.', '_', '=' and '-', "
                f"{_LONGEST_PREFIX} characters at most"
            )
        if self.prefix is not None and "apigw_access" in self.prefix.split("/"):
            yield f"prefix is {self.prefix!r}; what lies below apigw_access is read as access logs: choose another"

    def _wrong_numbers(self) -> Iterator[str]:
        for name in ("max_events", "max_bytes", "buffer_events", "buffer_bytes", "uploads", "spool_bytes"):
            if getattr(self, name) < 1:
                yield f"{name} is {getattr(self, name)}; give 1 or more"
        for name in ("max_age", "metrics_interval"):
            if not getattr(self, name) > 0:
                yield f"{name} is {getattr(self, name)}; give seconds above 0"
        if not self.shutdown_deadline >= 0:
            yield f"shutdown_deadline is {self.shutdown_deadline}; give seconds, 0 or more"


_WANTED: Final = {
    "int": "a whole number",
    "float": "a number of seconds",
    "Path": "a folder",
    "SpoolStrength": " or ".join(SpoolStrength),
}


def _converted(wanted: str, value: object) -> object:
    """Bring a value to the type that an attribute's annotation names.

    Raises:
        TypeError, ValueError: It cannot be.
    """
    wanted = wanted.removesuffix(" | None")
    if isinstance(value, bool):
        raise TypeError
    if wanted == "SpoolStrength":
        return SpoolStrength(str(value))
    if wanted == "Path":
        if value == "":
            raise ValueError
        return Path(value)  # type: ignore[arg-type]
    if wanted == "int":
        if isinstance(value, float) and not value.is_integer():
            raise ValueError
        return int(value)  # type: ignore[call-overload]  # anything else raises what is caught
    if wanted == "float":
        return float(value)  # type: ignore[arg-type]
    if not isinstance(value, str | Path):
        raise TypeError
    return str(value)
