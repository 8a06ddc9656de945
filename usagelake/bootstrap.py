"""The one place where engines and stores are chosen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from usagelake.engines.duckdb import DuckDBEngine
from usagelake.engines.packaged import packaged_folder
from usagelake.errors import ConfigurationError
from usagelake.storage import LocalFolder

if TYPE_CHECKING:
    from usagelake.engines import QueryLibrary
    from usagelake.settings import Settings
    from usagelake.storage import Storage


def open_engine(
    queries: QueryLibrary, settings: Settings, lake: Path | None, *, read_only: bool = False
) -> DuckDBEngine:
    """Open the engine, with the views that the queries read.

    Args:
        queries: Whose views it is to have.
        settings: What the environment decides.
        lake: The lake's folder; None for a temporary lake.
        read_only: Open an existing lake for queries alone.

    Raises:
        EngineError: It cannot be opened.
        ConfigurationError: A view cannot be carried to the engine.
    """
    engine = (
        DuckDBEngine(lake, read_only=read_only)
        if settings.memory_limit is None
        else DuckDBEngine(lake, read_only=read_only, memory_limit=settings.memory_limit)
    )
    try:
        for view in queries.views():
            engine.define_view(view)
    except BaseException:
        engine.close()
        raise
    return engine


def open_storage(location: str) -> Storage:
    """Open the place that a user names.

    Args:
        location: A folder of this machine.

    Raises:
        ConfigurationError: It is no place that can be opened.
    """
    if not location:
        raise ConfigurationError("--landing is empty; name the folder of landing objects")
    scheme, separator, _ = location.partition("://")
    if separator and scheme != "file":
        raise ConfigurationError(f"{location}: only folders of this machine can be read; copy the objects to one")
    folder = Path(location.removeprefix("file://"))
    if not folder.is_dir():
        raise ConfigurationError(f"{folder}: there is no such folder; --landing names the folder of landing objects")
    return LocalFolder(folder)


def example_pricing() -> Path:
    """Tell where the example price book and customers lie."""
    return packaged_folder("pricing")
