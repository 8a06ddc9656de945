"""A statement's text as what it asks for: which kind it is, and its parts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from sqlglot import exp

from tests.fakes.athena import ddl
from tests.fakes.athena.errors import StatementError
from tests.fakes.athena.names import NAME, Name, read_name
from tests.fakes.athena.reasons import of_grammar
from usagelake.engines.dialect import RefusalError, parse_statement

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Query:
    """SELECT."""

    tree: exp.Expr


@dataclass(frozen=True, slots=True)
class Write:
    """INSERT, MERGE, UPDATE or DELETE."""

    tree: exp.Expr
    verb: str


@dataclass(frozen=True, slots=True)
class Unload:
    """UNLOAD (query) TO location WITH (…)."""

    tree: exp.Expr
    location: str
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CreateTableAs:
    """CREATE TABLE name WITH (…) AS query."""

    name: Name
    tree: exp.Expr
    properties: Mapping[str, str]
    if_not_exists: bool
    with_data: bool = True


@dataclass(frozen=True, slots=True)
class CreateView:
    """CREATE OR REPLACE VIEW name AS query."""

    name: Name
    query: str
    tree: exp.Expr
    replace: bool


@dataclass(frozen=True, slots=True)
class Drop:
    """DROP TABLE or DROP VIEW."""

    name: Name
    kind: str
    if_exists: bool


@dataclass(frozen=True, slots=True)
class Change:
    """ALTER TABLE … ADD COLUMNS or CHANGE COLUMN."""

    name: Name
    columns: Mapping[str, str]
    adds: bool


@dataclass(frozen=True, slots=True)
class Show:
    """SHOW TABLES, SHOW DATABASES or DESCRIBE."""

    what: str
    name: Name | None = None


@dataclass(frozen=True, slots=True)
class Maintain:
    """OPTIMIZE or VACUUM: they change no row."""

    name: Name
    where: str = field(default="")


@dataclass(frozen=True, slots=True)
class CreateDatabase:
    """CREATE DATABASE."""

    name: str
    if_not_exists: bool


Statement: TypeAlias = (
    "Query | Write | Unload | CreateTableAs | ddl.CreateTable | CreateView | Drop | Change | Show | Maintain"
    " | CreateDatabase"
)

_FLAGS = re.IGNORECASE | re.DOTALL
_UNLOAD = re.compile(r"UNLOAD\s*\(", _FLAGS)
_UNLOAD_TAIL = re.compile(r"\s*TO\s+'([^']*)'\s*(?:WITH\s*\((.*)\))?\s*", _FLAGS)
_CTAS = re.compile(rf"CREATE\s+TABLE\s+(IF\s+NOT\s+EXISTS\s+)?({NAME})\s*(?:WITH\s*(?=\()|AS\b)", _FLAGS)
_DATA = re.compile(r"(.*?)(?:\s+WITH\s+(NO\s+)?DATA)?\s*", _FLAGS)
_CREATE = re.compile(r"CREATE\s+(EXTERNAL\s+)?TABLE\s+(IF\s+NOT\s+EXISTS\s+)?", _FLAGS)
_VIEW = re.compile(rf"CREATE\s+(OR\s+REPLACE\s+)?VIEW\s+({NAME})\s+AS\s+(.*)", _FLAGS)
_DROP = re.compile(rf"DROP\s+(TABLE|VIEW)\s+(IF\s+EXISTS\s+)?({NAME})\s*", _FLAGS)
_ADD = re.compile(rf"ALTER\s+TABLE\s+({NAME})\s+ADD\s+COLUMNS\s*\((.*)\)\s*", _FLAGS)
_CHANGE = re.compile(rf"ALTER\s+TABLE\s+({NAME})\s+CHANGE\s+(?:COLUMN\s+)?({NAME})\s+(.*)", _FLAGS)
_UPDATE = re.compile(rf"UPDATE\s+({NAME})\s+SET\s+(.*)", _FLAGS)
_SHOW = re.compile(rf"SHOW\s+(TABLES|DATABASES|SCHEMAS)(?:\s+IN\s+({NAME}))?\s*", _FLAGS)
_DESCRIBE = re.compile(rf"DESCRIBE\s+({NAME})\s*", _FLAGS)
_MAINTAIN = re.compile(rf"(?:OPTIMIZE|VACUUM)\s+({NAME})\b(.*)", _FLAGS)
_DATABASE = re.compile(rf"CREATE\s+(?:DATABASE|SCHEMA)\s+(IF\s+NOT\s+EXISTS\s+)?({NAME})\s*", _FLAGS)


def read_statement(text: str) -> Statement:
    """Read a statement.

    Raises:
        StatementError: It is none that Athena runs.
    """
    text = re.sub(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", "", text, flags=re.DOTALL).rstrip().removesuffix(";")
    first = text.split(None, 1)[0].upper() if text.strip() else ""
    verb = re.match(r"\w*", first)
    match verb[0] if verb else "":
        case "INSERT" | "MERGE" | "DELETE" as word:
            return Write(parse(text), word)
        case "UPDATE":
            return Write(_update(text), "UPDATE")
        case "UNLOAD":
            return _unload(text)
        case "CREATE":
            return _create(text)
        case "DROP" | "ALTER" | "SHOW" | "DESCRIBE" | "OPTIMIZE" | "VACUUM":
            return _utility(text)
        case _:
            return Query(parse(text))


def parse(text: str) -> exp.Expr:
    """Read a query or a statement of the dialect."""
    try:
        return parse_statement(text)
    except RefusalError as refusal:
        raise of_grammar(refusal) from None


def _update(text: str) -> exp.Expr:
    """Read UPDATE as the MERGE that says the same."""
    found = _UPDATE.fullmatch(text)
    if found is None:
        raise _unread(text)
    sets, where = ddl.split_at_word(found[2], "WHERE")
    condition = where if where is not None else "true"
    return parse(
        f"MERGE INTO {found[1]} USING (SELECT 1 AS one_) u_ ON {condition} WHEN MATCHED THEN UPDATE SET {sets}"
    )


def _unload(text: str) -> Unload:
    head = _UNLOAD.match(text)
    if head is not None:
        inner, rest = ddl.balanced(text[head.end() - 1 :])
        tail = _UNLOAD_TAIL.fullmatch(rest)
        if tail is not None:
            return Unload(parse(inner), tail[1], ddl.properties(tail[2] or ""))
    raise _unread(text)


def _create(text: str) -> Statement:
    view = _VIEW.fullmatch(text)
    if view is not None:
        return CreateView(read_name(view[2]), view[3], parse(view[3]), bool(view[1]))
    database = _DATABASE.fullmatch(text)
    if database is not None:
        return CreateDatabase(read_name(database[2]).table, bool(database[1]))
    query = _CTAS.match(text)
    if query is not None:
        told, rest = "", text[query.end() :]
        if rest.startswith("("):
            told, rest = ddl.balanced(rest)
            as_ = re.match(r"\s*AS\b", rest, _FLAGS)
            if as_ is None:
                raise _unread(text)
            rest = rest[as_.end() :]
        data = _DATA.fullmatch(rest)
        assert data is not None
        tree = parse(data[1])
        return CreateTableAs(read_name(query[2]), tree, ddl.properties(told), bool(query[1]), not data[2])
    table = _CREATE.match(text)
    if table is not None and not table[1]:
        return ddl.read_create_table(text[table.end() :], if_not_exists=bool(table[2]))
    raise _unread(text)


def _utility(text: str) -> Statement:
    if found := _DROP.fullmatch(text):
        return Drop(read_name(found[3]), found[1].upper(), bool(found[2]))
    if found := _ADD.fullmatch(text):
        return Change(read_name(found[1]), ddl.columns(found[2])[0], adds=True)
    if found := _CHANGE.fullmatch(text):
        if read_name(found[2]) == read_name(found[3].split()[0]):
            return Change(read_name(found[1]), ddl.columns(found[3])[0], adds=False)
        raise _unread(text)
    if found := _SHOW.fullmatch(text):
        return Show(found[1].upper(), read_name(found[2]) if found[2] else None)
    if found := _DESCRIBE.fullmatch(text):
        return Show("DESCRIBE", read_name(found[1]))
    if found := _MAINTAIN.fullmatch(text):
        return Maintain(read_name(found[1]), found[2].strip())
    raise _unread(text)


def _unread(text: str) -> StatementError:
    return StatementError(
        f"SYNTAX_ERROR: line 1:1: this server reads no such statement: {' '.join(text.split())[:200]}"
    )
