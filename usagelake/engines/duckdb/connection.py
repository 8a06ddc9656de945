"""A DuckDB connection, set up as the project needs it, with its errors in the project's words."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from usagelake.engines.dialect import SESSION_SQL
from usagelake.errors import ConfigurationError, EngineError, LakeBusyError

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = "usage"

MEMORY_LIMIT = "512MB"
"""What DuckDB may hold in memory; the rest is spilled to disk. The process holds some 200 MB more: Python,
the list of objects, and buffers that DuckDB does not count."""

CHECKPOINT_AT = "128MB"
"""How long the write-ahead log may grow before its rows are written where they belong. At DuckDB's default of 16 MB
nearly every batch paid for that again."""

WRITE_AS = {
    "parquet": "FORMAT parquet, COMPRESSION zstd",
    "csv": "FORMAT csv, HEADER",
    "ndjson": "FORMAT json",
}
"""What COPY is told for each format of a file."""


def connect(
    database: Path, *, spill: Path, memory_limit: str = MEMORY_LIMIT, read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    """Open a lake's database.

    Args:
        database: The file; it is made when it does not exist and `read_only` is false.
        spill: A folder for what does not fit into memory.
        memory_limit: What DuckDB may hold in memory, as DuckDB writes it (`512MB`).
        read_only: Open it without the right to change anything in it.

    Raises:
        LakeBusyError: Another process has it open.
        ConfigurationError: The memory limit is written in no way that DuckDB reads.
        EngineError: It cannot be opened.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "temp_directory": str(spill),
        "checkpoint_threshold": CHECKPOINT_AT,
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with engine_errors(f"the lake {database}"):
        if not read_only and not database.exists():
            _make(database, spill.parent)
        try:
            connection = duckdb.connect(str(database), read_only=read_only, config=config)
        except duckdb.ParserException as error:
            raise ConfigurationError(f"the memory limit is {memory_limit!r}; write it like {MEMORY_LIMIT}") from error
        if not read_only:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        connection.execute("SET enable_progress_bar = false")  # it would stand in the standard output
        connection.execute(f"USE {SCHEMA}")
        for statement in SESSION_SQL:
            connection.execute(statement)
    return connection


def _make(database: Path, work: Path) -> None:
    """Make an empty database in one step: a run that ends while DuckDB writes its first pages leaves none.

    Another process may make it at the same time, and then sweep the folder of work: the first one wins.
    """
    work.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=work, ignore_cleanup_errors=True) as folder:
            made = Path(folder) / database.name
            duckdb.connect(str(made)).close()
            _put(made, database)
    except (duckdb.Error, OSError):
        if not database.exists():
            raise


def _put(made: Path, database: Path) -> None:
    """Give a file its name unless there is one of that name."""
    try:
        os.link(made, database)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        made.rename(database)


@contextmanager
def engine_errors(what: str) -> Iterator[None]:
    """Turn DuckDB's errors into the project's.

    Args:
        what: What was done, for the message.

    Raises:
        LakeBusyError: Another process has the lake open.
        EngineError: Anything else that DuckDB raised, with its own reason and what to do about it.
        KeyboardInterrupt: Somebody interrupted the statement.
    """
    try:
        yield
    except duckdb.Error as error:
        reason = str(error).strip()
        if "Could not set lock" in reason:
            raise LakeBusyError(f"{what}: another process has it open; wait for it to end, or stop it") from error
        raise EngineError(f"{what}: {reason}{_advice(error, reason)}") from error
    except RuntimeError as error:  # DuckDB's word for a Ctrl-C while a statement ran
        if "Query interrupted" in str(error):
            raise KeyboardInterrupt from error
        raise


_FULL = ("No space left", "File too large", "Disk quota exceeded", "max_temp_directory_size")
_DAMAGED = ("not a valid DuckDB database file", "Corrupt database file", "Could not read enough bytes")


def _advice(error: duckdb.Error, reason: str) -> str:
    if any(sign in reason for sign in _FULL):
        return "\nThe disk is full: nothing of this batch was kept. Make room and run again."
    if isinstance(error, duckdb.OutOfMemoryException):
        return "\nSet USAGELAKE_MEMORY_LIMIT to more than its default of " + MEMORY_LIMIT + " and run again."
    if any(sign in reason for sign in _DAMAGED):
        return (
            "\nThe lake is damaged: move it away and run `usagelake bill` again, which makes it anew from the landing."
        )
    return ""
