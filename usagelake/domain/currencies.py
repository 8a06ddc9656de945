"""The active ISO 4217 currencies and how many digits each has behind the point.

Source: ISO 4217, List One, as published on 2026-01-01. Codes without a minor unit (metals, XDR, test codes)
are left out: nothing can be invoiced in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODES_BY_DIGITS: Mapping[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD
        CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
        GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD
        LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB
        PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP
        SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW
        ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

#: Digits behind the point, by currency code.
CURRENCY_DIGITS: Mapping[str, int] = {
    code: digits for digits, codes in _CODES_BY_DIGITS.items() for code in codes.split()
}


def currency_digits(currency: str) -> int:
    """Tell how many digits a currency has behind the point (ISO 4217's minor unit).

    Args:
        currency: An alphabetic code, such as ``"USD"``.

    Returns:
        0 for JPY, 2 for USD, 3 for BHD, ...

    Raises:
        ConfigurationError: No active currency has that code.

    >>> currency_digits("JPY"), currency_digits("USD"), currency_digits("BHD")
    (0, 2, 3)
    """
    if currency not in CURRENCY_DIGITS:
        raise ConfigurationError(f"currency {currency!r} is no active ISO 4217 code; write one such as USD, EUR or JPY")
    return CURRENCY_DIGITS[currency]
