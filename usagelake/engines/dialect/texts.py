"""Texts: https://trino.io/docs/current/functions/string.html and `regexp.html`, `binary.html`, `url.html`.

Positions and lengths count code points in both. Patterns must be written out, because Trino's syntax is
Java's and DuckDB's is RE2's: what they do not share is refused.
"""

from __future__ import annotations

import re

from sqlglot import exp

from usagelake.engines.dialect.functions import Call, carries, declare
from usagelake.engines.dialect.sql_types import BIGINT, BOOLEAN, UNKNOWN, VARBINARY, VARCHAR, array
from usagelake.engines.dialect.typed import Typed, as_type, build, call, number, string, wrapped

declare(
    r"""
    lower(varchar) -> varchar
    upper(varchar) -> varchar
    length(varchar) -> bigint
    length(varbinary) -> bigint := octet_length(_1)
    trim(varchar) -> varchar := athena_trim(_1)
    ltrim(varchar) -> varchar := athena_ltrim(_1)
    rtrim(varchar) -> varchar := athena_rtrim(_1)
    strpos(varchar, varchar) -> bigint
    starts_with(varchar, varchar) -> boolean
    chr(bigint) -> varchar := chr(CAST(_1 AS INTEGER))
    codepoint(varchar) -> bigint := unicode(_1)
    lpad(varchar, bigint, varchar) -> varchar := lpad(_1, CAST(_2 AS INTEGER), _3)
    rpad(varchar, bigint, varchar) -> varchar := rpad(_1, CAST(_2 AS INTEGER), _3)
    replace(varchar, varchar) -> varchar := replace(_1, _2, '')
    replace(varchar, varchar, varchar) -> varchar
    concat_ws(varchar, varchar...) -> varchar
    to_utf8(varchar) -> varbinary := encode(_1)
    from_utf8(varbinary) -> varchar := decode(_1)
    to_base64(varbinary) -> varchar
    from_base64(varchar) -> varbinary
    from_hex(varchar) -> varbinary := unhex(_1)
    """
)


@carries("concat")
def _concat(site: Call) -> Typed:
    values = site.values(at_least=2)
    if any(value.type not in (VARCHAR, UNKNOWN) for value in values):
        kinds = ", ".join(str(value.type) for value in values)
        raise site.refuse(f"concat({kinds}): only texts are joined; cast the others AS varchar")
    node = wrapped(values[0].node)
    for value in values[1:]:
        node = exp.DPipe(this=node, expression=wrapped(value.node))
    return Typed(node, VARCHAR)


@carries("substr")
def _substr(site: Call) -> Typed:
    values = site.values(at_least=2, at_most=3)
    if values[0].type != VARCHAR or any(not value.type.is_integer for value in values[1:]):
        raise site.refuse("substr takes a text and one or two integers")
    nodes = [value.node for value in values]
    start = site.written[1]
    plain = isinstance(start, exp.Literal) and int(start.name) > 0
    if plain and (len(nodes) == 2 or isinstance(site.written[2], exp.Literal)):  # noqa: PLR2004
        return Typed(call("substr", *nodes), VARCHAR)
    length = nodes[2] if len(nodes) > 2 else build("length(_1)", nodes[0])  # noqa: PLR2004
    return Typed(call("athena_substr", nodes[0], nodes[1], length), VARCHAR)


@carries("split")
def _split(site: Call) -> Typed:
    values = site.values(at_least=2, at_most=2)
    _want(site, [value.type == VARCHAR for value in values], "split takes two texts")
    if not _constant(site.written[1]):
        raise site.refuse("the delimiter of split must be a text written out, and not empty")
    return Typed(call("string_split", values[0].node, values[1].node), array(VARCHAR))


@carries("split_part")
def _split_part(site: Call) -> Typed:
    values = site.values(at_least=3, at_most=3)
    _want(site, [value.type == VARCHAR for value in values[:2]], "split_part takes two texts and an index")
    if not _constant(site.written[1]) or site.integer(2) < 1:
        raise site.refuse("split_part needs a delimiter that is not empty and an index from 1, written out")
    return Typed(build("string_split(_1, _2)[_3]", *(value.node for value in values)), VARCHAR)


@carries("to_hex")
def _to_hex(site: Call) -> Typed:
    value = site.values(at_least=1, at_most=1)[0]
    _want(site, [value.type == VARBINARY], "to_hex takes a varbinary: write to_hex(to_utf8(…))")
    inner = value.node
    if isinstance(inner, exp.Anonymous) and inner.name == "unhex":
        return Typed(call("upper", inner.expressions[0]), VARCHAR)
    return Typed(call("hex", inner), VARCHAR)


@carries("md5", "sha1", "sha256")
def _digest(site: Call) -> Typed:
    value = site.values(at_least=1, at_most=1)[0]
    _want(site, [value.type == VARBINARY], f"{site.name} takes a varbinary: write {site.name}(to_utf8(…))")
    inner = value.node
    if isinstance(inner, exp.Anonymous) and inner.name == "encode":
        inner = inner.expressions[0]
    return Typed(call("unhex", call(site.name, inner)), VARBINARY)


def _want(site: Call, conditions: list[bool], message: str) -> None:
    if not all(conditions):
        raise site.refuse(message)


def _constant(node: exp.Expr) -> str | None:
    """The value of a text that is put together from texts written out."""
    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.name)
    if isinstance(node, exp.DPipe):
        parts = [_constant(node.this), _constant(node.expression)]
    elif isinstance(node, exp.Anonymous) and node.name.lower() == "concat":
        parts = [_constant(part) for part in node.expressions]
    elif isinstance(node, exp.Anonymous) and node.name.lower() == "chr" and node.expressions:
        code = node.expressions[0]
        return chr(int(code.name)) if isinstance(code, exp.Literal) and not code.is_string else None
    else:
        return None
    return None if None in parts else "".join(part for part in parts if part is not None)


