r"""What a DuckDB connection needs before carried statements run: settings, and macros for Trino's functions.

A macro repeats its arguments, which costs nothing (equal subexpressions are computed once), and holds no
subquery: one that did captured the caller's `count(*)` and was silently wrong. A macro fails by casting its
message to a number or a time, because DuckDB's `error()` cannot stand in `try()`.
"""

from __future__ import annotations

SETTINGS: tuple[str, ...] = (
    "SET TimeZone = 'UTC'",
    "SET integer_division = true",
    "SET default_null_order = 'nulls_last'",
    "SET scalar_subquery_error_on_multiple_rows = true",
)

_SPACES = "[\\t-\\r\\x1c-\\x20\\x{1680}\\x{2000}-\\x{2006}\\x{2008}-\\x{200a}\\x{2028}\\x{2029}\\x{205f}\\x{3000}]"
_CLOCK = r"([01]?\d|2[0-3]):[0-5]?\d(:[0-5]?\d(\.\d{1,6})?)?"
_LONG_CLOCK = r"([01]?\d|2[0-3]):[0-5]?\d(:[0-5]?\d(\.\d+)?)?"
_DAY = r"\d{4}-\d{1,2}-\d{1,2}"
_ZONE = r"( ?(Z|UTC|GMT|[+-]\d\d:\d\d))?"
_ISO = r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?"

# Whitespace as Java's Character.isWhitespace has it. The guard is cheap: a text that begins and ends with a
# visible ASCII character is left alone.
_SPACE_AT = "{0} < '!' OR {0} >= chr(5760)"

_TEXT = rf"""
athena_ltrim(x) AS CASE WHEN {_SPACE_AT.format("x")}
    THEN regexp_replace(x, '^{_SPACES}+', '') ELSE x END;
athena_rtrim(x) AS CASE WHEN {_SPACE_AT.format("x[-1]")}
    THEN regexp_replace(x, '{_SPACES}+\z', '') ELSE x END;
athena_trim(x) AS CASE WHEN {_SPACE_AT.format("x")} OR {_SPACE_AT.format("x[-1]")}
    THEN regexp_replace(regexp_replace(x, '^{_SPACES}+', ''), '{_SPACES}+\z', '') ELSE x END;
athena_substr(x, start, size) AS CASE
    WHEN x IS NULL OR start IS NULL OR size IS NULL THEN NULL
    WHEN start = 0 OR size <= 0 OR abs(start) > length(x) THEN ''
    WHEN start > 0 THEN substr(x, start, size)
    ELSE substr(x, length(x) + start + 1, size) END;
athena_from_hex_digits(x) AS CASE
    WHEN x IS NULL THEN NULL
    WHEN regexp_full_match(x, '[0-9a-fA-F]+') THEN CAST('0x' || x AS BIGINT)
    ELSE CAST('Not a valid base-16 number: ' || x AS BIGINT) END;
"""

_CASTS = rf"""
athena_is_integer(x) AS regexp_full_match(x, '[+-]?[0-9]+');
athena_is_decimal(x) AS regexp_full_match(x, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?');
athena_is_double(x) AS regexp_full_match(
    x, '\s*[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|NaN|Infinity)\s*');
athena_is_boolean(x) AS lower(x) IN ('t', 'f', '1', '0', 'true', 'false');
athena_read_date(x) AS CASE WHEN regexp_full_match(athena_trim(x), '{_DAY}') THEN TRY_CAST(athena_trim(x) AS DATE) END;
athena_date(x) AS CASE WHEN athena_read_date(x) IS NULL AND x IS NOT NULL
    THEN CAST('Value cannot be cast to date: ' || x AS DATE) ELSE athena_read_date(x) END;
athena_cut_timestamp(x) AS CASE
    WHEN regexp_full_match(x, '{_DAY}( {_CLOCK})?') THEN TRY_CAST(x AS TIMESTAMP)
    WHEN regexp_full_match(athena_trim(x), '{_DAY}( {_LONG_CLOCK}{_ZONE})?')
    THEN TRY_CAST(regexp_extract(athena_trim(x), '^{_DAY}( [0-9:]+(\.\d{{1,6}})?)?') AS TIMESTAMP) END;
athena_round_timestamp_0(x) AS date_trunc('second', x + INTERVAL 500 MILLISECOND);
athena_round_timestamp_3(x) AS date_trunc('millisecond', x + INTERVAL 500 MICROSECOND);
athena_read_timestamp_0(x) AS athena_round_timestamp_0(athena_cut_timestamp(x));
athena_read_timestamp_3(x) AS athena_round_timestamp_3(athena_cut_timestamp(x));
athena_read_timestamp_6(x) AS CASE WHEN strlen(x) > 26 AND regexp_matches(x, '\.\d{{6}}[5-9]')
    THEN athena_cut_timestamp(x) + INTERVAL 1 MICROSECOND ELSE athena_cut_timestamp(x) END;
"""

