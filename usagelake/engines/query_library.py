"""The SQL files of the package, with a user's own put beside them or in their place."""

from __future__ import annotations

import difflib
import hashlib
from typing import TYPE_CHECKING

from usagelake.engines.dialect import RefusalError, check
from usagelake.engines.packaged import packaged_folder
from usagelake.engines.sql_file import SqlFile, load_sql_file
from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from usagelake.engines.dialect import Schema

KINDS = ("landing", "events", "views", "meters", "rollup", "billing", "analyst", "audits")
"""The folders of `queries/`, in the order of the flow."""

METER_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "subject_type": ("varchar",),
    "subject_id": ("varchar",),
    "hour": ("timestamp",),
    "dimension": ("varchar",),
    "quantity": ("tinyint", "smallint", "integer", "bigint", "decimal"),
    "events": ("tinyint", "smallint", "integer", "bigint"),
}
"""What a meter returns, in any order: each column with the types that it may have."""


class QueryLibrary:
    """SQL files by kind and name.

    Args:
        files: The files; a later one takes the place of an earlier one of the same kind and name.
    """

    def __init__(self, files: Iterable[SqlFile]) -> None:
        found = {(file.kind, file.name): file for file in files}
        self._files = {key: found[key] for key in sorted(found, key=lambda key: (KINDS.index(key[0]), key[1]))}

    def get(self, kind: str, name: str) -> SqlFile:
        """Find one file.

        Raises:
            ConfigurationError: There is none; near names are told.
        """
        file = self._files.get((kind, name))
        if file is None:
            names = [found.name for found in self.all(kind)]
            raise ConfigurationError(f"there is no query {name} in {kind}{_near(name, names)}")
        return file

    def all(self, *kinds: str) -> tuple[SqlFile, ...]:
        """The files of some kinds, or all of them, by kind and name."""
        return tuple(file for file in self._files.values() if not kinds or file.kind in kinds)

    def find(self, name: str, kinds: Iterable[str] = KINDS) -> SqlFile:
        """Find a file by its name alone, or as `kind/name`.

        Raises:
            ConfigurationError: There is none, or there are more; near names are told.
        """
        wanted = tuple(kinds)
        kind, _, plain = name.rpartition("/")
        candidates = [file for file in self.all(*wanted) if file.name == plain and kind in ("", file.kind)]
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            raise ConfigurationError(
                f"{name} names more than one query: write {' or '.join(f'{file.kind}/{name}' for file in candidates)}"
            )
        raise ConfigurationError(f"there is no query {name}{_near(plain, [file.name for file in self.all(*wanted)])}")

    def meters(self) -> tuple[SqlFile, ...]:
        """The meters, by name."""
        return self.all("meters")

    def views(self) -> tuple[SqlFile, ...]:
        """The views, each after those that it reads.

        Raises:
            ConfigurationError: Views read each other in a circle.
        """
        return tuple(self._ordered({file.name: file for file in self.all("views")}))

    def _ordered(self, waiting: dict[str, SqlFile]) -> list[SqlFile]:
        done: dict[str, SqlFile] = {}
        while waiting:
            ready = [file for file in waiting.values() if not (file.tables & waiting.keys())]
            if not ready:
                raise ConfigurationError(f"views read each other in a circle: {', '.join(sorted(waiting))}")
            for file in ready:
                done[file.name] = waiting.pop(file.name)
        return list(done.values())

    def views_of(self, file: SqlFile) -> tuple[SqlFile, ...]:
        """The views that a file reads, directly and through views, by name."""
        views = {view.name: view for view in self.all("views")}
        found: dict[str, SqlFile] = {}
        waiting = [name for name in file.tables if name in views]
        while waiting:
            view = views[waiting.pop()]
            if view.name not in found:
                found[view.name] = view
                waiting.extend(name for name in view.tables if name in views)
        return tuple(found[name] for name in sorted(found))

    def digest_with_views(self, file: SqlFile) -> str:
        """The digest of a file and of the views that it reads: it changes when any of them does."""
        views = self.views_of(file)
        if not views:
            return file.digest
        lines = "\n".join([file.digest, *(f"{view.name} {view.digest}" for view in views)])
        return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"

    def sources(self, file: SqlFile, tables: Iterable[str]) -> tuple[str, ...]:
        """Which of some tables a file reads, directly or through views."""
        read = file.tables.union(*(view.tables for view in self.views_of(file)))
        return tuple(table for table in tables if table in read)

    def with_views(self, schema: Schema) -> dict[str, Mapping[str, str]]:
        """Add the views' columns to the tables' schema.

        Raises:
            ConfigurationError: A view cannot be carried.
        """
        known: dict[str, Mapping[str, str]] = dict(schema)
        for view in self.views():
            columns = check(view.tree, known, params=_types(view), origin=view.origin)
            known[view.name] = dict(columns)
        return known

    def check_meters(self, schema: Schema) -> None:
        """Make sure that every meter can be rolled up, before anything is.

        Args:
            schema: The tables.

        Raises:
            ConfigurationError: What is wrong with any meter, or with the views.
        """
        known = self.with_views(schema)
        faults: list[str] = []
        for meter in self.meters():
            columns = check(meter.tree, known, params=_types(meter), origin=meter.origin)
            faults.extend(_shape_faults(meter, dict(columns)))
        if faults:
            raise ConfigurationError(faults)

    def faults(self, schema: Schema) -> list[str]:
        """Judge every file as Athena would.

        Args:
            schema: The tables, and the relations that the engine shows while it works.

        Returns:
            Every fault, with file and line; none when all is well.
        """
        try:
            known = self.with_views(schema)
        except ConfigurationError as error:
            return list(error.faults)  # what reads a view cannot be judged before the view is sound
        found: list[str] = []
        for file in self._files.values():
            try:
                columns = check(file.tree, known, params=_types(file), origin=file.origin)
            except RefusalError as refusal:
                found.extend(refusal.faults)
            else:
                found.extend(_shape_faults(file, dict(columns)) if file.kind == "meters" else ())
        return found