def _pattern(site: Call, *, whole: bool) -> str:
    """Turn a pattern of Trino's into one of RE2's.

    Trino compiles with Joni's Java syntax, in which `$` also matches before a final line feed.

    Args:
        site: The call; its second argument is the pattern.
        whole: Whether only match or no match counts, so that `$` may take the line feed along.

    Raises:
        RefusalError: RE2 has no such construct.
    """
    text = _constant(site.written[1]) if len(site.written) > 1 else None
    if text is None:
        raise site.refuse(f"the pattern of {site.name} must be written out")
    foreign = re.search(r"(?<!\\)(?:\\\\)*(\(\?[=!<>]|\\[1-9GRXhHkZ]|[+*?}]\+|&&)", text)
    if foreign:
        raise site.refuse(f"the pattern {text} uses {foreign[1]}, which is not carried")
    parts = re.split(r"((?:\\.)|\[\^?\]?(?:\\.|[^\]\\])*\])", text, flags=re.DOTALL)
    plain = [part if index % 2 else part.replace("$", r"\n?\z") for index, part in enumerate(parts)]
    if not whole and any("$" in part for part in parts[::2]):
        raise site.refuse(rf"in {site.name}, write \z for the end of the text: $ also matches before a last \n")
    return "".join(plain)


def _subject(site: Call, at_most: int) -> exp.Expr:
    if not 2 <= len(site.written) <= at_most:  # noqa: PLR2004
        raise site.refuse(f"{site.name} does not take {len(site.written)} arguments")
    subject = site.compiler.typed(site.written[0], site.context)
    _want(site, [subject.type in (VARCHAR, UNKNOWN)], f"{site.name} searches a text; cast {subject.type} AS varchar")
    return subject.node


@carries("regexp_like")
def _regexp_like(site: Call) -> Typed:
    pattern = _pattern(site, whole=True)
    return Typed(call("regexp_matches", _subject(site, 2), string(pattern)), BOOLEAN)


@carries("regexp_extract", "regexp_extract_all")
def _regexp_extract(site: Call) -> Typed:
    pattern = _pattern(site, whole=False)
    subject = _subject(site, 3)
    group = site.integer(2) if len(site.written) > 2 else 0  # noqa: PLR2004
    if group > 0 and re.search(r"(?<!\\)(\||\)[?*]|\)\{0)", pattern):
        raise site.refuse(f"group {group} of {pattern} may take no part in a match: Trino gives NULL, DuckDB ''")
    arguments = (subject, string(pattern), number(group))
    if site.name == "regexp_extract_all":
        return Typed(call("regexp_extract_all", *arguments), array(VARCHAR))
    template = "CASE WHEN regexp_matches(_1, _2) THEN regexp_extract(_1, _2, _3) END"
    return Typed(build(template, *arguments), VARCHAR)


@carries("regexp_replace")
def _regexp_replace(site: Call) -> Typed:
    pattern = _pattern(site, whole=False)
    subject = _subject(site, 3)
    replacement = _constant(site.written[2]) if len(site.written) > 2 else ""  # noqa: PLR2004
    if replacement is None:
        raise site.refuse("the replacement of regexp_replace must be written out")
    if re.search(r"\\|\$(?!\d)|\$\d\d", replacement):
        raise site.refuse(rf"in the replacement {replacement} only groups $0 to $9 are carried, no \ and no name")
    carried = re.sub(r"\$(\d)", r"\\\1", replacement)
    return Typed(call("regexp_replace", subject, string(pattern), string(carried), string("g")), VARCHAR)


@carries("regexp_count")
def _regexp_count(site: Call) -> Typed:
    pattern = _pattern(site, whole=False)
    return Typed(build("len(regexp_extract_all(_1, _2))", _subject(site, 2), string(pattern)), BIGINT)


@carries("from_base")
def _from_base(site: Call) -> Typed:
    values = site.values(at_least=2, at_most=2)
    _want(site, [values[0].type == VARCHAR], "from_base takes a text and a radix")
    if site.integer(1) != 16:  # noqa: PLR2004
        raise site.refuse("only from_base(…, 16) is carried")
    node = values[0].node
    if _is_hex(node):
        text, start, length = node.expressions  # the digits' case makes no difference
        digits = call("substr", text.expressions[0], start, length)
        return Typed(as_type(build("'0x' || _1", digits), BIGINT), BIGINT)
    return Typed(call("athena_from_hex_digits", node), BIGINT)


def _is_hex(node: exp.Expr) -> bool:
    """Whether an expression of ours gives hexadecimal digits, at least one and at most 15."""
    if not (isinstance(node, exp.Anonymous) and node.name == "substr" and len(node.expressions) == 3):  # noqa: PLR2004
        return False
    text, start, length = node.expressions
    digest = text.expressions[0] if isinstance(text, exp.Anonymous) and text.name == "upper" else None
    return (
        isinstance(digest, exp.Anonymous)
        and digest.name in ("md5", "sha1", "sha256")
        and 1 <= int(start.name) <= 16  # noqa: PLR2004
        and 1 <= int(length.name) <= 15  # noqa: PLR2004
    )


@carries("to_base")
def _to_base(site: Call) -> Typed:
    values = site.values(at_least=2, at_most=2)
    _want(site, [values[0].type.is_integer], "to_base takes an integer and a radix")
    return Typed(build("lower(to_base(CAST(_1 AS BIGINT), _2))", values[0].node, number(site.integer(1))), VARCHAR)
