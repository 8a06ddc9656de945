"""Money: Decimal, exact until the one place where a line is rounded, and never a float.

Amounts are computed in a context of this module's own, so that nothing depends on the ambient one. Its
traps turn every silent loss into an exception: ``Inexact`` when 60 digits were not enough, ``FloatOperation``
when a float was mixed in.
"""

from __future__ import annotations

from contextlib import contextmanager
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)
from typing import TYPE_CHECKING

from usagelake.domain.currencies import currency_digits

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIGITS = 60
_ALWAYS_TRAPPED = [InvalidOperation, DivisionByZero, Overflow, FloatOperation]
_EXACT = Context(prec=_DIGITS, traps=[*_ALWAYS_TRAPPED, Inexact])
_ROUNDING = Context(prec=_DIGITS, rounding=ROUND_HALF_UP, traps=_ALWAYS_TRAPPED)
_CUTTING = Context(prec=_DIGITS, rounding=ROUND_DOWN, traps=_ALWAYS_TRAPPED)

#: How many decimals of a share are kept when its digits do not end.
SHARE_DECIMALS = 12


@contextmanager
def exact_arithmetic() -> Iterator[None]:
    """Compute exactly: as a ``with`` block, or as a decorator of a function.

    Raises:
        decimal.Inexact: A result inside needed more than 60 digits.
        decimal.FloatOperation: A float was made a Decimal, or compared with one, inside.

    >>> with exact_arithmetic():
    ...     Decimal(3) * Decimal("0.0035")
    Decimal('0.0105')
    """
    with localcontext(_EXACT):
        yield


def round_amount(exact: Decimal, currency: str) -> Decimal:
    """Round an exact amount to what the currency can pay. Nothing else in the product rounds money.

    Halves go up (away from zero), to the currency's ISO 4217 exponent, once per invoice line.

    Args:
        exact: The amount, in units of the currency (dollars, not cents).
        currency: Its ISO 4217 code.

    Returns:
        The amount with exactly the currency's digits; a zero is never negative.

    Raises:
        ConfigurationError: The currency is unknown.
        decimal.FloatOperation: The amount is a float.

    >>> round_amount(Decimal("14.045"), "USD"), round_amount(Decimal("0.5"), "JPY")
    (Decimal('14.05'), Decimal('1'))
    """
    with localcontext(_ROUNDING):
        # Decimal() changes no Decimal, and raises where a float came this far.
        rounded = Decimal(exact).quantize(Decimal(1).scaleb(-currency_digits(currency)))
        return rounded.copy_abs() if rounded.is_zero() else rounded


def share_of(amount: Decimal, part: int, whole: int) -> Decimal:
    """Take ``part / whole`` of an amount, such as the assigned hours of a period's hours.

    Digits that do not end are cut, never rounded, behind the 12th decimal. Cutting keeps :func:`round_amount`
    right: it never lifts an amount over a half that the true share does not reach.

    Args:
        amount: The whole amount, zero or more, in units of its currency.
        part: What is taken, from 0 to ``whole``.
        whole: What it is taken of, at least 1.

    >>> share_of(Decimal("10"), 1, 3), share_of(Decimal("10.00"), 744, 744)
    (Decimal('3.333333333333'), Decimal('10.00'))
    """
    if part == whole:
        return amount
    with localcontext(_CUTTING):
        return (amount * Decimal(part) / whole).quantize(Decimal(1).scaleb(-SHARE_DECIMALS))


def format_exact(value: Decimal) -> str:
    """Write an exact amount or a price: plain, without an exponent and without trailing zeros.

    >>> format_exact(Decimal("14.0420")), format_exact(Decimal("1E+3")), format_exact(Decimal("-0.00"))
    ('14.042', '1000', '0')
    """
    if value.is_zero():
        return "0"
    with exact_arithmetic():
        return format(value.normalize(), "f")


def format_amount(amount: Decimal, currency: str) -> str:
    """Write a rounded amount with the digits of its currency.

    Raises:
        decimal.Inexact: The amount is finer than the currency: it was never rounded.
        ConfigurationError: The currency is unknown.

    >>> format_amount(Decimal("25"), "USD"), format_amount(Decimal("25"), "JPY")
    ('25.00', '25')
    """
    with exact_arithmetic():
        amount = amount.quantize(Decimal(1).scaleb(-currency_digits(currency)))
    return format(amount.copy_abs() if amount.is_zero() else amount, "f")
