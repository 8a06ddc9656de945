"""The TOML file that says where a lake is, for every engine that has one."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, TypeVar

from usagelake.domain.toml_table import FloatLiteral, Table
from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_Config = TypeVar("_Config")


def read_config_file(path: Path, read: Callable[[Table], _Config]) -> _Config:
    """Read a file.

    Args:
        path: The file.
        read: Reads its one table, and notes what is wrong with it.

    Raises:
        ConfigurationError: It cannot be read, or every fault that was noted.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=FloatLiteral)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: is no TOML: {error}") from error
    faults: list[str] = []
    config = read(Table(values, str(path), faults))
    if faults:
        raise ConfigurationError(faults)
    return config
