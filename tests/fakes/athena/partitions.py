"""The partitions of an external table: registered in Glue, or projected.

Of projections, a single key of type `date` (format, range, template) and keys of type `enum` are read: what landing
tables have. All objects below the template's fixed part are listed once, and each belongs to the partition whose
values its key spells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.fakes.athena.errors import StatementError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.athena.catalog import Catalog, GlueTable
    from tests.fakes.athena.objects import Objects

_JAVA = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M"}
_UNITS = {"MINUTES": 60, "HOURS": 3600, "DAYS": 86400}


@dataclass(frozen=True, slots=True)
class Part:
    """Objects that share the values of the partition's keys: bucket, key and size of each."""

    values: list[str]
    objects: list[tuple[str, str, int]]


def parts_of(table: GlueTable, objects: Objects, catalog: Catalog) -> list[Part]:
    """Give a table's objects by partition."""
    if not table.partition_keys:
        return [Part([], list(objects.listing(table.location)))]
    if table.parameters.get("projection.enabled", "").lower() == "true":
        return _projected(table, objects)
    return [Part(values, list(objects.listing(place))) for values, place in catalog.partitions(table)]


def _projected(table: GlueTable, objects: Objects) -> list[Part]:
    default = table.location.rstrip("/") + "/" + "/".join(f"{key}=${{{key}}}" for key in table.partition_keys) + "/"
    template = table.parameters.get("storage.location.template", default)
    fixed = template[: template.index("${")]
    fixed = fixed[: fixed.rindex("/") + 1]
    pattern = re.escape(template.rstrip("/") + "/")
    for key in table.partition_keys:
        spelled = _spelling(table.parameters, key)
        pattern = pattern.replace(re.escape(f"${{{key}}}"), f"(?P<{key}>{spelled})", 1)
    found: dict[tuple[str, ...], list[tuple[str, str, int]]] = {}
    for bucket, key, size in objects.listing(fixed):
        match = re.match(pattern, f"s3://{bucket}/{key}")
        if match is not None and all(_within(table.parameters, name, text) for name, text in match.groupdict().items()):
            values = tuple(match[name] for name in table.partition_keys)
            found.setdefault(values, []).append((bucket, key, size))
    return [Part(list(values), listed) for values, listed in sorted(found.items())]


def _spelling(parameters: Mapping[str, str], key: str) -> str:
    kind = parameters.get(f"projection.{key}.type")
    if kind == "enum":
        return "|".join(map(re.escape, parameters[f"projection.{key}.values"].split(",")))
    if kind == "date":
        return re.sub(r"[a-zA-Z]+", lambda word: rf"\d{{{len(word[0])}}}", parameters[f"projection.{key}.format"])
    raise StatementError(f"INVALID_TABLE_PROPERTY: this server projects no key of type {kind}: {key}")


def _within(parameters: Mapping[str, str], key: str, text: str) -> bool:
    if parameters[f"projection.{key}.type"] != "date":
        return True
    spelled = re.sub(r"[a-zA-Z]+", lambda word: _JAVA[word[0]], parameters[f"projection.{key}.format"])
    first, _, last = parameters[f"projection.{key}.range"].partition(",")
    value = datetime.strptime(text, spelled).replace(tzinfo=UTC)
    return _instant(first, spelled) <= value <= _instant(last, spelled)


def _instant(text: str, spelled: str) -> datetime:
    found = re.fullmatch(r"NOW(?:([+-]\d+)(\w+))?", text.strip())
    if found is None:
        return datetime.strptime(text.strip(), spelled).replace(tzinfo=UTC)
    return datetime.now(UTC) + timedelta(seconds=int(found[1] or 0) * _UNITS[found[2] or "DAYS"])