_TIMES = rf"""
athena_from_unixtime(x) AS make_timestamp(CAST(round(x * 1000) AS BIGINT) * 1000);
athena_epoch_ms(x) AS epoch_us(date_trunc('millisecond', x)) // 1000;
athena_iso_clock(x) AS TRY_CAST(
    replace(regexp_extract(x, '^{_DAY}(T[0-9:]+([.,]\d{{1,3}})?)?'), ',', '.') AS TIMESTAMP);
athena_iso_offset(x) AS CASE WHEN regexp_matches(x, 'T.*[+-]\d\d:?\d\d$')
    THEN to_minutes(CAST(regexp_extract(x, '([+-])(\d\d):?(\d\d)$', 1) || '1' AS BIGINT) * (
        CAST(regexp_extract(x, '([+-])(\d\d):?(\d\d)$', 2) AS BIGINT) * 60
        + CAST(regexp_extract(x, '([+-])(\d\d):?(\d\d)$', 3) AS BIGINT)))
    ELSE INTERVAL 0 MINUTE END;
athena_from_iso8601(x) AS CASE
    WHEN x IS NULL THEN NULL
    WHEN regexp_full_match(x, '{_ISO}') AND athena_iso_clock(x) IS NOT NULL
    THEN athena_iso_clock(x) - athena_iso_offset(x)
    ELSE CAST('Invalid format: "' || x || '"' AS TIMESTAMP) END;
athena_month_rest(a, b) AS CASE WHEN CAST(last_day(b) AS DATE) = CAST(b AS DATE) AND day(a) > day(b)
    THEN (day(b) - 1) * 86400000 + athena_epoch_ms(a) - athena_epoch_ms(date_trunc('day', a))
    ELSE athena_epoch_ms(a) - athena_epoch_ms(date_trunc('month', a)) END;
athena_months_up(a, b) AS (year(b) - year(a)) * 12 + month(b) - month(a) - CASE
    WHEN athena_epoch_ms(b) - athena_epoch_ms(date_trunc('month', b)) < athena_month_rest(a, b) THEN 1 ELSE 0 END;
athena_months_between(a, b) AS CASE WHEN b < a THEN -athena_months_up(b, a) ELSE athena_months_up(a, b) END;
athena_year_place(a, leap) AS (month(a) * 100 + CASE WHEN month(a) = 2 AND day(a) = 29 AND NOT leap THEN 28
    ELSE day(a) END) * 86400000 + athena_epoch_ms(a) - athena_epoch_ms(date_trunc('day', a));
athena_is_leap(a) AS dayofyear(make_date(year(a), 12, 31)) = 366;
athena_years_up(a, b) AS year(b) - year(a)
    - CASE WHEN athena_year_place(b, true) < athena_year_place(a, athena_is_leap(b)) THEN 1 ELSE 0 END;
athena_years_between(a, b) AS CASE WHEN b < a THEN -athena_years_up(b, a) ELSE athena_years_up(a, b) END;
"""

