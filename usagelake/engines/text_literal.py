"""A text as SQL writes it, on every engine."""

from __future__ import annotations


def text_literal(value: str) -> str:
    """Write a text as a SQL literal.

    Example:
        >>> text_literal("it's")
        "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"
