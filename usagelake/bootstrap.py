"""The one place where engines and stores are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.engines.duckdb import DuckDBEngine
from usagelake.engines.packaged import packaged_folder
from usagelake.errors import ConfigurationError
from usagelake.storage import open_location

if TYPE_CHECKING:
    from pathlib import Path

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


def open_storage(location: str, *, endpoint_url: str | None = None) -> Storage:
    """Open the landing that a user names.

    Args:
        location: A folder of this machine, or `s3://bucket/prefix`, which is opened with the AWS SDK's own
            configuration.
        endpoint_url: Of an S3 store that is not AWS's own; otherwise the SDK's configuration says which.

    Raises:
        ConfigurationError: It is no place that can be opened.
    """
    if not location:
        raise ConfigurationError("--landing is empty; name the folder of landing objects, or s3://bucket/prefix")
    try:
        return open_location(location, endpoint_url=endpoint_url)
    except ConfigurationError as error:
        raise ConfigurationError([f"--landing {fault}" for fault in error.faults]) from error


def example_pricing() -> Path:
    """Tell where the example price book and customers lie."""
    return packaged_folder("pricing")
