"""Refusing: how the dialect says that a statement is not one, where, and what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlglot import exp


class RefusalError(ConfigurationError):
    """A statement that Athena would refuse, or that an engine cannot carry exactly.

    Args:
        message: What is wrong and what to do.
        line: The line of the statement's text where it stands, when that is known.
        origin: The file that the statement comes from.
    """

    def __init__(self, message: str, *, line: int | None = None, origin: str | None = None) -> None:
        self.message, self.line, self.origin = message, line, origin
        place = ":".join(str(part) for part in (origin, line) if part is not None)
        if origin is None and line is not None:
            place = f"line {line}"
        super().__init__(f"{place}: {message}" if place else message)

    def within(self, origin: str | None) -> RefusalError:
        """The same refusal, naming the file."""
        return RefusalError(self.message, line=self.line, origin=origin)


def refuse(node: exp.Expr | None, message: str) -> RefusalError:
    """Make a refusal that names the line where `node` stands.

    Args:
        node: A part of the tree; the nearest part that knows its line is asked.
        message: What is wrong and what to do.
    """
    return RefusalError(message, line=line_of(node))


def line_of(node: exp.Expr | None) -> int | None:
    """Find the line on which a part of a tree stands, if any part of it or around it knows."""
    if node is None:
        return None
    for part in node.walk():
        line = part.meta.get("line")
        if isinstance(line, int):
            return line
    return line_of(node.parent)
