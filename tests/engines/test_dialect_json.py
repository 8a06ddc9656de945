"""JSON: what Trino documents, or its source does, is what DuckDB gives; and how many calls become one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.engines.dialect import RefusalError, carry, parse_statement

if TYPE_CHECKING:
    from conftest import Athena

JSON = "functions/json.html"
EXTRACT = "io.trino.operator.scalar.JsonExtract"
RFC = "RFC 8259"

CASES: list[tuple[str, Any, str]] = [
    ("""json_extract_scalar('{"a":"x"}', '$.a')""", "x", JSON),
    ("""json_extract_scalar('{"a":5}', '$.a')""", "5", JSON),
    ("""json_extract_scalar('{"a":true}', '$.a')""", "true", JSON),
    ("""json_extract_scalar('{"a":null}', '$.a')""", None, EXTRACT),
    ("""json_extract_scalar('{"a":{"b":1}}', '$.a')""", None, EXTRACT),
    ("""json_extract_scalar('{"a":[1]}', '$.a')""", None, EXTRACT),
    ("""json_extract_scalar('{"a":"{x"}', '$.a')""", "{x", EXTRACT),
    ("""json_extract_scalar('{"a":"[1]"}', '$.a')""", "[1]", EXTRACT),
    ("""json_extract_scalar('{"a":"null"}', '$.a')""", "null", EXTRACT),
    ("""json_extract_scalar('{"a":"0"}', '$.a')""", "0", EXTRACT),
    ("""json_extract_scalar('{"a":0}', '$.a')""", "0", EXTRACT),
    ("""json_extract_scalar('{"a":-0}', '$.a')""", "-0", EXTRACT),
    ("""json_extract_scalar('{"a":""}', '$.a')""", "", EXTRACT),
    (r"""json_extract_scalar('{"a":"x\"\\\/\n\u00e4"}', '$.a')""", 'x"\\/\nä', EXTRACT),
    ("""json_extract_scalar('{"a":1}', '$.b')""", None, EXTRACT),
    ("""json_extract_scalar('{"A":1}', '$.a')""", None, EXTRACT),
    ("""json_extract_scalar('{"a":1,"a":2}', '$.a')""", "1", EXTRACT),
    ("""json_extract_scalar('{"a":{"b":[1,{"c":"x"}]}}', '$.a.b[1].c')""", "x", JSON),
    ("""json_extract_scalar('{"a b":1}', '$["a b"]')""", "1", JSON),
    ("""json_extract_scalar('{"a.b":1}', '$["a.b"]')""", "1", JSON),
    ("""json_extract_scalar('[1,2]', '$[1]')""", "2", JSON),
    ("""json_extract_scalar('[1,2]', '$[2]')""", None, JSON),
    ("""json_extract_scalar('"x"', '$')""", "x", JSON),
    ("""json_extract_scalar('not json', '$.a')""", None, EXTRACT),
    ("""json_extract_scalar('', '$.a')""", None, EXTRACT),
    ("""json_extract_scalar(CAST(NULL AS varchar), '$.a')""", None, JSON),
    ("""json_extract_scalar('{"a":9223372036854775808}', '$.a')""", "9223372036854775808", EXTRACT),
    (
        """json_extract_scalar('{"a":123456789012345678901234567890}', '$.a')""",
        "123456789012345678901234567890",
        EXTRACT,
    ),
    ("""json_extract_scalar(json_parse('{"a":"x"}'), '$.a')""", "x", JSON),
    ("""json_extract_scalar(json_extract('{"a":{"b":7}}', '$.a'), '$.b')""", "7", JSON),
    # the raw text, compact
    ("""json_format(json_extract('{"a": {"b" : [1, "x"]}}', '$.a'))""", '{"b":[1,"x"]}', JSON),
    ("""json_format(json_extract('{"a":"x"}', '$.a'))""", '"x"', JSON),
    ("""json_format(json_extract('{"a":null}', '$.a'))""", "null", JSON),
    ("""json_format(json_extract('{"a":null}', '$.b'))""", None, JSON),
    ("""json_format(json_extract('{"a":-0}', '$.a'))""", "-0", JSON),
    ("""json_format(json_extract('not json', '$.a'))""", None, EXTRACT),
    # validity
    ("""try(json_parse('{"a":1}')) IS NULL""", False, JSON),
    ("""try(json_parse('{"a":1,}')) IS NULL""", True, RFC),
    ("""try(json_parse('[1, ]')) IS NULL""", True, RFC),
    ("""try(json_parse(concat('[1,', chr(10), ']'))) IS NULL""", True, RFC),
    ("""try(json_parse('{"a":",}"}')) IS NULL""", False, RFC),
    (r"""try(json_parse('{"a":"\",}"}')) IS NULL""", False, RFC),
    (r"""try(json_parse('{"a":"\\",}')) IS NULL""", True, RFC),
    ("""try(json_parse('{"a":1} {"b":2}')) IS NULL""", True, RFC),
    ("""try(json_parse('{"a":01}')) IS NULL""", True, RFC),
    (r"""try(json_parse('{"a":"\ud800"}')) IS NULL""", True, RFC),
    ("""try(json_parse('{a:1}')) IS NULL""", True, RFC),
    ("""try(json_parse('')) IS NULL""", True, RFC),
    ("""try(json_parse('5')) IS NULL""", False, RFC),
    # arrays and sizes
    ("""json_array_length('[1,[2,3]]')""", 2, JSON),
    ("""json_array_length('{"a":1}')""", None, JSON),
    ("""json_array_length('x')""", None, JSON),
    ("""json_size('{"x":{"a":1,"b":2}}', '$.x')""", 2, JSON),
    ("""json_size('{"x":[1,2,3]}', '$.x')""", 3, JSON),
    ("""json_size('{"x":{"a":1,"b":2}}', '$.x.a')""", 0, JSON),
    ("""json_size('{"x":1}', '$.y')""", None, JSON),
    ("""json_array_contains('["a","b"]', 'b')""", True, JSON),
    ("""json_array_contains('["a"]', 'x')""", False, JSON),
    # casts
    ("""CAST(json_extract('{"a":"12"}', '$.a') AS bigint)""", 12, JSON),
    ("""CAST(json_extract('{"a":12}', '$.a') AS bigint)""", 12, JSON),
    ("""CAST(json_extract('{"a":null}', '$.a') AS bigint)""", None, JSON),
    ("""CAST(json_extract('{"a":"x"}', '$.a') AS varchar)""", "x", JSON),
    ("""CAST(json_extract('{"a":["x","y"]}', '$.a') AS array(varchar))""", ["x", "y"], JSON),
    ("""CAST(json_parse('[1,2]') AS array(bigint))""", [1, 2], JSON),
    ("""TRY_CAST(json_extract('{"a":"x"}', '$.a') AS bigint)""", None, JSON),
]

REFUSED = [
    ("""json_extract_scalar('{}', 'a')""", r"must start with \$"),
    ("""json_extract_scalar('{}', '$.a[*]')""", "not carried"),
    ("""json_extract_scalar('{}', '$..a')""", "not carried"),
    ("""json_extract_scalar('{}', concat('$', '.a'))""", "written as a text"),
    ("""json_extract_scalar(1, '$.a')""", "reads a text or json"),
    ("""json_extract('{}', '$.a') = '1'""", "cast one side"),
    ("""json_extract('{}', '$.a') = json_extract('{}', '$.b')""", "not compared"),
    ("""json_format(json_parse('{}'))""", "sorts"),
    ("""json_object('a' VALUE 1)""", "."),
    ("""json_extract_string('{}', '$.a')""", "json_extract_scalar"),
]


@pytest.mark.parametrize(("expression", "expected", "_source"), CASES)
def test_value(shared_athena: Athena, expression: str, expected: Any, _source: str) -> None:
    """The value is Trino's."""
    assert shared_athena.value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (expression, expected)
        for expression, expected, _ in CASES
        if expression.startswith("json_") and "'{" in expression
    ],
)
def test_fused_value(shared_athena: Athena, expression: str, expected: Any) -> None:
    """The value is the same when the document is a column and the calls are fused."""
    document, _, rest = expression.partition("'{")[2].partition("}'")
    shared_athena.table("documents", {"line": "varchar"}, ("{" + document + "}",))
    head = expression.partition("'{")[0]
    found = shared_athena.rows(f"SELECT {head}line{rest}, json_extract_scalar(line, '$.zz') FROM documents")
    assert found == [(expected, None)]


