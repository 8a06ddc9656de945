"""Where an environment's lake is: what its Glue database says of itself.

The database `usage_<environment>` is the one place that says it. The CDK app writes its location and parameters; the
command line and the Lambda functions read them with one call. What stands here is both directions, and no call.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

LANDING: Final = "usagelake.landing"
"""The parameter that names the landing, `s3://bucket`."""

PREFIXES: Final = "usagelake.prefixes"
"""The parameter that lists the landing's prefixes, commas between."""

FIRST_HOUR: Final = "usagelake.first_hour"
"""The parameter that names the first hour that the landing may hold, `YYYY/MM/DD/HH`."""

WORKGROUP: Final = "usagelake.workgroup"
"""The parameter that names the Athena workgroup."""

WORK: Final = "usagelake.work"
"""The parameter that names where a run puts what need not last, `s3://bucket/prefix`; it expires by itself."""

PRICING: Final = "usagelake.pricing"
"""The parameter that names where `price_book.toml` and `customers.csv` lie, `s3://bucket/prefix`."""

DRAFTS: Final = "usagelake.drafts"
"""The parameter that names where drafts of invoices are put, `s3://bucket/prefix`."""

_ENVIRONMENT: Final = re.compile(r"[a-z0-9]{1,16}")
_PLACE: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/\s]+)*")
_HOUR: Final = re.compile(r"[0-9]{4}/(0[1-9]|1[0-2])/(0[1-9]|[12][0-9]|3[01])/([01][0-9]|2[0-3])")
_PREFIX: Final = re.compile(r"[^/,\s]+(/[^/,\s]+)*")
_GROUP: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")


def database_of(environment: str) -> str:
    """Name the Glue database of an environment.

    Raises:
        ConfigurationError: It is no environment's name.

    Example:
        >>> database_of("prod")
        'usage_prod'
    """
    if not _ENVIRONMENT.fullmatch(environment):
        raise ConfigurationError(
            f"{environment!r} is no environment: its name is up to 16 lower-case letters and digits, such as prod"
        )
    return f"usage_{environment}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LakePlaces:
    """Where an environment's lake is. Places are `s3://bucket` or `s3://bucket/prefix`, without a `/` at the end.

    Attributes:
        database: The Glue database.
        tables: Where its Iceberg tables lie, each in a folder of its name: the database's location.
        landing: The landing bucket.
        prefixes: The landing's prefixes.
        first_hour: The first hour that the landing may hold, `YYYY/MM/DD/HH`.
        workgroup: The Athena workgroup.
        work: Where a run puts what need not last.
        pricing: Where `price_book.toml` and `customers.csv` lie.
        drafts: Where drafts of invoices are put.
    """

    database: str
    tables: str
    landing: str
    prefixes: tuple[str, ...]
    first_hour: str
    workgroup: str
    work: str
    pricing: str
    drafts: str

    def to_parameters(self) -> dict[str, str]:
        """Give the database's parameters; its location is `tables`."""
        return {
            LANDING: self.landing,
            PREFIXES: ",".join(self.prefixes),
            FIRST_HOUR: self.first_hour,
            WORKGROUP: self.workgroup,
            WORK: self.work,
            PRICING: self.pricing,
            DRAFTS: self.drafts,
        }

    @classmethod
    def from_parameters(cls, database: str, location_uri: str | None, parameters: Mapping[str, str]) -> LakePlaces:
        """Read what a Glue database says.

        Args:
            database: Its name.
            location_uri: Its location.
            parameters: Its parameters; what is not of usagelake is let be.

        Raises:
            ConfigurationError: Something is missing or is not what it must be; every fault is named.

        Example:
            >>> LakePlaces.from_parameters("usage_prod", None, {})  # doctest: +ELLIPSIS
            Traceback (most recent call last):
            ...
            usagelake.errors.ConfigurationError: the Glue database usage_prod says nothing of usagelake: ...
        """
        if not any(name in parameters for name in (LANDING, PREFIXES, FIRST_HOUR, WORKGROUP, WORK, PRICING, DRAFTS)):
            raise ConfigurationError(
                f"the Glue database {database} says nothing of usagelake: it has no parameter {WORKGROUP}, for one; "
                "deploy the environment's data stack"
            )
        found = _Parameters(database, parameters)
        places = cls(
            database=database,
            tables=found.checked("its location", location_uri, _PLACE, "s3://bucket/tables").rstrip("/"),
            landing=found.place(LANDING, "s3://bucket"),
            prefixes=found.prefixes(),
            first_hour=found.one(FIRST_HOUR, _HOUR, "2026/01/01/00"),
            workgroup=found.one(WORKGROUP, _GROUP, "usage-prod-pipeline"),
            work=found.place(WORK, "s3://bucket/work"),
            pricing=found.place(PRICING, "s3://bucket/pricing"),
            drafts=found.place(DRAFTS, "s3://bucket/drafts"),
        )
        if found.faults:
            raise ConfigurationError(found.faults)
        return places


class _Parameters:
    """A database's parameters as they are read, with the faults that are found."""

    def __init__(self, database: str, parameters: Mapping[str, str]) -> None:
        self.faults: list[str] = []
        self._database = database
        self._parameters = parameters

    def checked(self, what: str, value: str | None, form: re.Pattern[str], example: str) -> str:
        if value is None:
            self._fault(f"{what} is missing; give one such as {example}")
            return ""
        if not form.fullmatch(value.rstrip("/")):
            self._fault(f"{what} is {value!r}; give one such as {example}")
        return value

    def one(self, name: str, form: re.Pattern[str], example: str) -> str:
        return self.checked(name, self._parameters.get(name), form, example)

    def place(self, name: str, example: str) -> str:
        return self.one(name, _PLACE, example).rstrip("/")

    def prefixes(self) -> tuple[str, ...]:
        value = self._parameters.get(PREFIXES)
        parts = tuple(part.strip() for part in (value or "").split(","))
        if value is None or not all(_PREFIX.fullmatch(part) for part in parts):
            self._fault(f"{PREFIXES} is {value!r}; list folders of the landing, such as apigw_access,tokens")
        elif len(set(parts)) < len(parts):
            self._fault(f"{PREFIXES} is {value!r}; name each folder once")
        return parts

    def _fault(self, message: str) -> None:
        self.faults.append(f"the Glue database {self._database}: {message}")
