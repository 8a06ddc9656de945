"""Values for a prepared statement."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usagelake.engines.sql_file import SqlFile


def prepared_values(file: SqlFile, values: Mapping[str, object] | None) -> dict[str, object]:
    """Complete the values of a statement's parameters by their defaults.

    Args:
        file: The statement.
        values: Python values of the declared types; an instant with a zone is converted to UTC.

    Returns:
        A value for each parameter; instants are UTC without a zone, as all instants in the lake are.

    Raises:
        ConfigurationError: A value is missing or belongs to no parameter; every fault is named.
    """
    given = dict(values or {})
    faults = [
        f"{file.kind}/{file.name}: there is no parameter {name}" for name in sorted(given.keys() - file.params.keys())
    ]
    faults += [
        f"{file.kind}/{file.name}: parameter {name} ({parameter.type}) has no value"
        for name, parameter in file.params.items()
        if name not in given and not parameter.optional
    ]
    if faults:
        raise ConfigurationError(faults)
    return {name: _in_utc(given.get(name, parameter.default)) for name, parameter in file.params.items()}


def _in_utc(value: object) -> object:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value