@pytest.mark.parametrize(("expression", "message"), REFUSED)
def test_refused(shared_athena: Athena, expression: str, message: str) -> None:
    """What Athena refuses, or what cannot be carried exactly, is refused before anything runs."""
    with pytest.raises(RefusalError, match=message):
        shared_athena.value(expression)


def test_json_parse_of_no_json_is_an_error(shared_athena: Athena) -> None:
    """Without try, it fails, as it does in Athena."""
    with pytest.raises(duckdb.Error, match="Cannot convert value to JSON"):
        shared_athena.value("json_extract_scalar(json_parse('{'), '$.a')")


FIELDS = ("id", "timestamp", "event_type", "product", "usage", "region", "resource_id", "provider", "model", "kind")


def test_ten_fields_are_one_parse(athena: Athena) -> None:
    """Ten calls on a column become one call, and the plan holds it once."""
    athena.table("lines", {"line": "varchar"})
    calls = ", ".join(f"json_extract_scalar(line, '$.{field}') AS {field}" for field in FIELDS)
    sql = carry(parse_statement(f"SELECT {calls} FROM lines WHERE line <> ''"), athena.schema).sql
    assert sql.count("JSON_TRANSFORM(") == 1
    plan = athena.connection.execute(f"EXPLAIN {sql}").fetchall()[0][1]
    assert "".join(plan.split()).count("json_transform(") <= 1


