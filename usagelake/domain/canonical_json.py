"""One way to write JSON, so that equal values are equal bytes: what is proven again can be compared.

UTF-8, keys sorted, two spaces, one newline at the end. Floats are refused: money and quantities are strings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

JsonValue: TypeAlias = "str | int | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"


def canonical_json(value: JsonValue) -> bytes:
    r"""Write a value as canonical JSON.

    Args:
        value: Strings, whole numbers, booleans, None, and lists and mappings of them, keyed by strings.

    Raises:
        TypeError: Something in it is a float, a Decimal, a key that is no string, or otherwise no JSON;
            the message says where.

    >>> canonical_json({"b": ["1.50"], "a": 2})
    b'{\n  "a": 2,\n  "b": [\n    "1.50"\n  ]\n}\n'
    """
    _refuse_foreign(value, "$")
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=2, allow_nan=False) + "\n").encode()


def _refuse_foreign(value: object, path: str) -> None:
    if value is None or isinstance(value, str | int):
        return
    if isinstance(value, Mapping):
        for key, child in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{path}: the key {key!r} is no string")
            _refuse_foreign(child, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            _refuse_foreign(child, f"{path}[{index}]")
    else:
        kind = type(value).__name__
        raise TypeError(f"{path}: {value!r} is a {kind}; write money and quantities as strings")
