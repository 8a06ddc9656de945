"""The text of a SQL file as Athena saves it: verbatim, or with `?` where a value is given later.

Athena takes `?` in a WHERE clause of a query and nowhere else ("Use parameterized queries", Considerations).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from usagelake.engines.dialect import to_athena
from usagelake.engines.parameters import bind

if TYPE_CHECKING:
    from usagelake.engines.sql_file import SqlFile

PREPARED_KINDS = frozenset({"meters", "billing", "analyst", "audits"})
"""The kinds whose files are queries that a person may run; the others belong to the pipeline, which binds values."""

LONGEST_DESCRIPTION = 1024
"""Characters that Athena takes."""

_MARK = re.compile(r'"\?([a-z][a-z0-9_]*)"')


@dataclass(frozen=True)
class SavedText:
    """A statement that can be saved.

    Attributes:
        sql: The statement, with `?` in place of values.
        parameters: The parameters by the places of `?`, in their order; a name stands as often as it is needed.
    """

    sql: str
    parameters: tuple[str, ...]


def prepared_text(file: SqlFile) -> SavedText | None:
    """Write a file as a prepared statement.

    A parameter that stands outside WHERE (a LIMIT) has its default written in.

    Returns:
        None when there is nothing to prepare: no parameter is left, the file is no query for people, or a parameter
        without a default, or a list, stands where Athena takes no `?`.
    """
    if file.kind not in PREPARED_KINDS or not file.params:
        return None
    tree = file.tree.copy()
    placeholders = list(tree.find_all(exp.Placeholder))
    elsewhere = {each.name for each in placeholders if each.find_ancestor(exp.Where) is None}
    fixed = elsewhere | {name for name, parameter in file.params.items() if parameter.type.endswith("[]")}
    if any(not file.params[name].optional for name in fixed):
        return None
    for placeholder in placeholders:
        if placeholder.name not in fixed:
            placeholder.replace(exp.column(f"?{placeholder.name}", quoted=True))
    written = to_athena(bind(tree, {name: file.params[name] for name in fixed}, origin=file.origin))
    parameters = tuple(_MARK.findall(written))
    return SavedText(_MARK.sub("?", written), parameters) if parameters else None


def saved_text(file: SqlFile) -> str:
    """Write a file as a saved query: a view as the statement that makes it, anything else as it is."""
    if file.kind == "views":
        return f"CREATE OR REPLACE VIEW {file.name} AS\n{file.text}"
    return file.text


def description(file: SqlFile, parameters: tuple[str, ...] = ()) -> str:
    """Describe a file by its header.

    Args:
        file: The file.
        parameters: What to give for each `?`, in order.
    """
    parts = [f"{file.title}.", file.description, f"One row: {file.grain.removeprefix('one row ')}."]
    if parameters:
        parts.append(f"Values, in order: {', '.join(parameters)}.")
    elif file.params:
        parts.append(f"Put typed literals for {', '.join(f':{name}' for name in file.params)}.")
    text = " ".join(part for part in parts if part)
    return text if len(text) <= LONGEST_DESCRIPTION else f"{text[: LONGEST_DESCRIPTION - 1]}…"
