"""Where an environment's lake is, asked of Glue; and whether its workgroup is what it must be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from usagelake.domain.environment import LakePlaces, database_of
from usagelake.engines.athena.calls import code_of, message_of, open_clients
from usagelake.engines.athena.pace import Pace
from usagelake.errors import ConfigurationError, EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usagelake.engines.athena.calls import Clients

_NOT_THERE = "EntityNotFoundException"


def read_places(environment: str, *, pace: Pace | None = None) -> LakePlaces:
    """Ask Glue where an environment's lake is.

    Args:
        environment: Its name, such as `prod`.
        pace: How calls are tried again.

    Raises:
        ConfigurationError: There is no such environment in this account and region, or it says too little.
        EngineError: Glue cannot be asked.
    """
    database = database_of(environment)
    found = database_called(open_clients(None, pace or Pace()), database)
    return LakePlaces.from_parameters(database, found.get("LocationUri"), found.get("Parameters") or {})


def database_called(clients: Clients, name: str) -> Mapping[str, Any]:
    """Give what Glue says of a database.

    Raises:
        ConfigurationError: It is not there.
        EngineError: Glue cannot be asked.
    """
    what = f"the Glue database {name}"
    try:
        return clients.call(what, lambda: clients.glue.get_database(Name=name))["Database"]
    except ClientError as error:
        if code_of(error) == _NOT_THERE:
            raise ConfigurationError(
                f"{what} is not in {clients.glue.meta.region_name} of this account; "
                "name another environment, account or region, or deploy the environment's data stack"
            ) from error
        raise EngineError(f"{what}: {message_of(error)} ({code_of(error)})") from error


@dataclass(frozen=True, slots=True)
class Workgroup:
    """A workgroup that may be used.

    Attributes:
        version: The engine and its version, as evidence names it: `athena 3`.
        asked_at: When that was asked, by AWS's clock.
    """

    version: str
    asked_at: datetime


def workgroup_called(clients: Clients, name: str) -> Workgroup:
    """Look whether a workgroup is there, enabled, and enforces its configuration.

    Raises:
        ConfigurationError: It is not.
        EngineError: Athena cannot be asked.
    """
    what = f"the Athena workgroup {name}"
    try:
        answer = clients.call(what, lambda: clients.athena.get_work_group(WorkGroup=name))
    except ClientError as error:
        raise ConfigurationError(
            f"{what} cannot be used: {message_of(error)}; name another, or deploy the environment's analytics stack"
        ) from error
    group: dict[str, Any] = dict(answer["WorkGroup"])
    configuration = dict(group.get("Configuration") or {})
    faults = []
    if group.get("State", "ENABLED") != "ENABLED":
        faults.append(f"{what} is disabled; enable it")
    if not configuration.get("EnforceWorkGroupConfiguration"):
        faults.append(
            f"{what} does not enforce its configuration, so that results might lie anywhere and unencrypted; "
            "set EnforceWorkGroupConfiguration"
        )
    managed = dict(configuration.get("ManagedQueryResultsConfiguration") or {}).get("Enabled")
    if not managed and not dict(configuration.get("ResultConfiguration") or {}).get("OutputLocation"):
        faults.append(f"{what} does not say where results go; set its OutputLocation")
    if faults:
        raise ConfigurationError(faults)
    said = dict(configuration.get("EngineVersion") or {})
    number = re.search(r"\d+", str(said.get("EffectiveEngineVersion") or said.get("SelectedEngineVersion") or ""))
    return Workgroup(f"athena {number[0] if number else 'unknown'}", _answered_at(dict(answer["ResponseMetadata"])))


def _answered_at(meta: Mapping[str, Any]) -> datetime:
    """Tell AWS's time from an answer's headers; a machine's own clock may be wrong by minutes."""
    try:
        return parsedate_to_datetime(str(meta.get("HTTPHeaders", {}).get("date", "")))
    except ValueError:
        return datetime.now(UTC)