def test_calls_in_cte_join_filter_and_group_are_fused(athena: Athena) -> None:
    """Fusion changes no result, whatever clause a call stands in."""
    athena.table(
        "lines",
        {"n": "integer", "line": "varchar"},
        (1, '{"k":"a","q":1,"t":["x","y"]}'),
        (2, '{"k":"a","q":2,"t":[]}'),
        (3, '{"k":"b","q":4}'),
        (4, "broken"),
        (5, None),
    )
    athena.table("names", {"k": "varchar", "name": "varchar"}, ("a", "Ann"), ("b", "Bob"))
    rows = athena.rows("""
        WITH documents AS (SELECT n, try(json_parse(line)) AS document FROM lines)
        SELECT
            json_extract_scalar(d.document, '$.k') AS k,
            m.name,
            count(*) AS n,
            sum(try_cast(json_extract_scalar(d.document, '$.q') AS bigint)) AS q,
            max(json_format(json_extract(d.document, '$.t'))) AS t
        FROM documents AS d
        LEFT JOIN names AS m ON json_extract_scalar(d.document, '$.k') = m.k
        WHERE json_extract_scalar(d.document, '$.q') IS NOT NULL OR d.n > 3
        GROUP BY json_extract_scalar(d.document, '$.k'), m.name
        ORDER BY json_extract_scalar(d.document, '$.k')
    """)
    assert rows == [("a", "Ann", 2, 3, "[]"), ("b", "Bob", 1, 4, None), (None, None, 2, None, None)]


def test_a_call_in_a_branch_is_read_on_demand(athena: Athena) -> None:
    """What only some rows come to stays where it is written, and is read for those rows alone."""
    athena.table("lines", {"line": "varchar"}, ('{"a":1}',), ("x",))
    sql = carry(
        parse_statement("SELECT CASE WHEN line LIKE '{%' THEN json_extract_scalar(line, '$.a') END FROM lines"),
        athena.schema,
    ).sql
    assert "['$" not in sql
    assert sorted(athena.connection.execute(sql).fetchall(), key=str) == [("1",), (None,)]


def test_unnest_beside_json(athena: Athena) -> None:
    """Values of the row and elements of its array stand side by side."""
    athena.table("lines", {"line": "varchar"}, ('{"k":"a","t":["x","y"]}',), ('{"k":"b","t":[]}',))
    rows = athena.rows("""
        SELECT json_extract_scalar(line, '$.k') AS k, tag
        FROM lines
        CROSS JOIN UNNEST(CAST(json_extract(line, '$.t') AS array(varchar))) AS u (tag)
        ORDER BY tag
    """)
    assert rows == [("a", "x"), ("a", "y")]


SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner), max_leaves=5
)


@settings(max_examples=25, deadline=None)
@given(values=st.lists(VALUES, min_size=1, max_size=20), ascii_only=st.booleans(), spaced=st.booleans())
def test_scalars_are_python_s(shared_athena: Athena, values: list[Any], *, ascii_only: bool, spaced: bool) -> None:
    """Texts are unquoted, numbers and booleans are their text, anything else is NULL; raw JSON is compact."""
    separators = (", ", ": ") if spaced else (",", ":")
    lines = [
        json.dumps({"a": {"b": value}, "z": 1}, ensure_ascii=ascii_only, separators=separators) for value in values
    ]
    rows = shared_athena.each(
        "json_extract_scalar(x, '$.a.b'), json_format(json_extract(x, '$.a.b')), try(json_parse(x)) IS NOT NULL", lines
    )
    for value, (scalar, raw, valid) in zip(values, rows, strict=True):
        expected = json.dumps(value) if isinstance(value, (bool, int)) else None
        assert valid is True
        assert scalar == (value if isinstance(value, str) else expected)
        assert json.loads(raw) == value
        assert expected in (None, raw)


DOCUMENTS = st.recursive(
    SCALARS | st.sampled_from(["null", "{", '"', "\\", "0", "-0", "[1]", '{"b":1}']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c", "A"]), inner),
    max_leaves=8,
)
PATHS = {
    "$.a": ("a",),
    "$.b": ("b",),
    "$.a.b": ("a", "b"),
    "$.b.c": ("b", "c"),
    "$.b.a": ("b", "a"),
    "$.c[1]": ("c", 1),
}


@pytest.mark.parametrize(
    ("texts", "raws"),
    [
        (("$.a", "$.b", "$.c"), ()),
        (("$.a", "$.b.c", "$.b.a"), ("$.b.c",)),
        (("$.b",), ("$.a", "$.b")),
        (("$.a", "$.a.b", "$.A"), ()),
        (("$.a", "$.c[1]"), ("$.c[1]", "$.b")),
        ((), ("$.a", "$.b", "$.c")),
    ],
)
@settings(max_examples=20, deadline=None)
@given(values=st.lists(DOCUMENTS, min_size=1, max_size=30))
def test_fused_reads_are_python_s(
    shared_athena: Athena, texts: tuple[str, ...], raws: tuple[str, ...], values: list[Any]
) -> None:
    """However the reads are put together, on any document, each gives what it would give alone."""
    calls = [f"json_extract_scalar(x, '{path}')" for path in texts]
    calls += [f"json_format(json_extract(x, '{path}'))" for path in raws]
    found = shared_athena.each(", ".join(calls), [json.dumps(value) for value in values])
    for value, row in zip(values, found, strict=True):
        assert list(row[: len(texts)]) == [_scalar(_at(value, path)) for path in texts]
        for path, raw in zip(raws, row[len(texts) :], strict=True):
            assert (None if raw is None else [json.loads(raw)]) == _at(value, path)


def _at(value: Any, path: str) -> list[Any] | None:
    """The value at a path, in a list, or None when nothing is there."""
    steps = PATHS.get(path, (path[2:],))
    for step in steps:
        if isinstance(step, int):
            if not isinstance(value, list) or len(value) <= step:
                return None
        elif not isinstance(value, dict) or step not in value:
            return None
        value = value[step]
    return [value]


def _scalar(found: list[Any] | None) -> str | None:
    if found is None or not isinstance(found[0], (str, bool, int)):
        return None
    return found[0] if isinstance(found[0], str) else json.dumps(found[0])


@settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.text(alphabet='{}[]",: \\1a', max_size=12), min_size=1, max_size=40))
def test_validity_is_python_s(shared_athena: Athena, texts: list[str]) -> None:
    """A text is JSON exactly when Python's strict reader says so."""
    assert shared_athena.each("try(json_parse(x)) IS NOT NULL", texts) == [(_is_json(text),) for text in texts]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
