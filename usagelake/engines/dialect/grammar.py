"""Athena's grammar: one statement's text to a tree, with nothing in it that Athena would not read.

sqlglot reads a superset of every dialect and gives each function its own class. Here every call keeps its
name as it was written, so that the allow-list (`functions.py`) decides on what stands in the text, and the
tokens are checked for spellings that sqlglot forgives and Athena does not.

Source: https://docs.aws.amazon.com/athena/latest/ug/select.html and
https://github.com/trinodb/trino/blob/master/core/trino-grammar (SqlBase.g4).
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import Token, TokenType

from usagelake.engines.dialect.refusal import RefusalError, refuse

MAX_PRECISION = 38


def _decimal_literal(_: Any, this: exp.Expr, __: exp.DataType) -> exp.Expr:
    """`DECIMAL '0.0035'` has the precision and scale of its digits."""
    match = re.fullmatch(r"[+-]?(\d*)(?:\.(\d*))?", this.name)
    if match is None or not (match[1] or match[2]):
        raise refuse(this, f"DECIMAL '{this.name}' is no decimal number")
    scale = len(match[2] or "")
    precision = max(len(match[1].lstrip("0")) + scale, 1)
    if precision > MAX_PRECISION:
        raise refuse(this, f"DECIMAL '{this.name}' has more than {MAX_PRECISION} digits")
    return exp.cast(this, exp.DataType.build(f"decimal({precision}, {scale})", dialect="trino"))


class AthenaParser(TrinoParser):
    """Trino's parser, with every function call kept as it was written."""

    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        name: TrinoParser.FUNCTION_PARSERS[name] for name in ("CAST", "TRY_CAST", "EXTRACT")
    }
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        name: TrinoParser.NO_PAREN_FUNCTION_PARSERS[name] for name in ("ANY", "CASE", "IF")
    }
    TYPE_LITERAL_PARSERS: ClassVar[dict[Any, Any]] = {
        **TrinoParser.TYPE_LITERAL_PARSERS,
        exp.DType.DECIMAL: _decimal_literal,
    }


class Athena(Trino):
    """Athena's SQL (engine version 3) as this project reads and writes it."""

    INDEX_OFFSET = 0  # subscripts stay as they are written
    Parser = AthenaParser


RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
    ALTER AND AS BETWEEN BY CASE CAST CONSTRAINT CREATE CROSS CUBE CURRENT_CATALOG CURRENT_DATE
    CURRENT_PATH CURRENT_SCHEMA CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DEALLOCATE DELETE DESCRIBE
    DISTINCT DROP ELSE END ESCAPE EXCEPT EXECUTE EXISTS EXTRACT FALSE FIRST FOR FROM FULL GROUP GROUPING
    HAVING IN INNER INSERT INTERSECT INTO IS JOIN JSON_ARRAY JSON_EXISTS JSON_OBJECT JSON_QUERY
    JSON_TABLE JSON_VALUE LAST LEFT LIKE LISTAGG LOCALTIME LOCALTIMESTAMP NATURAL NORMALIZE NOT NULL OF
    ON OR ORDER OUTER PREPARE RECURSIVE RIGHT ROLLUP SELECT SKIP TABLE THEN TRIM TRUE UESCAPE UNION
    UNNEST USING VALUES WHEN WHERE WITH
    """,
    )
)
"""https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html, "in SQL SELECT statements"."""

_FOREIGN = {
    TokenType.DCOLON: "`::` is no cast in Athena: write CAST(… AS …)",
    TokenType.QUALIFY: "Athena has no QUALIFY: filter in an outer SELECT",
    TokenType.ILIKE: "Athena has no ILIKE: compare lower(…)",
    TokenType.RLIKE: "Athena has no RLIKE: write regexp_like(…)",
    TokenType.GLOB: "Athena has no GLOB: write LIKE or regexp_like(…)",
    TokenType.ANTI: "Athena has no ANTI JOIN: write NOT EXISTS",
    TokenType.SEMI: "Athena has no SEMI JOIN: write EXISTS",
    TokenType.ASOF: "Athena has no ASOF JOIN",
    TokenType.PIVOT: "Athena has no PIVOT: write sum(…) FILTER (WHERE …)",
    TokenType.UNPIVOT: "Athena has no UNPIVOT",
    TokenType.HINT: "Athena has no hints",
    TokenType.NULLSAFE_EQ: "write IS NOT DISTINCT FROM",
    TokenType.DIV: "write `/`",
    TokenType.DSTAR: "write power(…)",
    TokenType.HASH: "`#` is no operator in Athena",
    TokenType.AMP: "write bitwise_and(…)",
    TokenType.PIPE: "write bitwise_or(…)",
    TokenType.CARET: "write bitwise_xor(…) or power(…)",
    TokenType.TILDE: "write bitwise_not(…)",
    TokenType.LT_AT: "`<@` is no operator in Athena",
    TokenType.AT_GT: "`@>` is no operator in Athena",
    TokenType.HEX_STRING: "only X'…' is a binary literal in Athena, and this project does not carry it",
    TokenType.NATIONAL_STRING: "write '…' without N",
}
_FIRST = {"SELECT", "WITH", "VALUES", "(", "INSERT", "MERGE", "DELETE", "CREATE"}
_CLOSERS = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.SEMICOLON}
_CLAUSES = {
    TokenType.FROM, TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING, TokenType.ORDER_BY,
    TokenType.LIMIT, TokenType.OFFSET, TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT,
}  # fmt: skip


def parse_statement(text: str, *, origin: str | None = None) -> exp.Expression:
    """Read one statement in Athena's dialect.

    Args:
        text: The statement; comments may stand anywhere, one `;` may end it.
        origin: The file it comes from, for messages.

    Returns:
        The tree, as written: `check` and `to_duckdb` judge it.

    Raises:
        RefusalError: It is not exactly one statement, or not Athena's grammar. The error is a
            ConfigurationError.

    Example:
        >>> parse_statement("SELECT count(*) FROM api_requests;").sql(Athena)
        'SELECT COUNT(*) FROM api_requests'
    """
    try:
        tokens = Athena().tokenize(text)
        _check_tokens(tokens, text)
        trees = [tree for tree in AthenaParser(dialect=Athena()).parse(tokens, text) if tree is not None]
        if len(trees) != 1:
            raise RefusalError(f"expected exactly one statement, found {len(trees)}")  # noqa: TRY301
        _check_names(trees[0])
    except RefusalError as refusal:
        raise refusal.within(origin) from None
    except TokenError as error:
        raise RefusalError(str(error).splitlines()[0], origin=origin) from None
    except ParseError as error:
        detail = error.errors[0] if error.errors else {}
        message = str(detail.get("description") or error).rstrip(".")
        near = str(detail.get("highlight") or "")
        raise RefusalError(
            f"{message}, near `{near}`" if near else message, line=detail.get("line"), origin=origin
        ) from None
    tree = trees[0]
    assert isinstance(tree, exp.Expression)
    return tree


def _check_tokens(tokens: list[Token], text: str) -> None:
    """Refuse spellings that leave no trace in the tree."""
    first = tokens[0] if tokens else None
    if first is not None and first.text.upper() not in _FIRST:
        raise RefusalError(f"a statement does not start with {first.text.upper()} here", line=first.line)
    for before, token in zip([None, *tokens], [*tokens, None], strict=True):
        if token is not None and token.token_type in _FOREIGN:
            raise RefusalError(_FOREIGN[token.token_type], line=token.line)
        if before is not None and before.token_type is TokenType.COMMA:
            after = None if token is None else token.token_type
            if after is None or after in _CLOSERS or after in _CLAUSES:
                raise RefusalError("a comma too many", line=before.line)
        if before is not None and token is not None:
            _check_pair(before, token, text)


def _check_pair(before: Token, token: Token, text: str) -> None:
    """Refuse two tokens that Athena does not read after one another."""
    if token.token_type is TokenType.OFFSET and before.token_type in {TokenType.NUMBER, TokenType.ALL}:
        previous = text[: before.start].rstrip().upper()
        if previous.endswith("LIMIT"):
            raise RefusalError("Athena reads OFFSET before LIMIT", line=token.line)
    if before.token_type is TokenType.INTERVAL:
        amount = token.token_type is TokenType.STRING and re.fullmatch(r"[+-]?\d+", token.text)
        if token.token_type is TokenType.NUMBER or (token.token_type is TokenType.STRING and not amount):
            raise RefusalError("an interval is written INTERVAL '3' DAY", line=token.line)
    if (
        before.token_type is TokenType.NUMBER
        and token.start == before.end + 1
        and text[token.start] in "_abcdefghijklmnopqrstuvwxyz"
    ):
        raise RefusalError(f"{text[before.start : token.end + 1]} is no number in Athena", line=token.line)
    after_value = text[before.end].isalnum() or text[before.end] in '_")]'
    if token.token_type is TokenType.L_BRACKET and (not after_value or before.text.upper() in RESERVED):
        raise RefusalError("write ARRAY[…]", line=token.line)
    if before.token_type is TokenType.STRING and token.token_type is TokenType.STRING:
        raise RefusalError("two texts after one another: write ||", line=token.line)
    if before.token_type is TokenType.EQ and text[before.start : before.end + 1] == "==":
        raise RefusalError("write `=`", line=token.line)


def _check_names(tree: exp.Expr) -> None:
    """Refuse a name that Athena reads as a keyword, or does not read at all, unless it is quoted."""
    for name in tree.find_all(exp.Identifier):
        text = str(name.this)
        if name.args.get("quoted"):
            continue
        if text.upper() in RESERVED:
            raise refuse(name, f"{text} is a reserved word in Athena: choose another name or quote it")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_@:]*", text):
            raise refuse(name, f"the name {text} must be quoted")
