"""One table of a TOML file, read key by key, with every fault gathered under the table's place."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING

from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_PRICE = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")
_LARGEST = 2**63 - 1
_EXPONENT = re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]+")


@dataclass(frozen=True, slots=True)
class FloatLiteral:
    """A float as the file writes it. It exists to be refused: 0.1 has no exact float."""

    text: str


def _shown(value: object) -> str:
    """Write a wrong value as its owner would recognise it."""
    match value:
        case FloatLiteral(text):
            return f"the float {text}"
        case bool():
            return "true" if value else "false"
        case int() if abs(value) > _LARGEST:
            return "a number of more than 64 bits"
        case dict() | list():
            return "a table or an array"
        case date():
            return str(value)
        case _:
            return repr(value)


def parse_toml(text: str, where: str) -> Mapping[str, object]:
    """Read a TOML text, with floats as :class:`FloatLiteral`.

    Args:
        text: The text; a byte order mark may begin it.
        where: The file's name, for messages.

    Raises:
        ConfigurationError: It is not valid TOML.
    """
    try:
        return tomllib.loads(text.removeprefix("\ufeff"), parse_float=FloatLiteral)
    except RecursionError:
        raise ConfigurationError(f"{where}: not valid TOML: it is nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError, and a whole number of more digits than Python reads
        raise ConfigurationError(f"{where}: not valid TOML: {error}") from error


class Table:
    """One TOML table.

    Every reader returns a harmless stand-in after it has noted a fault, so that reading goes on and finds the
    other faults too. Whoever loads the file raises at its end when any was noted; no stand-in gets out.

    Args:
        values: The table as tomllib gives it, with floats as :class:`FloatLiteral`.
        place: What a message names: the file, plan, version and charge.
        faults: Where faults are gathered, shared by all tables of the file.
    """

    def __init__(self, values: Mapping[str, object], place: str, faults: list[str]) -> None:
        self.values = values
        self.place = place
        self.faults = faults

    def fault(self, what: str) -> None:
        """Note a fault of this table."""
        self.faults.append(f"{self.place}: {what}")

    def has(self, key: str) -> bool:
        """Tell whether the table has a key."""
        return key in self.values

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Note every key that is not among the known ones, and what was probably meant."""
        for key in self.values:
            if key not in known:
                close = get_close_matches(key, known, n=1)
                hint = f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
                self.fault(f"unknown key {key!r}; {hint}")

    def text(self, key: str) -> str:
        """Read a string that is required, and neither empty nor padded with white space."""
        if not self._present(key):
            return ""
        value = self.values[key]
        if not isinstance(value, str):
            self.fault(f"{key} is {_shown(value)}; write a string in quotes")
        elif value.strip() != value or not value:
            self.fault(f"{key} is {value!r}; it must not be empty or have white space around it")
        else:
            return value
        return ""

    def choice(self, key: str, options: Collection[str], *, default: str | None = None) -> str | None:
        """Read one of several words; None after a fault."""
        if default is not None and not self.has(key):
            return default
        if not self._present(key):
            return None
        value = self.values[key]
        if isinstance(value, str) and value in options:
            return value
        self.fault(f"{key} is {_shown(value)}; write one of {', '.join(options)}")
        return None

    def price(self, key: str, *, default: Decimal | None = None) -> Decimal:
        """Read an amount: a string with a plain decimal, zero or more, at most 18 digits each side."""
        if default is not None and not self.has(key):
            return default
        if not self._present(key):
            return Decimal(0)
        value = self.values[key]
        if isinstance(value, str) and _PRICE.fullmatch(value):
            return Decimal(value)
        self.fault(f"{key} is {_shown(value)}; {_price_advice(key, value)}")
        return Decimal(0)

    def whole_number(self, key: str, *, at_least: int, default: int | None = None) -> int:
        """Read a whole number, of 64 bits as TOML defines it."""
        if default is not None and not self.has(key):
            return default
        if not self._present(key):
            return at_least
        value = self.values[key]
        if isinstance(value, int) and not isinstance(value, bool) and at_least <= value <= _LARGEST:
            return value
        self.fault(f"{key} is {_shown(value)}; write a whole number of at least {at_least}, without quotes")
        return at_least

    def flag(self, key: str) -> bool:
        """Read true or false; false when the key is missing."""
        value = self.values.get(key, False)
        if isinstance(value, bool):
            return value
        self.fault(f"{key} is {_shown(value)}; write true or false")
        return False

    def day(self, key: str) -> date | None:
        """Read a date without a time; None after a fault."""
        if not self._present(key):
            return None
        value = self.values[key]
        if type(value) is date:  # a datetime is a date too, and is not meant
            return value
        self.fault(f"{key} is {_shown(value)}; write a date without quotes and time, such as 2026-01-01")
        return None

    def tables(self, key: str, *, written: str) -> Iterator[tuple[int, Mapping[str, object]]]:
        """Read an array of tables that must have at least one.

        Args:
            key: The array's key.
            written: How a table of it is written in the file, for the message.

        Yields:
            Each table with its number, counted from 1.
        """
        value = self.values.get(key, [])
        if not isinstance(value, list):
            self.fault(f"{key} is {_shown(value)}; write {written}")
            return
        if not value:
            self.fault(f"{key} is missing or empty; write at least one {written}")
        for number, values in enumerate(value, start=1):
            if isinstance(values, dict):
                yield number, values
            else:
                self.fault(f"{key} number {number} is {_shown(values)}; write {written}")

    def _present(self, key: str) -> bool:
        if not self.has(key):
            self.fault(f"{key} is missing")
            return False
        return True


def _price_advice(key: str, value: object) -> str:
    match value:
        case FloatLiteral(text) if _PRICE.fullmatch(text):
            return f'a float is not exact: write {key} = "{text}"'
        case bool():
            pass
        case int() if 0 <= value <= _LARGEST:
            return f'write a string in quotes: {key} = "{value}"'
        case str() if value.startswith("-"):
            return "it must not be negative"
        case str() if _EXPONENT.fullmatch(value):
            return "write it out, without an exponent"
        case _:
            pass
    return 'write a plain decimal in quotes, such as "0.0035", with at most 18 digits on each side of the point'
