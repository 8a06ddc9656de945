"""The allow-list of functions: what may be called, with which types, and how DuckDB is asked for it.

A function that is not here is refused before anything runs. The tables of the themes (`texts.py`, `times.py` …)
hold plain ones as signatures; a function that needs a look at its arguments is Python beside its table.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from sqlglot import exp

from usagelake.engines.dialect.refusal import refuse
from usagelake.engines.dialect.signatures import Signature, parse_signatures
from usagelake.engines.dialect.typed import Typed, build, call, coerce

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from usagelake.engines.dialect.context import Context
    from usagelake.engines.dialect.refusal import RefusalError
    from usagelake.engines.dialect.sql_types import Type

    Carry = Callable[["Call"], Typed]


class TypesExpressions(Protocol):
    """What carries an expression to DuckDB; the compiler does."""

    def typed(self, node: exp.Expr, context: Context) -> Typed:
        """Carry one expression."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function as it stands in a statement.

    Args:
        compiler: Carries the arguments.
        node: The call.
        context: Where it stands.
    """

    compiler: TypesExpressions
    node: exp.Anonymous
    context: Context

    @property
    def name(self) -> str:
        """The function's name in lower case."""
        return str(self.node.name).lower()

    @property
    def written(self) -> list[exp.Expr]:
        """The arguments as they are written."""
        return list(self.node.expressions)

    def values(self, *, at_least: int = 0, at_most: int | None = None) -> list[Typed]:
        """Carry the arguments, once their number is right."""
        count = len(self.written)
        if count < at_least or (at_most is not None and count > at_most):
            raise self.refuse(f"{self.name} does not take {count} arguments")
        return [self.compiler.typed(argument, self.context) for argument in self.written]

    def text(self, place: int) -> str:
        """An argument that must be a text written out."""
        argument = self.written[place] if place < len(self.written) else None
        if not (isinstance(argument, exp.Literal) and argument.is_string):
            raise self.refuse(f"argument {place + 1} of {self.name} must be a text written out")
        return str(argument.name)

    def integer(self, place: int) -> int:
        """An argument that must be an integer written out."""
        argument = self.written[place] if place < len(self.written) else None
        sign = 1
        if isinstance(argument, exp.Neg):
            sign, argument = -1, argument.this
        if not (isinstance(argument, exp.Literal) and not argument.is_string and argument.name.isdigit()):
            raise self.refuse(f"argument {place + 1} of {self.name} must be an integer written out")
        return sign * int(argument.name)

    def refuse(self, message: str) -> RefusalError:
        """Make a refusal that names the call's line."""
        return refuse(self.node, message)


@dataclass(slots=True)
class Function:
    """A function of the allow-list.

    Args:
        name: Its lower-case name.
        kind: `scalar`, `aggregate` or `window`.
        signatures: How it may be called.
        carry: What carries a call, where signatures are not enough.
    """

    name: str
    kind: str = "scalar"
    signatures: list[Signature] = field(default_factory=list)
    carry: Carry | None = None


REGISTRY: dict[str, Function] = {}


def declare(table: str, *, kind: str = "scalar") -> None:
    """Add the functions of a table of signatures (see `signatures.py`)."""
    for signature in parse_signatures(table):
        _entry(signature.name, kind).signatures.append(signature)


def carries(*names: str, kind: str = "scalar") -> Callable[[Carry], Carry]:
    """Add functions that a piece of Python carries."""

    def add(carry: Carry) -> Carry:
        for name in names:
            _entry(name, kind).carry = carry
        return carry

    return add


def _entry(name: str, kind: str) -> Function:
    return REGISTRY.setdefault(name, Function(name, kind))


def lookup(node: exp.Anonymous) -> Function:
    """Find a function of the allow-list.

    Raises:
        RefusalError: It is not on the list; near names are told.
    """
    name = str(node.name).lower()
    if name in REGISTRY:
        return REGISTRY[name]
    near = difflib.get_close_matches(name, [*REGISTRY, *_INSTEAD], n=3)
    hint = _INSTEAD.get(name) or (f"did you mean {' or '.join(near)}?" if near else "")
    raise refuse(node, f"function {name} is not carried{': ' + hint if hint else ''}")


_INSTEAD = {
    "position": "write strpos(text, part)",
    "substring": "write substr(text, start, length)",
    "now": "pass the time as a parameter",
    "random": "a result must be the same each time",
    "uuid": "a result must be the same each time",
    "read_csv": "a query reads tables, not files",
    "read_json": "a query reads tables, not files",
    "read_parquet": "a query reads tables, not files",
    "read_text": "a query reads tables, not files",
    "read_blob": "a query reads tables, not files",
    "glob": "a query reads tables, not files",
    "list": "write array_agg(…)",
    "len": "write length(…) or cardinality(…)",
    "epoch": "write to_unixtime(…)",
    "strftime": "write date_format(…)",
    "ifnull": "write coalesce(…)",
    "group_concat": "write listagg(…) WITHIN GROUP (ORDER BY …)",
    "string_agg": "write listagg(…) WITHIN GROUP (ORDER BY …)",
    "first": "write min_by(value, order)",
    "last": "write max_by(value, order)",
    "regexp_matches": "write regexp_like(text, pattern)",
    "json_extract_string": "write json_extract_scalar(json, path)",
}


def choose(function: Function, values: Sequence[Typed], node: exp.Expr) -> tuple[Signature, list[Typed], Type]:
    """Pick the signature that needs the fewest conversions, and convert the arguments to it.

    Raises:
        RefusalError: No signature takes arguments of these types.
    """
    types = [value.type for value in values]
    best: tuple[int, Signature, tuple[Type, ...], Type] | None = None
    for signature in function.signatures:
        match = signature.match(types)
        if match is not None and (best is None or match[0] < best[0]):
            best = (match[0], signature, match[1], match[2])
    if best is None:
        given = ", ".join(str(kind) for kind in types)
        takes = "; ".join(_shown(signature) for signature in function.signatures)
        raise refuse(node, f"{function.name}({given}) does not exist: it takes {takes}; cast the arguments")
    _, signature, wanted, result = best
    converted = [Typed(coerce(value, kind), kind) for value, kind in zip(values, wanted, strict=True)]
    return signature, converted, result


def _shown(signature: Signature) -> str:
    params = ", ".join(map(str, signature.params))
    return f"({params}{', …' if signature.variadic else ''})"


def write(signature: Signature, values: Sequence[Typed]) -> exp.Expr:
    """Write the DuckDB expression of a signature."""
    nodes = [value.node for value in values]
    if signature.template is None:
        return call(signature.name, *nodes)
    return build(signature.template, *nodes)


def scalar(site: Call, function: Function) -> Typed:
    """Carry a call of a scalar function."""
    if function.carry is not None:
        return function.carry(site)
    signature, values, result = choose(function, site.values(), site.node)
    return Typed(write(signature, values), result)


def aggregates() -> Mapping[str, Function]:
    """The aggregate functions by name."""
    return {name: function for name, function in REGISTRY.items() if function.kind == "aggregate"}
