"""A process that forks the command line on request, so that hundreds of runs cost one start of Python.

Reads requests from standard input, one JSON object a line, and answers each with two lines: the child's id
when it runs, its wait status when it has ended. Each child is a process of its own, to be killed at will.
It imports nothing from the tests: it is run as a file.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from usagelake.cli import main
from usagelake.engines import query_library
from usagelake.engines.duckdb import engine

if TYPE_CHECKING:
    from collections.abc import Callable

GONE = 77
"""The exit code of a run that was told to die."""


_LEAVES_NOTHING = ("SELECT", "WITH", "CREATE OR REPLACE TEMP", "CREATE OR REPLACE MACRO", "SET ", "USE ")


class _Mortal:
    """A connection that dies after so many changes, without a word and without cleaning up."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, lives: list[int]) -> None:
        self._connection = connection
        self._lives = lives

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._connection, name)
        if name not in {"execute", "commit"}:
            return method

        def mortal(*arguments: object) -> Any:
            result = method(*arguments)
            self._lives[0] -= not str(*arguments[:1]).startswith(_LEAVES_NOTHING)
            if self._lives[0] == 0:
                os._exit(GONE)
            return result

        return mortal


def _die_after_renames(number: int | None) -> None:
    """Let this process be gone once so many files or folders have got another name."""
    lives = [number or -1]

    def mortal(rename: Callable[..., None]) -> Callable[..., None]:
        def renamed(*arguments: Any, **named: Any) -> None:
            rename(*arguments, **named)
            lives[0] -= 1
            if lives[0] == 0:
                os._exit(GONE)

        return renamed

    os.rename, os.replace = mortal(os.rename), mortal(os.replace)


def run(request: dict[str, Any]) -> int:
    """Run one command in this process, as asked."""
    with Path(request["log"]).open("wb") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    engine.BATCH_OBJECTS = request["batch_objects"]
    lives = [request["changes"] or -1]
    _die_after_renames(request["renames"])
    connect = engine.connect
    engine.connect = lambda *given, **named: _Mortal(connect(*given, **named), lives)  # type: ignore[assignment,return-value]
    try:
        main(request["arguments"])
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def serve(meters: list[str]) -> None:
    """Answer requests until there are no more.

    Args:
        meters: The packaged meters that there are for these runs; none for all.
    """
    packaged = query_library.packaged_folder("queries")
    loaded = [
        file
        for file in query_library.load_folder(packaged)
        if file.kind != "meters" or not meters or file.name in meters
    ]
    load_folder = query_library.load_folder
    query_library.load_folder = lambda folder: loaded if folder == packaged else load_folder(folder)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                os._exit(run(json.loads(line)))
            finally:
                os._exit(70)
        print(child, flush=True)  # noqa: T201 - the answer
        print(os.waitpid(child, 0)[1], flush=True)  # noqa: T201


if __name__ == "__main__":
    serve(sys.argv[1:])
