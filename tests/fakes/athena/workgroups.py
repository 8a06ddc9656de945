"""Workgroups: where results go, who decides it, and how much a statement may scan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.fakes.athena.errors import invalid

ENGINE = {"SelectedEngineVersion": "Athena engine version 3", "EffectiveEngineVersion": "Athena engine version 3"}


@dataclass(slots=True)
class Workgroup:
    """A workgroup, as it was made."""

    name: str
    configuration: dict[str, Any]
    description: str
    made: datetime

    @property
    def enforced(self) -> bool:
        """Whether its own settings override the client's."""
        return bool(self.configuration.get("EnforceWorkGroupConfiguration", True))

    @property
    def output(self) -> str | None:
        """Where its results go."""
        found: str | None = (self.configuration.get("ResultConfiguration") or {}).get("OutputLocation")
        return found

    @property
    def cutoff(self) -> int | None:
        """How many bytes a statement may scan."""
        found: int | None = self.configuration.get("BytesScannedCutoffPerQuery")
        return found

    def told(self) -> dict[str, Any]:
        """Write it as GetWorkGroup does."""
        configuration = {
            "ResultConfiguration": {},
            "EnforceWorkGroupConfiguration": self.enforced,
            "PublishCloudWatchMetricsEnabled": False,
            "RequesterPaysEnabled": False,
            "EngineVersion": ENGINE,
            **self.configuration,
        }
        return {
            "Name": self.name,
            "State": "ENABLED",
            "Configuration": configuration,
            "Description": self.description,
            "CreationTime": self.made.timestamp(),
        }


class Workgroups:
    """All workgroups; `primary` is always there."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Leave `primary` alone."""
        primary = Workgroup("primary", {"EnforceWorkGroupConfiguration": False}, "", datetime.now(UTC))
        self._all = {primary.name: primary}

    def create(self, request: dict[str, Any]) -> None:
        """Make one.

        Raises:
            ApiError: Its name is taken.
        """
        name = request["Name"]
        if name in self._all:
            raise invalid(f"WorkGroup {name} is already created")
        configuration = request.get("Configuration") or {}
        self._all[name] = Workgroup(name, configuration, request.get("Description", ""), datetime.now(UTC))

    def delete(self, name: str) -> None:
        """Remove one."""
        self.get(name)
        del self._all[name]

    def get(self, name: str) -> Workgroup:
        """Look one up.

        Raises:
            ApiError: There is none.
        """
        if name not in self._all:
            raise invalid(f"WorkGroup {name} is not found.")
        return self._all[name]

    def all(self) -> list[Workgroup]:
        """Give all of them."""
        return list(self._all.values())

    def output_of(self, workgroup: Workgroup, asked: str | None) -> str:
        """Tell where a statement's result goes.

        Raises:
            ApiError: Nobody says it.
        """
        place = workgroup.output if workgroup.enforced and workgroup.output else asked or workgroup.output
        if not place:
            raise invalid(
                "No output location provided. An output location is required either through the Workgroup result "
                "configuration setting or as an API input."
            )
        if not place.startswith("s3://"):
            raise invalid(f"outputLocation is not a valid S3 path: {place}")
        return place
