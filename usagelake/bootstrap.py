"""The one place where engines and stores are chosen."""

from __future__ import annotations

import os
import platform
import secrets
from typing import TYPE_CHECKING, Literal, TypeAlias

from usagelake.engines.packaged import packaged_folder
from usagelake.errors import ConfigurationError
from usagelake.storage import open_location

if TYPE_CHECKING:
    from pathlib import Path

    from usagelake.domain.environment import LakePlaces
    from usagelake.engines import QueryLibrary
    from usagelake.engines.athena import AthenaEngine, Pace, Run
    from usagelake.engines.duckdb import DuckDBEngine
    from usagelake.engines.trino import TrinoEngine
    from usagelake.settings import Settings
    from usagelake.storage import Storage


AT_ONCE = 16
"""How many requests to a landing on S3 may be under way at once."""

EngineName: TypeAlias = Literal["duckdb", "trino", "athena"]
OpenEngine: TypeAlias = "DuckDBEngine | TrinoEngine | AthenaEngine"

_ENVIRONMENT_IS_ATHENAS = "--env names an environment of AWS; it goes with --engine athena"


def open_engine(
    queries: QueryLibrary,
    settings: Settings,
    lake: Path | None,
    *,
    read_only: bool = False,
    engine: EngineName = "duckdb",
    engine_config: Path | None = None,
    places: LakePlaces | None = None,
    run: Run | None = None,
    pace: Pace | None = None,
) -> OpenEngine:
    """Open an engine, with the views that the queries read.

    Args:
        queries: Whose views it is to have.
        settings: What the environment decides.
        lake: The lake's folder on DuckDB; None for a temporary lake.
        read_only: Open an existing lake for queries alone.
        engine: Which engine.
        engine_config: Where the lake is on another engine than DuckDB.
        places: Where an environment's lake is, in the stead of a file, for Athena.
        run: Who works on it, for Athena; None for somebody new.
        pace: How long Athena is waited for; None for its own measure.

    Raises:
        EngineError: It cannot be opened.
        ConfigurationError: The choice or its configuration is wrong, or a view cannot be carried to the engine.
    """
    opened: OpenEngine
    if engine == "athena":
        _refuse_lake(lake, engine, places_or_file="--env or --engine-config")
        opened = _open_athena(engine_config, places, run, pace, read_only=read_only)
    elif places is not None:
        raise ConfigurationError(_ENVIRONMENT_IS_ATHENAS)
    elif engine == "trino":
        _refuse_lake(lake, engine, places_or_file="--engine-config")
        opened = _open_trino(engine_config, read_only=read_only)
    else:
        opened = _open_duckdb(settings, lake, engine_config, read_only=read_only)
    try:
        for view in queries.views():
            opened.define_view(view)
    except BaseException:
        opened.close()
        raise
    return opened


def _refuse_lake(lake: Path | None, engine: EngineName, *, places_or_file: str) -> None:
    if lake is not None:
        raise ConfigurationError(f"--lake is a folder for DuckDB; on {engine}, {places_or_file} says where the lake is")


def _open_duckdb(settings: Settings, lake: Path | None, engine_config: Path | None, *, read_only: bool) -> DuckDBEngine:
    if engine_config is not None:
        raise ConfigurationError("--engine-config is for an engine other than duckdb; name it with --engine")
    from usagelake.engines.duckdb import DuckDBEngine  # noqa: PLC0415 (a Lambda function does without DuckDB)

    if settings.memory_limit is None:
        return DuckDBEngine(lake, read_only=read_only)
    return DuckDBEngine(lake, read_only=read_only, memory_limit=settings.memory_limit)


def _this_process() -> str:
    return f"process {os.getpid()} of {platform.node() or 'a host without a name'}"


def _open_trino(engine_config: Path | None, *, read_only: bool) -> TrinoEngine:
    if engine_config is None:
        raise ConfigurationError("--engine trino needs --engine-config FILE, which says where the lake is")
    from usagelake.engines.trino import TrinoEngine, load_config  # noqa: PLC0415 (whose client is an extra)

    return TrinoEngine(load_config(engine_config), owner=_this_process(), read_only=read_only)


def _open_athena(
    engine_config: Path | None, places: LakePlaces | None, run: Run | None, pace: Pace | None, *, read_only: bool
) -> AthenaEngine:
    if (engine_config is None) == (places is None):
        raise ConfigurationError(
            "--engine athena needs --env NAME or --engine-config FILE, and not both: either says where the lake is"
        )
    try:
        from usagelake.engines import athena  # noqa: PLC0415 (whose clients are extras)
    except ModuleNotFoundError as error:
        raise _no_athena(error) from error
    if places is not None:
        config = athena.AthenaConfig.of(places)
    else:
        assert engine_config is not None
        config = athena.load_config(engine_config)
    if run is None:
        once = secrets.token_hex(8)
        run = athena.Run(athena.RunIdentity("command line", once, "1"), once[:8])
    return athena.AthenaEngine(config, run, read_only=read_only, pace=pace)


def _no_athena(error: ModuleNotFoundError) -> ConfigurationError:
    return ConfigurationError(f'the engine athena needs the package {error.name}: pip install "usagelake[athena]"')


def environment_places(environment: str | None, engine: EngineName) -> LakePlaces | None:
    """Ask AWS where an environment's lake is.

    Args:
        environment: Its name, such as `prod`; None: nobody names one.
        engine: Which engine is to work on it.

    Raises:
        ConfigurationError: There is no such environment in this account and region, it says too little, or the engine
            works on none.
        EngineError: AWS cannot be asked.
    """
    if environment is None:
        return None
    if engine != "athena":
        raise ConfigurationError(_ENVIRONMENT_IS_ATHENAS)
    try:
        from usagelake.engines import athena  # noqa: PLC0415 (whose clients are extras)
    except ModuleNotFoundError as error:
        raise _no_athena(error) from error
    return athena.read_places(environment)


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
        return open_location(location, endpoint_url=endpoint_url, uploads=AT_ONCE)
    except ConfigurationError as error:
        raise ConfigurationError([f"--landing {fault}" for fault in error.faults]) from error


def open_pricing(location: str) -> Storage:
    """Open the place of a price book and a customers file.

    Args:
        location: A folder of this machine, or `s3://bucket/prefix`, which is opened with the AWS SDK's own
            configuration.

    Raises:
        ConfigurationError: It is no place that can be opened.
    """
    if not location:
        raise ConfigurationError(
            "--pricing is empty; name a folder that holds price_book.toml and customers.csv, or s3://bucket/prefix"
        )
    try:
        return open_location(location)
    except ConfigurationError as error:
        files = "price_book.toml and customers.csv"
        raise ConfigurationError([f"--pricing {fault} ({files})" for fault in error.faults]) from error


def example_pricing() -> Path:
    """Tell where the example price book and customers lie."""
    return packaged_folder("pricing")
