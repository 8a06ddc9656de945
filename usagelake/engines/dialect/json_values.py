"""JSON: https://trino.io/docs/current/functions/json.html.

A `json` value is held as its text, known to be valid. Its scalars are Trino's: the text of a string without
quotes, of a number or boolean as it stands, NULL for null, objects and arrays.
"""

from __future__ import annotations

from sqlglot import exp

from usagelake.engines.dialect.functions import Call, carries, declare
from usagelake.engines.dialect.json_picks import json_path
from usagelake.engines.dialect.sql_types import BIGINT, BOOLEAN, JSON, UNKNOWN, VARCHAR
from usagelake.engines.dialect.typed import Typed, as_type, build, call, string

declare(
    """
    json_array_length(json) -> bigint := athena_json_array_length(_1)
    json_array_length(varchar) -> bigint := athena_json_array_length(_1)
    is_json_scalar(json) -> boolean := athena_is_json_scalar(_1)
    """
)


def _document(site: Call) -> Typed:
    value = site.compiler.typed(site.written[0], site.context)
    if value.type not in (JSON, VARCHAR, UNKNOWN):
        raise site.refuse(f"{site.name} reads a text or json, not {value.type}")
    return value


def _pick(site: Call, function: str, macro: str) -> exp.Expr:
    """Read a value from a document, as Trino gives it: the macro mends what DuckDB's function gives."""
    if len(site.written) != 2:  # noqa: PLR2004
        raise site.refuse(f"{site.name} takes a document and a path")
    value, path = _document(site), json_path(site.written[1])
    trusted = value.type == JSON or value.is_json
    column = site.written[0]
    if site.context.fuse and isinstance(column, exp.Column) and not column.name.startswith("$"):
        relation, _ = site.context.scope.resolve(column)
        local = site.context.scope.relations.get(relation.alias) is relation
        if local and relation.picks is not None:
            return relation.picks.pick(function, value.node, path, trusted=trusted)
    read = call(function, value.node, string(path))
    return call(macro, as_type(read if trusted else call("try", read), VARCHAR), value.node, string(path))


@carries("json_extract_scalar")
def _json_extract_scalar(site: Call) -> Typed:
    return Typed(_pick(site, "json_extract_string", "athena_json_scalar"), VARCHAR)


@carries("json_extract")
def _json_extract(site: Call) -> Typed:
    return Typed(_pick(site, "json_extract", "athena_json_raw"), JSON)


@carries("json_parse")
def _json_parse(site: Call) -> Typed:
    value = site.values(at_least=1, at_most=1)[0]
    if value.type != VARCHAR:
        raise site.refuse("json_parse reads a text")
    return Typed(call("athena_json_parse", value.node), JSON)


@carries("json_format")
def _json_format(site: Call) -> Typed:
    value = site.values(at_least=1, at_most=1)[0]
    if value.type != JSON:
        raise site.refuse(f"json_format writes json, not {value.type}")
    inner = site.written[0]
    while isinstance(inner, exp.Anonymous) and inner.name.lower() == "try" and inner.expressions:
        inner = inner.expressions[0]
    if isinstance(inner, exp.Anonymous) and inner.name.lower() == "json_parse":
        raise site.refuse("json_format(json_parse(…)) is not carried: Trino sorts the members there")
    return Typed(value.node, VARCHAR)


@carries("json_size")
def _json_size(site: Call) -> Typed:
    if len(site.written) != 2:  # noqa: PLR2004
        raise site.refuse("json_size takes a document and a path")
    value, path = _document(site), json_path(site.written[1])
    return Typed(call("athena_json_size", value.node, string(path)), BIGINT)


@carries("json_array_contains")
def _json_array_contains(site: Call) -> Typed:
    document, wanted = site.values(at_least=2, at_most=2)
    if document.type not in (JSON, VARCHAR) or wanted.type != VARCHAR:
        raise site.refuse("json_array_contains is carried for a text or json and a text only")
    return Typed(call("athena_json_array_contains", document.node, wanted.node), BOOLEAN)


@carries("try")
def _try(site: Call) -> Typed:
    if len(site.written) != 1:
        raise site.refuse("try takes one expression")
    inner = site.written[0]
    if isinstance(inner, exp.Anonymous) and inner.name.lower() == "json_parse":
        parsed = site.compiler.typed(inner, site.context)
        assert isinstance(parsed.node, exp.Anonymous)
        return Typed(call("athena_json_or_null", parsed.node.expressions[0]), JSON)
    value = site.values()[0]
    return Typed(build("try(_1)", value.node), value.type)
