"""Reading many JSON values of one text with one parse of it ("fusion").

Ten `json_extract_scalar(line, …)` calls parse the line ten times. The calls of one SELECT that read the same
column are collected here instead, and the relation that holds the column is wrapped twice: once for the parse,
`(SELECT *, json_transform(line, '{"a": "VARCHAR", "b": "JSON"}') AS … FROM …)`, and around it once for the
values. Each call becomes a column of the outer one. A value that is asked for as text and as raw JSON is read
raw, and its text taken from that.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlglot import exp

from usagelake.engines.dialect.refusal import refuse
from usagelake.engines.dialect.scope import quoted
from usagelake.engines.dialect.sql_types import VARCHAR
from usagelake.engines.dialect.typed import as_type, build, call, number, string

_STEP = re.compile(
    r"""\.(?P<key>[\w:$\-/@|#]+)|\[(?P<index>\d+)\]|\[\s*"(?P<double>[^"\\]*)"\s*\]|\[\s*'(?P<single>[^'"\\]*)'\s*\]"""
)


def json_path(node: exp.Expr) -> str:
    """Turn a literal JSON path of Athena into DuckDB's.

    Raises:
        RefusalError: It is no literal, or it uses more than members and subscripts.

    Example:
        >>> json_path(exp.Literal.string("$.a.b[0]"))
        '$."a"."b"[0]'
    """
    if not (isinstance(node, exp.Literal) and node.is_string):
        raise refuse(node, "a JSON path must be written as a text")
    text = node.name
    if not text.startswith("$"):
        raise refuse(node, f"the JSON path {text} must start with $")
    position, path = 1, "$"
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None or (step["key"] or "").isdigit():
            raise refuse(node, f"the JSON path {text} is not carried: only members and subscripts are")
        position = step.end()
        if step["index"] is not None:
            path += f"[{int(step['index'])}]"
        else:
            key = next(part for part in (step["key"], step["double"], step["single"]) if part is not None)
            path += f'."{key}"'
    return path


_MEMBERS = re.compile(r'\$(?:\."[^"]+")+')
_MEMBER = re.compile(r'\."([^"]+)"')

_Shape: TypeAlias = "dict[str, _Shape | str]"


@dataclass(slots=True)
class _Document:
    """A column that JSON is read from, and what is read of it.

    Args:
        node: The column, as DuckDB writes it.
        trusted: Whether it holds valid JSON for certain.
        name: The column that the parse will have.
        picks: What is read: function and path, to the column that the value will have.
    """

    node: exp.Expr
    trusted: bool
    name: str
    picks: dict[tuple[str, str], str] = field(default_factory=dict)

    def parse(self) -> exp.Expr:
        """Read all values with one call: a struct where the paths make one, else a list of raw JSON."""
        shape = self._shape()
        if shape is None:
            read = call("json_extract", self.node, exp.Array(expressions=[string(path) for path in self._paths()]))
        else:
            read = call("json_transform", self.node, string(json.dumps(shape)))
        return exp.alias_(read if self.trusted else call("try", read), self.name, quoted=True)

    def values(self, alias: str) -> list[exp.Expr]:
        """Take the values out of what `parse` read."""
        parsed = exp.column(quoted(self.name), table=quoted(alias))
        shape, paths = self._shape(), self._paths()
        found = []
        for (function, path), name in self.picks.items():
            if shape is None:
                read: exp.Expr = build("_1[_2]", parsed, number(paths.index(path) + 1))
            else:
                read = parsed
                for key in _MEMBER.findall(path):
                    read = call("struct_extract", read, string(key))
            if shape is not None and self._is_text(path):
                value = call("athena_json_scalar", read, self.node, string(path))
            elif function == "json_extract_string":
                value = call("athena_json_raw_scalar", as_type(read, VARCHAR), self.node, string(path))
            else:
                value = call("athena_json_raw", as_type(read, VARCHAR), self.node, string(path))
                if shape is not None:
                    value = self._or_null(value, path)
            found.append(exp.alias_(value, name, quoted=True))
        return found

    def _or_null(self, raw: exp.Expr, path: str) -> exp.Expr:
        """Tell null from nothing: a struct has NULL for both, so the rows that may hold null look again."""
        again = as_type(self._again(path), VARCHAR)
        return build("coalesce(_1, CASE WHEN contains(_2, 'null') THEN _3 END)", raw, self.node, again)

    def _again(self, path: str) -> exp.Expr:
        read = call("json_extract", self.node, string(path))
        return read if self.trusted else call("try", read)

    def _paths(self) -> list[str]:
        return list(dict.fromkeys(path for _, path in self.picks))

    def _is_text(self, path: str) -> bool:
        return ("json_extract", path) not in self.picks

    def _shape(self) -> _Shape | None:
        """Lay the paths out as one struct; None where they make none (subscripts, a value above another)."""
        shape: _Shape = {}
        for path in self._paths():
            if not _MEMBERS.fullmatch(path):
                return None
            *parents, last = _MEMBER.findall(path)
            holder = shape
            for key in parents:
                inner = holder.setdefault(key, {})
                if isinstance(inner, str) or _differs_in_case(key, holder):
                    return None
                holder = inner
            if last in holder or _differs_in_case(last, holder):
                return None
            holder[last] = "VARCHAR" if self._is_text(path) else "JSON"
        return shape


def _differs_in_case(key: str, holder: _Shape) -> bool:
    """Tell whether a struct, whose fields have no case, would mix up two members."""
    return any(other != key and other.lower() == key.lower() for other in holder)


@dataclass(slots=True)
class JsonPicks:
    """The JSON values that one SELECT reads from the columns of one relation.

    Args:
        alias: The relation's alias.
    """

    alias: str
    documents: dict[str, _Document] = field(default_factory=dict)

    def pick(self, function: str, document: exp.Expr, path: str, *, trusted: bool) -> exp.Expr:
        """Read one value.

        Args:
            function: `json_extract` or `json_extract_string`.
            document: The column, as DuckDB writes it.
            path: The DuckDB path.
            trusted: Whether the column holds valid JSON for certain.

        Returns:
            The column that will hold it.
        """
        known = self.documents.setdefault(
            document.sql("duckdb"), _Document(document, trusted, f"json {len(self.documents)} of {self.alias}")
        )
        # A number, not the path: DuckDB's columns have no case, JSON's members have.
        name = known.picks.setdefault((function, path), f"{len(known.picks)} of {known.name}")
        return exp.column(quoted(name), table=quoted(self.alias))

    def wrap(self, source: exp.Expr) -> exp.Expr:
        """Put the values beside the relation's own columns, under the same alias."""
        if not self.documents:
            return source
        documents = self.documents.values()
        parsed = exp.select(exp.Star(), *(each.parse() for each in documents), copy=False)
        inner = parsed.from_(source.copy(), copy=False).subquery(alias=quoted(self.alias), copy=False)
        values = [value for each in documents for value in each.values(self.alias)]
        outer = exp.select(exp.Star(), *values, copy=False)
        return outer.from_(inner, copy=False).subquery(alias=quoted(self.alias), copy=False)
