"""Reading many JSON values of one text with one parse of it ("fusion").

Ten `json_extract_scalar(line, …)` calls parse the line ten times. The calls of one SELECT that read the same
column are collected here instead, and the relation that holds the column is wrapped once:
`(SELECT *, json_extract_string(line, ['$.a', '$.b', …]) AS … FROM …)`. Each call becomes an element of that
list. Texts and raw JSON are two lists, because a value's text costs a third of its raw JSON to write out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sqlglot import exp

from usagelake.engines.dialect.refusal import refuse
from usagelake.engines.dialect.scope import quoted
from usagelake.engines.dialect.typed import build, call, number, string

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


@dataclass(slots=True)
class _List:
    """One list call: what is read, how, and from where."""

    function: str
    document: exp.Expr
    trusted: bool
    name: str
    paths: list[str] = field(default_factory=list)

    def column(self) -> exp.Expr:
        paths = exp.Array(expressions=[string(path) for path in self.paths])
        read = call(self.function, self.document, paths)
        return exp.alias_(read if self.trusted else call("try", read), self.name, quoted=True)


@dataclass(slots=True)
class JsonPicks:
    """The JSON values that one SELECT reads from the columns of one relation.

    Args:
        alias: The relation's alias.
    """

    alias: str
    lists: dict[tuple[str, str], _List] = field(default_factory=dict)

    def pick(self, function: str, document: exp.Expr, path: str, *, trusted: bool) -> exp.Expr:
        """Read one value.

        Args:
            function: `json_extract` or `json_extract_string`.
            document: The column, as DuckDB writes it.
            path: The DuckDB path.
            trusted: Whether the column holds valid JSON for certain.

        Returns:
            The element of the list that will hold it.
        """
        key = (function, document.sql("duckdb"))
        if key not in self.lists:
            self.lists[key] = _List(function, document, trusted, f"json {len(self.lists)} of {self.alias}")
        wanted = self.lists[key]
        if path not in wanted.paths:
            wanted.paths.append(path)
        column = exp.column(quoted(wanted.name), table=quoted(self.alias))
        return build("_1[_2]", column, number(wanted.paths.index(path) + 1))

    def wrap(self, source: exp.Expr) -> exp.Expr:
        """Put the lists beside the relation's own columns, under the same alias."""
        if not self.lists:
            return source
        inner = exp.select(exp.Star(), *(wanted.column() for wanted in self.lists.values()), copy=False)
        return inner.from_(source.copy(), copy=False).subquery(alias=quoted(self.alias), copy=False)
