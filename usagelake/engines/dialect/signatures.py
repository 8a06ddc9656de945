"""Function signatures as text, and which of them a call fits.

`element_at(array(t), bigint) -> t := _1[_2]` reads: takes an array of any type t and a bigint, gives a t, and
is carried to DuckDB as the expression after `:=`, where `_1` is the first argument. A single letter is a
variable; `varchar...` stands for one or more; without `:=` the name and the arguments stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from usagelake.engines.dialect.sql_types import UNKNOWN, Argument, Type, coercible, common, parse_type

if TYPE_CHECKING:
    from collections.abc import Sequence

Bindings = dict[str, Argument]


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a function.

    Args:
        name: The function's lower-case name.
        params: The parameters' types, with variables.
        variadic: Whether the last parameter may be repeated.
        result: The result's type, with the same variables.
        template: The DuckDB expression, or None to keep name and arguments.
    """

    name: str
    params: tuple[Type, ...]
    variadic: bool
    result: Type
    template: str | None = None

    def match(self, types: Sequence[Type]) -> tuple[int, tuple[Type, ...], Type] | None:
        """Try the signature on arguments of these types.

        Returns:
            How many arguments must be converted, the types to convert to, and the result's type; or None.
        """
        params = self._expanded(len(types))
        if params is None:
            return None
        bindings: Bindings = {}
        if not all(_bind(param, kind, bindings) for param, kind in zip(params, types, strict=True)):
            return None
        wanted = tuple(_resolve(param, bindings) for param in params)
        if not all(_fits(kind, target) for kind, target in zip(types, wanted, strict=True)):
            return None
        changed = sum(kind not in (target, UNKNOWN) for kind, target in zip(types, wanted, strict=True))
        return changed, wanted, _resolve(self.result, bindings)

    def _expanded(self, count: int) -> tuple[Type, ...] | None:
        if self.variadic and count >= len(self.params):
            return self.params + (self.params[-1],) * (count - len(self.params))
        return self.params if count == len(self.params) else None


def _fits(kind: Type, target: Type) -> bool:
    if kind == UNKNOWN or coercible(kind, target):
        return True
    return kind.name == target.name == "timestamp with time zone" and target.args[1] == "any"


def _bind(param: Type, kind: Type, bindings: Bindings) -> bool:
    """Fix a parameter's variables from an argument's type; False when the two can never meet."""
    if kind == UNKNOWN:
        return True
    if param.name == "variable":
        name = str(param.args[0])
        bound = bindings.get(name)
        met = kind if bound is None else common(_type(bound), kind)
        if met is None:
            return False
        bindings[name] = met
        return True
    if param.name != kind.name:
        return not any(isinstance(part, str) for part in param.args)
    for part, given in zip(param.args, kind.args, strict=True):
        if isinstance(part, Type):
            if not isinstance(given, Type) or not _bind(part, given, bindings):
                return False
        elif isinstance(part, str) and part not in ("utc", "any"):
            bound = bindings.get(part, given)
            assert isinstance(bound, int) and isinstance(given, int)  # noqa: PT018
            bindings[part] = max(bound, given)
    return True


def _type(bound: Argument) -> Type:
    assert isinstance(bound, Type)
    return bound


def _resolve(kind: Type, bindings: Bindings) -> Type:
    if kind.name == "variable":
        bound = bindings.get(str(kind.args[0]), UNKNOWN)
        return _type(bound)
    return Type(kind.name, tuple(_resolve_argument(part, bindings) for part in kind.args))


def _resolve_argument(part: Argument, bindings: Bindings) -> Argument:
    if isinstance(part, Type):
        return _resolve(part, bindings)
    if isinstance(part, str) and part not in ("utc", "any"):
        return bindings.get(part, 6)
    return part


_SIGNATURE = re.compile(r"(?P<name>\w+)\((?P<params>.*?)\) -> (?P<result>[^:]+?)(?: := (?P<template>.+))?")


@cache
def parse_signatures(text: str) -> tuple[Signature, ...]:
    """Read a table of signatures, one a line.

    Example:
        >>> parse_signatures("lower(varchar) -> varchar")[0].match([Type("varchar")])
        (0, (Type(name='varchar', args=()),), Type(name='varchar', args=()))
    """
    return tuple(_parse(line.strip()) for line in text.strip().splitlines() if line.strip())


def _parse(line: str) -> Signature:
    match = _SIGNATURE.fullmatch(line)
    assert match is not None, line
    params = [part for part in _split(match["params"]) if part]
    variadic = bool(params) and params[-1].endswith("...")
    return Signature(
        name=match["name"],
        params=tuple(parse_type(part.removesuffix("...")) for part in params),
        variadic=variadic,
        result=parse_type(match["result"]),
        template=match["template"],
    )


def _split(text: str) -> list[str]:
    """Split at the commas that stand outside parentheses."""
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]