def load_queries(extra: Path | None = None) -> QueryLibrary:
    """Load the packaged files and, over them, a user's.

    Args:
        extra: A folder laid out as the packaged one; any of its subfolders may be missing.

    Raises:
        ConfigurationError: Every fault of every file.
    """
    library, faults = survey_queries(extra)
    if faults:
        raise ConfigurationError(faults)
    return library


def survey_queries(extra: Path | None = None) -> tuple[QueryLibrary, list[str]]:
    """Load what can be loaded, and tell what cannot.

    Args:
        extra: As `load_queries` takes it.

    Returns:
        The files that are sound on their own, and every fault of the others.
    """
    added, faults = _read_folder(extra) if extra is not None else ([], [])
    return QueryLibrary([*load_folder(packaged_folder("queries")), *added]), faults


def _types(file: SqlFile) -> dict[str, str]:
    return {name: parameter.type for name, parameter in file.params.items()}


def _shape_faults(meter: SqlFile, columns: Mapping[str, str]) -> list[str]:
    """What keeps a meter from being rolled up."""
    found = [f"{meter.origin}: the meter has no column {name}" for name in METER_COLUMNS if name not in columns]
    for name, kind in columns.items():
        allowed = METER_COLUMNS.get(name)
        if allowed is None:
            found.append(f"{meter.origin}: a meter has no column {name}: it has {', '.join(METER_COLUMNS)}")
        elif kind.split("(")[0] not in allowed or not _is_whole(kind):
            found.append(f"{meter.origin}: column {name} of a meter is {allowed[-1]}, not {kind}")
    return found


def _is_whole(kind: str) -> bool:
    """Tell whether a type has no digits behind the point."""
    return not kind.startswith("decimal") or kind.replace(" ", "").endswith(",0)")


def load_folder(folder: Path) -> list[SqlFile]:
    """Load a folder of SQL files: one subfolder per kind. The packaged ones are known to be sound.

    Raises:
        ConfigurationError: Every fault of every file, or the folder is not there.
    """
    files, faults = _read_folder(folder, sound=folder == packaged_folder("queries"))
    if faults:
        raise ConfigurationError(faults)
    return files


def _read_folder(folder: Path, *, sound: bool = False) -> tuple[list[SqlFile], list[str]]:
    """Read a folder of SQL files, one subfolder per kind: the sound files, and every fault of the others."""
    if not folder.is_dir():
        return [], [f"{folder}: there is no such folder of queries"]
    files: list[SqlFile] = []
    faults: list[str] = []
    kinds = ", ".join(KINDS)
    faults.extend(f"{path}: a query lies in a subfolder: {kinds}" for path in sorted(folder.glob("*.sql")))
    for subfolder in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        paths = sorted(subfolder.glob("*.sql"))
        if subfolder.name not in KINDS:
            if paths:
                faults.append(f"{subfolder}: no kind of query{_near(subfolder.name, KINDS)}")
            continue
        for path in paths:
            try:
                files.append(load_sql_file(path, subfolder.name, sound=sound))
            except ConfigurationError as error:
                faults.extend(error.faults)
    return files, faults


def _near(name: str, names: Iterable[str]) -> str:
    known = sorted(names)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f": did you mean {' or '.join(near)}?"
    return f": there are {', '.join(known)}" if known else ""
