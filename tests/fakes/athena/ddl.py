"""The parts of DDL: lists of columns, properties, and CREATE TABLE of an Iceberg table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.fakes.athena.errors import StatementError
from tests.fakes.athena.names import NAME, PART, Name, read_name, unquoted
from tests.fakes.athena.types import from_glue

_QUOTES = "'\"`"
_CLAUSE = re.compile(
    r"\s*(?:(?P<partitioned>PARTITIONED\s+BY)\s*(?=\()|LOCATION\s+'(?P<location>[^']*)'|(?P<told>TBLPROPERTIES)\s*(?=\()"
    r"|COMMENT\s+'(?P<comment>(?:[^']|'')*)')",
    re.IGNORECASE,
)
_COLUMN = re.compile(
    rf"({PART})\s+(\w+(?:\s*[(<].*[)>])?)(?:\s+COMMENT\s+'((?:[^']|'')*)')?", re.IGNORECASE | re.DOTALL
)
_KNOWN_PROPERTIES = {
    "table_type", "format", "write_compression", "compression_level", "optimize_rewrite_data_file_threshold",
    "optimize_rewrite_delete_file_threshold", "optimize_rewrite_min_data_file_size_bytes",
    "optimize_rewrite_max_data_file_size_bytes", "vacuum_min_snapshots_to_keep", "vacuum_max_snapshot_age_seconds",
    "vacuum_max_metadata_files_to_keep", "write_data_path_enabled", "write_target_data_file_size_bytes",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CreateTable:
    """CREATE TABLE of an Iceberg table.

    Attributes:
        name: Its name.
        columns: Column → type, in the dialect's words.
        comments: The comments of columns.
        location: Where it lies.
        properties: Its TBLPROPERTIES.
        if_not_exists: Whether a table that is there is left alone.
    """

    name: Name
    columns: Mapping[str, str]
    comments: Mapping[str, str]
    location: str
    properties: Mapping[str, str]
    if_not_exists: bool


def balanced(text: str) -> tuple[str, str]:
    """Split `(…) rest` into what stands in the parentheses and the rest.

    Raises:
        StatementError: They are not closed.
    """
    depth = 0
    for place, character in _outside_quotes(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return text[1:place], text[place + 1 :]
    raise StatementError("SYNTAX_ERROR: line 1:1: mismatched input '<EOF>'. Expecting: ')'")


def split_at_word(text: str, word: str) -> tuple[str, str | None]:
    """Split a text at a keyword that stands in no parentheses and no quotes."""
    depth = 0
    for place, character in _outside_quotes(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if (
            depth == 0
            and re.match(rf"\b{word}\b", text[place:], re.IGNORECASE)
            and not text[place - 1 : place].isalnum()
        ):
            return text[:place], text[place + len(word) :]
    return text, None


def columns(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """Read columns of an Iceberg table: their types, and their comments.

    Raises:
        StatementError: One cannot be read.
    """
    types: dict[str, str] = {}
    comments: dict[str, str] = {}
    for part in _listed(text):
        found = re.fullmatch(
            rf"({PART})\s+(\w+(?:\s*[(<].*[)>])?)(?:\s+COMMENT\s+'((?:[^']|'')*)')?",
            part.strip(),
            re.IGNORECASE | re.DOTALL,
        )
        if found is None:
            raise StatementError(f"FAILED: ParseException line 1:1 cannot recognize input near '{part.strip()[:80]}'")
        name = unquoted(found[1])
        types[name] = from_glue(found[2], iceberg=True)
        if found[3] is not None:
            comments[name] = found[3].replace("''", "'")
    return types, comments


def properties(text: str) -> dict[str, str]:
    """Read `key = value` pairs; keys are in lower case, values lose their quotes."""
    found: dict[str, str] = {}
    for part in _listed(text):
        key, sign, value = part.partition("=")
        if not sign:
            raise StatementError(f"SYNTAX_ERROR: line 1:1: mismatched input '{part.strip()[:80]}'. Expecting: '='")
        key, value = key.strip().strip("'\"").lower(), value.strip()
        found[key] = value[1:-1].replace("''", "'") if value.startswith("'") else value
    return found


def read_create_table(text: str, *, if_not_exists: bool) -> CreateTable:
    """Read what follows CREATE TABLE [IF NOT EXISTS].

    Raises:
        StatementError: It is no Iceberg table, or not as Athena takes one.
    """
    head = re.match(rf"({NAME})\s*(?=\()", text)
    if head is None:
        raise StatementError("FAILED: ParseException line 1:1 cannot recognize input near 'CREATE' 'TABLE'")
    inner, rest = balanced(text[head.end() :])
    types, comments = columns(inner)
    location, told = "", ""
    while rest.strip():
        clause = _CLAUSE.match(rest)
        if clause is None:
            raise StatementError(f"FAILED: ParseException line 1:1 missing EOF at '{rest.strip()[:40]}'")
        rest = rest[clause.end() :]
        location = clause["location"] or location
        if clause["partitioned"] or clause["told"]:
            parts, rest = balanced(rest)
            told = parts if clause["told"] else told
    given = properties(told)
    if given.get("table_type", "").upper() != "ICEBERG":
        raise StatementError("FAILED: SemanticException: a managed table is not supported: set table_type to ICEBERG")
    unknown = sorted(given.keys() - _KNOWN_PROPERTIES)
    if unknown:
        raise StatementError(f"FAILED: SemanticException: Unsupported table property key: {unknown[0]}")
    if not location.startswith("s3://"):
        raise StatementError("FAILED: SemanticException: Table location must be set to a place on S3")
    return CreateTable(read_name(head[1]), types, comments, location, given, if_not_exists)


def _listed(text: str) -> Iterator[str]:
    """Split at the commas that stand in no parentheses, angles, brackets or quotes."""
    depth, start = 0, 0
    for place, character in _outside_quotes(text):
        depth += {"(": 1, "<": 1, "[": 1, ")": -1, ">": -1, "]": -1}.get(character, 0)
        if character == "," and depth == 0:
            yield text[start:place]
            start = place + 1
    if text[start:].strip():
        yield text[start:]


def _outside_quotes(text: str) -> Iterator[tuple[int, str]]:
    quote = ""
    for place, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in _QUOTES:
            quote = character
        else:
            yield place, character