# DuckDB takes a comma before a closing bracket, nan and inf for JSON; RFC 8259 does not. What may be loose almost never
# is, so that the texts in quotes are seldom taken out; each pattern begins with one character, which RE2 looks for six
# times faster than for one of several. In an object without arrays, a value stands after a colon and nowhere else.
# CASE, because DuckDB evaluates both sides of AND.
_JSON = r"""
athena_may_be_loose_object(x) AS regexp_matches(x, ',[ \t\r\n]*\}')
    OR regexp_matches(x, ':[ \t\r\n]*-?[nNiI][aAnN][nNfF]');
athena_may_be_loose_json(x) AS regexp_matches(x, ',[ \t\r\n]*([}\]]|-?[nNiI][aAnN][nNfF])')
    OR regexp_matches(x, ':[ \t\r\n]*-?[nNiI][aAnN][nNfF]') OR regexp_matches(x, '\[[ \t\r\n]*-?[nNiI][aAnN][nNfF]')
    OR regexp_matches(x, '^[ \t\r\n]*-?[nNiI]');
athena_is_loose_json(x) AS CASE
    WHEN CASE WHEN starts_with(x, '{') AND NOT contains(x, '[') THEN athena_may_be_loose_object(x)
        ELSE athena_may_be_loose_json(x) END
    THEN regexp_matches(regexp_replace(x, '"(\\.|[^"\\])*"', '""', 'g'), ',[ \t\r\n]*[}\]]|[nN][aA][nN]|[iI][nN][fF]')
    ELSE false END;
athena_is_json(x) AS CASE WHEN json_valid(x) THEN NOT athena_is_loose_json(x) ELSE false END;
athena_json_or_null(x) AS CASE WHEN athena_is_json(x) THEN x END;
athena_json_parse(x) AS CASE
    WHEN x IS NULL OR athena_is_json(x) THEN x
    ELSE CAST(CAST('Cannot convert value to JSON: ' || x AS INTEGER) AS VARCHAR) END;
athena_json_scalar(t, j, p) AS CASE
    WHEN t = '0' OR (t >= '[' AND t < '\') OR (t >= '{' AND t < '|') THEN
        CASE try(json_type(j, p)) WHEN 'VARCHAR' THEN t WHEN 'UBIGINT' THEN t WHEN 'BIGINT' THEN '-0' END
    ELSE t END;
athena_json_raw(r, j, p) AS CASE
    WHEN r = '0' THEN CASE try(json_type(j, p)) WHEN 'BIGINT' THEN '-0' ELSE '0' END ELSE r END;
athena_json_raw_scalar(r, j, p) AS CASE
    WHEN r LIKE '"%' THEN CASE WHEN contains(r, '\') THEN json_extract_string(r, '$') ELSE replace(r, '"', '') END
    WHEN r = 'null' OR r LIKE '[%' OR r LIKE '{%' THEN NULL
    ELSE athena_json_raw(r, j, p) END;
athena_json_size(j, p) AS CASE
    WHEN try(json_type(j, p)) IS NULL THEN NULL
    WHEN json_type(j, p) = 'ARRAY' THEN CAST(json_array_length(j, p) AS BIGINT)
    WHEN json_type(j, p) = 'OBJECT' THEN len(json_keys(j, p)) ELSE 0 END;
athena_json_array_length(j) AS CASE try(json_type(j)) WHEN 'ARRAY' THEN CAST(json_array_length(j) AS BIGINT) END;
athena_is_json_scalar(j) AS json_type(j) NOT IN ('ARRAY', 'OBJECT');
athena_json_array_contains(j, x) AS CASE try(json_type(j))
    WHEN 'ARRAY' THEN list_contains(json_extract(j, '$[*]'), to_json(x)) END;
athena_json_as_text(j) AS CASE WHEN json_type(j) IN ('ARRAY', 'OBJECT') THEN NULL ELSE json_extract_string(j, '$') END;
"""

_ARRAYS = """
athena_in_list(x, xs) AS CASE WHEN len(xs) = 0 THEN false WHEN x IS NULL THEN NULL ELSE list_contains(xs, x) END;
athena_contains(xs, x) AS CASE
    WHEN xs IS NULL OR x IS NULL THEN NULL
    WHEN list_contains(xs, x) THEN true
    WHEN len(xs) > list_count(xs) THEN NULL ELSE false END;
athena_array_max(xs) AS CASE WHEN len(xs) > list_count(xs) THEN NULL ELSE list_max(xs) END;
athena_array_min(xs) AS CASE WHEN len(xs) > list_count(xs) THEN NULL ELSE list_min(xs) END;
athena_subscript(xs, i) AS CASE
    WHEN xs IS NULL OR i IS NULL THEN NULL
    WHEN i < 1 OR i > len(xs) THEN xs[CAST('Array subscript out of bounds: ' || i AS BIGINT)]
    ELSE xs[i] END;
"""


def _macros(*texts: str) -> tuple[str, ...]:
    return tuple(
        f"CREATE OR REPLACE TEMP MACRO {' '.join(macro.split())}"
        for text in texts
        for macro in text.strip().removesuffix(";").split(";\n")
    )


SESSION_SQL: tuple[str, ...] = (*SETTINGS, *_macros(_TEXT, _CASTS, _TIMES, _JSON, _ARRAYS))
"""Run these once on each connection, and on each cursor of one: DuckDB gives a cursor a session of its own."""
