"""One SQL file: a statement in Athena's dialect under a header that says what it is.

The header is the block of comment lines that the file begins with, each `-- key: value`:

```sql
-- name: api_requests
-- title: Billable requests
-- description: What one needs to know before using it. A line that is indented by four spaces or more
--     goes on with the line above.
-- grain: one row per API key and hour
-- owner: billing
-- param: start timestamp -- the first instant, inclusive
-- param: keep boolean = false -- a parameter with a default may be left out
SELECT …
```

`name` (the file's name without `.sql`), `title`, `grain` and `owner` must be there, `description` may, `param`
may be repeated. `kind` may be written and must then be the folder's name. A param is a name, a type (`varchar`,
`bigint`, `boolean`, `date`, `timestamp`, `varchar[]`), then, as wanted, ` = default` and ` -- description`. The
statement uses each as `:name`, and no other. Comments after the header are free.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from sqlglot import exp

from usagelake.engines.dialect import RefusalError, parse_statement
from usagelake.engines.parameters import TYPES, Parameter, parse_parameter
from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_REQUIRED = ("name", "title", "grain", "owner")
_KEYS = (*_REQUIRED, "description", "kind", "param")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_HEADER_LINE = re.compile(r"--\s*(?P<key>[A-Za-z_]+):\s*(?P<value>.*?)\s*")
_CONTINUED = re.compile(r"--\s{4,}(?P<value>\S.*?)\s*")
_PARAM = re.compile(
    r"(?P<name>[a-z][a-z0-9_]*)\s+(?P<type>[a-z]+(?:\[\])?)(?:\s*=\s*(?P<default>.*?))?(?:\s+--\s+(?P<description>.+))?"
)


@dataclass(frozen=True)
class SqlFile:
    """A SQL file.

    Args:
        name: Its name, unique within its kind.
        kind: The folder it lies in: `meters`, `analyst`, `audits` and so on.
        title: What it answers, in a few words.
        description: What one needs to know before using it.
        grain: What one row of the result is.
        owner: Who answers for it.
        params: Its parameters by name.
        text: The file's text.
        digest: `sha256:` and the hex digest of the file's bytes.
        origin: Where it was read from, for messages.
    """

    name: str
    kind: str
    title: str
    description: str
    grain: str
    owner: str
    params: Mapping[str, Parameter]
    text: str
    digest: str
    origin: str

    @cached_property
    def tree(self) -> exp.Expression:
        """The statement; it is parsed when it is first asked for, since a run needs half of the packaged files.

        Raises:
            RefusalError: It is not one of Athena's.
        """
        return parse_statement(self.text, origin=self.origin)

    @cached_property
    def tables(self) -> frozenset[str]:
        """The tables and views it names, without those that its WITH names."""
        common = {query.alias.lower() for query in self.tree.find_all(exp.CTE)}
        named = (table.name.lower() for table in self.tree.find_all(exp.Table))
        return frozenset(name for name in named if name and name not in common)


def load_sql_file(path: Path, kind: str, *, sound: bool = False) -> SqlFile:
    """Read one SQL file.

    Args:
        path: The file.
        kind: The folder's name.
        sound: Whether the statement is known to be sound and need not be parsed yet.

    Raises:
        ConfigurationError: It cannot be read, its header is wrong, or its statement is not one of Athena's;
            every fault of the header is named with its line.
    """
    try:
        content = path.read_bytes()
        text = content.decode("utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8 at byte {error.start}") from error
    return parse_sql_file(text, name=path.stem, kind=kind, origin=str(path), content=content, sound=sound)


def parse_sql_file(
    text: str, *, name: str, kind: str, origin: str, content: bytes | None = None, sound: bool = False
) -> SqlFile:
    """Make a SQL file of its text.

    Args:
        text: Header and statement.
        name: The name that the header must have.
        kind: The folder's name.
        origin: Where the text comes from, for messages.
        content: The file's bytes, for the digest; the text in UTF-8 unless given.
        sound: Whether the statement is known to be sound and need not be parsed yet.

    Raises:
        ConfigurationError: See `load_sql_file`.
    """
    header = _Header(origin)
    header.read(text)
    header.check(name, kind)
    data = text.encode() if content is None else content
    file = SqlFile(
        name=name,
        kind=kind,
        title=header.values.get("title", ""),
        description=header.values.get("description", ""),
        grain=header.values.get("grain", ""),
        owner=header.values.get("owner", ""),
        params=header.params,
        text=text,
        digest=f"sha256:{hashlib.sha256(data).hexdigest()}",
        origin=origin,
    )
    if not sound:
        try:
            used = {placeholder.name for placeholder in file.tree.find_all(exp.Placeholder)}
        except RefusalError as refusal:
            raise ConfigurationError([*header.faults, *refusal.faults]) from None
        header.check_params(used)
    if header.faults:
        raise ConfigurationError(header.faults)
    return file


@dataclass(slots=True)
class _Header:
    """A header as it is read, with the faults that are found."""

    origin: str
    values: dict[str, str] = field(default_factory=dict)
    params: dict[str, Parameter] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def fault(self, line: int, message: str) -> None:
        self.faults.append(f"{self.origin}:{line}: {message}")

    def read(self, text: str) -> None:
        entries: list[tuple[int, str, str]] = []
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.startswith("--"):
                break
            continued, entry = _CONTINUED.fullmatch(line), _HEADER_LINE.fullmatch(line)
            if continued and entries:
                first, key, value = entries[-1]
                entries[-1] = (first, key, f"{value} {continued['value']}")
            elif entry:
                entries.append((number, entry["key"].lower(), entry["value"]))
            else:
                self.fault(number, f"a header line is `-- key: value`, not {line!r}")
        for number, key, value in entries:
            self._take(number, key, value)

    def _take(self, number: int, key: str, value: str) -> None:
        if key not in _KEYS:
            self.fault(number, f"{key} is no key of a header: the keys are {', '.join(_KEYS)}")
        elif key == "param":
            self._param(number, value)
        elif key in self.values:
            self.fault(number, f"{key} stands twice")
        elif not value:
            self.fault(number, f"{key} is empty")
        else:
            self.values[key] = value
            self.lines[key] = number

    def _param(self, number: int, text: str) -> None:
        match = _PARAM.fullmatch(text)
        if match is None:
            self.fault(number, f"a param is `name type = default -- description`, not {text!r}")
            return
        name, kind = match["name"], match["type"]
        if name in self.params:
            self.fault(number, f"param {name} stands twice")
        elif kind not in TYPES:
            self.fault(number, f"param {name} has type {kind}: the types are {', '.join(TYPES)}")
        else:
            self.lines[f"param {name}"] = number
            self.params[name] = self._declared(number, match, Parameter(name, kind))

    def _declared(self, number: int, match: re.Match[str], plain: Parameter) -> Parameter:
        default = None
        if match["default"] is not None:
            try:
                default = parse_parameter(plain, match["default"])
            except ConfigurationError as error:
                self.fault(number, error.faults[0])
        optional = match["default"] is not None
        return Parameter(plain.name, plain.type, default, optional, match["description"] or "")

    def check(self, name: str, kind: str) -> None:
        for key in _REQUIRED:
            if key not in self.values:
                self.fault(1, f"the header has no {key}")
        if self.values.get("name", name) != name:
            self.fault(self.lines["name"], f"the name is {self.values['name']}, the file's is {name}")
        if not _NAME.fullmatch(name):
            self.fault(1, f"{name}: a file's name is lower-case letters, digits and _, and starts with a letter")
        if self.values.get("kind", kind) != kind:
            self.fault(self.lines["kind"], f"the kind is {self.values['kind']}, the folder's is {kind}")

    def check_params(self, used: set[str]) -> None:
        for name in sorted(self.params.keys() - used):
            self.fault(self.lines[f"param {name}"], f"param {name} is declared and not used")
        for name in sorted(used - self.params.keys()):
            self.fault(1, f":{name} is used and not declared: add `-- param: {name} <type>`")
