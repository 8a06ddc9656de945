"""Landing lines at the edges of JSON, of the contract and of both engines' readers."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_REQUEST = (
    '"requestTimeEpoch":"1759665600123","apiId":"a","stage":"prod","apiKeyId":"k1","httpMethod":"GET",'
    '"resourcePath":"/pets","status":"200","responseLength":"12"'
)
_EVENT = (
    '"timestamp":"2025-10-05T12:00:00Z","event_type":"internal_model_total_tokens","properties":'
    '{"usage":5,"resource_id":"db1","model":"m1"}'
)
VALUES = (
    "1", "0", "-1", "1.0", "1e3", "1E3", "1.5", "01", "+1", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "123456789012345678901234567890", "0.1e1", "true", "false", "null", "{}", "[]", '""', '"-"',
    '" "', '"1"', '"01"', '"+1"', '"-1"', '"1.0"', '"٣"', '"9223372036854775807"', '"9223372036854775808"', '"NaN"',
    "NaN", "Infinity", "nul", "'x'", '"é"', '"\\u00e9"', '"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', '"\\x"',
    '"a\tb"', '"\x7f"', '"\u00a0"', '"\u2028"', '"\\/"', '"/"', '"200"', "200", '"099"', '"600"', '"2 00"',
    "-0", "-0.0", "1.7e12", "1E-7", "1e400", "-1e400", "1e99999999999", '"Infinity"', '"-Infinity"',
    "9" * 2000, "1." + "1" * 2000,
    '"\\ud800}{"', '"\\ud800} {\\"id\\":1}"', '"}{\\udc00"', "[" * 997 + "]" * 997,
    '"200\\n"', '"253402300799999"', '"253402300800000"', "253402300799999", '"0"', "0", "[1]", '{"a":1}',
)  # fmt: skip
TIMES = (
    "2025-10-31T23:59:59.999999999Z", "2025-11-01T00:00:00Z", "2025-10-31T23:59:60Z", "2025-10-31T24:00:00Z",
    "2025-02-29T00:00:00Z", "2024-02-29T00:00:00Z", "0001-01-01T00:00:00Z", "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999Z", "2025-10-05T12:00:00", "2025-10-05T12:00:00+00:00", "2025-10-05 12:00:00Z",
    "2025-10-05T12:00:00.Z", "2025-10-05T12:00:00.1Z", "2025-10-05t12:00:00z", "2025-10-05T12:00Z", "20251005T120000Z",
    "2025-13-01T00:00:00Z", "2025-00-01T00:00:00Z", "2025-10-05T12:00:00Z ", "2025-10-05T12:00:00.1234567890Z",
    "1582-10-10T00:00:00Z", "1969-12-31T23:59:59.999999Z",
    *(f"2025-10-31T{hour:02}:30:00Z" for hour in range(24)),
    *(f"2025-11-01T{hour:02}:00:00.000001Z" for hour in range(24)),
)  # fmt: skip
REQUEST_MEMBERS = (
    "extendedRequestId", "requestTimeEpoch", "apiKeyId", "status", "responseLength", "requestLength",
    "responseLatency", "apiId", "resourcePath", "sourceIp",
)  # fmt: skip
WHOLE_LINES = (
    "", " ", "\t", "{}", "[]", "1", '"x"', "null", "true", "not json", "{", "}", "}{", "{}{}", "{} {}", '{"id":"a"}x',
    '{"id":"a",}', '{"id":"a" "b":1}', "{'id':'a'}", '{"id":"a"}//c', '{"id":"a"}{"id":"b"', "\\N", "\x01", "\x00",
    '{"a":"}{"}', '{"a":"} {"}{"b":1}', "[" * 600 + "]" * 600, "[" * 1000 + "]" * 1000, "[" * 1001 + "]" * 1001,
    '{"a":"' + "{" * 999 + '"}', '{"a":"' + "{" * 1000 + '"}', "[" * 200_000 + "]" * 200_000, "[" * 5000,
    '{"id":' + "[" * 3000 + "]" * 3000 + "}", "}" * 2000 + "{" * 2000,
    '{"a":' * 300 + "1" + "}" * 300, "\u00a0{}", "\u2028",
    "\x0b{}", "\x0c", "\x1f{}", "\ufeff{}", '{"\\u0069d":"x"}',
)  # fmt: skip

REPEATED_IN_EVENTS = (
    '"product":"a","product":"b",{rest}',
    '"product":"a",{rest},"product":5',
    '{rest},"timestamp":"x","event_type":9,"properties":{{"usage":9,"resource_id":"other"}}',
    '"properties":null,{rest}',
    '"properties":{{"usage":1,"usage":2,"resource_id":"db1","resource_id":7,"model":"m1","model":{{}}}},{rest}',
    '"id":"other",{rest}',
    '{rest},"\\u0069d":null',
    '"pro\\u0064uct":"escaped","product":"plain",{rest}',
)
"""Members that stand twice: the first is read."""

REPEATED_IN_REQUESTS = (
    '{rest},"status":"500","requestTimeEpoch":"0","apiKeyId":[]',
    '"status":null,"apiKeyId":"-","responseLength":"7",{rest}',
    '"\\u0073tatus":"404",{rest}',
    '"extendedRequestId":7,{rest}',
)


def write_landing(landing: Path) -> None:
    """Write objects that hold every line; each line is the only one with its id."""
    requests = [_with(_REQUEST, "extendedRequestId", f"r{number}") for number in range(2)]
    events = [_with(_EVENT, "id", f"e{number}") for number in range(2)]
    for member in REQUEST_MEMBERS:
        for number, value in enumerate(VALUES):
            rest = ",".join(part for part in _REQUEST.split(",") if not part.startswith(f'"{member}"'))
            own = "" if member == "extendedRequestId" else f'"extendedRequestId":"{member}{number}",'
            requests.append(f'{{{own}"{member}":{value},{rest}}}')
    for number, value in enumerate(VALUES):
        events += [
            f'{{"id":{value},{_EVENT}}}',
            f'{{"id":"t{number}",{_EVENT.replace(json.dumps("2025-10-05T12:00:00Z"), value)}}}',
            f'{{"id":"y{number}",{_EVENT.replace(json.dumps("internal_model_total_tokens"), value)}}}',
            f'{{"id":"u{number}",{_EVENT.replace(":5", ":" + value)}}}',
            f'{{"id":"s{number}",{_EVENT.replace(json.dumps("db1"), value)}}}',
            f'{{"id":"m{number}",{_EVENT.replace(json.dumps("m1"), value)}}}',
            f'{{"id":"p{number}","product":{value},{_EVENT}}}',
            f'{{"id":"spaced{number}" , "product" : {value} ,{_EVENT}}}',
        ]
    events += [
        f'{{"id":"twice{number}",{members.format(rest=_EVENT)}}}' for number, members in enumerate(REPEATED_IN_EVENTS)
    ]
    requests += [
        f'{{"extendedRequestId":"twice{number}",{members.format(rest=_REQUEST)}}}'
        for number, members in enumerate(REPEATED_IN_REQUESTS)
    ]
    events += [
        f'{{"id":"at{number}",{_EVENT.replace("2025-10-05T12:00:00Z", instant)}}}'
        for number, instant in enumerate(TIMES)
    ]
    long = '{"id":"long","x":"' + "x" * (1_048_576 - 20) + '"}'
    for prefix, lines in (("apigw_access", requests), ("data-api", events)):
        folder = landing / prefix / "2025/10/05/12/00"
        folder.mkdir(parents=True)
        plain = "\n".join([*lines, long, long + "x", ""]).encode()
        (folder / "a.jsonl").write_bytes(plain)
        (folder / "b.jsonl").write_bytes("\n".join(WHOLE_LINES).encode())
        (folder / "c.jsonl").write_bytes("".join(f"{line} \t" for line in lines[:3]).encode() + b'\r\n{"id":"\xff"}\n')
        (folder / "d.jsonl.gz").write_bytes(gzip.compress(plain[:5000], mtime=0)[:-9])
        (folder / "e.jsonl").write_bytes(b"")
        (folder / "f.jsonl").write_bytes("\n".join(f"{line}\r" for line in lines[3:20]).encode())


def _with(members: str, name: str, value: str) -> str:
    return f'{{"{name}":"{value}",{members}}}'
