"""Templates without what the emulator does not know."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Template = dict[str, Any]


@dataclass(frozen=True)
class LeftOut:
    """One resource that was taken out of a template.

    Attributes:
        resource: Its id.
        type: Its type.
        named: What it names that was taken out before; empty when it is out on its own account.
    """

    resource: str
    type: str
    named: str = ""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What the emulator does not support.

    Attributes:
        reason: Its own words.
        type: A type of resource; empty: any.
        property: Only with this property; empty: in any case.
        resource: One resource's id; empty: any.
    """

    reason: str
    type: str = ""
    property: str = ""
    resource: str = ""

    def meets(self, name: str, body: dict[str, Any]) -> bool:
        """Whether a resource is refused."""
        return (
            self.type in ("", body["Type"])
            and self.resource in ("", name)
            and (not self.property or self.property in body.get("Properties", {}))
        )


def templates_of(folder: Path) -> dict[str, Path]:
    """Every template of a cloud assembly, by its stack."""
    return {path.name.removesuffix(".template.json"): path for path in sorted(folder.glob("*.template.json"))}


def resources_of(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Every resource of a cloud assembly, by its stack and id."""
    return {
        (stack, name): body
        for stack, path in templates_of(folder).items()
        for name, body in json.loads(path.read_text(encoding="utf-8")).get("Resources", {}).items()
    }


def leave_out(path: Path, refusal: Refusal) -> list[LeftOut]:
    """Take what is refused out of a template's file, and whatever names it."""
    template = json.loads(path.read_text(encoding="utf-8"))
    gone = _without(template, refusal)
    if gone:
        path.write_text(json.dumps(template, indent=1), encoding="utf-8")
    return gone


def _without(template: Template, refusal: Refusal) -> list[LeftOut]:
    resources = template.get("Resources", {})
    gone = {name: LeftOut(name, body["Type"]) for name, body in resources.items() if refusal.meets(name, body)}
    while True:
        more = {
            name: LeftOut(name, body["Type"], named=min(found))
            for name, body in resources.items()
            if name not in gone and (found := gone.keys() & {*_names(body)})
        }
        if not more:
            break
        gone |= more
    for name in gone:
        del resources[name]
    for body in resources.values():
        waits = body.get("DependsOn", [])
        body["DependsOn"] = [each for each in ([waits] if isinstance(waits, str) else waits) if each not in gone]
    outputs = template.get("Outputs", {})
    for name in [name for name, body in outputs.items() if gone.keys() & {*_names(body)}]:
        del outputs[name]
    return list(gone.values())


def _names(value: Any) -> Iterator[str]:
    """Every resource that a value names."""
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), _]}:
            yield name
        case dict():
            for part in value.values():
                yield from _names(part)
        case list():
            for part in value:
                yield from _names(part)
