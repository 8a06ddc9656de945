"""Landing objects for Athena: read here, by the code that reads them for every engine, and shown as text.

A line goes as it came; one that could not stand so in a text file goes as a JSON string, under a mark.
"""

from __future__ import annotations

import gzip
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from usagelake.domain.landing import Source
from usagelake.engines.athena.work_area import json_lines
from usagelake.engines.dialect import parse_statement
from usagelake.engines.protocol import Batch
from usagelake.engines.staging import batches, stage
from usagelake.engines.working_schema import LANDING_COLUMNS, OBJECT_COLUMNS, landing_relation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from usagelake.engines.athena.work_area import WorkArea
    from usagelake.engines.relations import Relations
    from usagelake.storage import ObjectInfo, Storage

BATCH_BYTES: Final = 192 * 1024 * 1024
"""One batch's objects: a batch costs a dozen statements, each some seconds; its lines lie in /tmp, which a Lambda
function has 512 MB of."""

BATCH_OBJECTS: Final = 20_000

PART_BYTES: Final = 64 * 1024 * 1024
"""How much text one file holds, about: a gzip'ed file is read by one worker alone."""

BATCH_RELATIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "batch_objects": OBJECT_COLUMNS,
    **{landing_relation(source): LANDING_COLUMNS for source in Source},
}
"""What a batch shows, with the columns."""

ONE_LINE: Final = {"line": "string"}
"""The column of a table of JSON lines."""

_CHUNK: Final = {"number": "bigint", "mark": "string", "line": "string"}
_BLOCK_BYTES: Final = 1024 * 1024
_FASTEST: Final = 1

_OBJECTS: Final = """
    SELECT
        CAST(json_extract_scalar(document, '$[0]') AS bigint) AS number,
        json_extract_scalar(document, '$[1]') AS object_key,
        json_extract_scalar(document, '$[2]') AS etag,
        CAST(json_extract_scalar(document, '$[3]') AS bigint) AS bytes,
        json_extract_scalar(document, '$[4]') AS version
    FROM (SELECT json_parse(line) AS document FROM objects) AS parsed
"""
_LINES: Final = """
    SELECT
        o.object_key,
        CASE WHEN c.mark = '' THEN c.line ELSE json_extract_scalar(json_parse(c.line), '$') END AS line,
        nullif(nullif(c.mark, ''), '-') AS fault
    FROM chunks AS c
    INNER JOIN objects AS o ON c.number = o.number
"""
_NO_LINES: Final = """
    SELECT object_key, etag AS line, version AS fault
    FROM objects
    WHERE number < 0
"""


def take_in(work: WorkArea, relations: Relations, storage: Storage, objects: Sequence[ObjectInfo]) -> Iterator[Batch]:
    """Show landing objects, batch by batch.

    Args:
        work: Where a batch's lines go.
        relations: Are told what a batch's relations are.
        storage: Where the objects lie; Athena need not reach it.
        objects: What to read.

    Raises:
        EngineError: A batch cannot be shown.
        StorageError: The work location cannot be written.
    """
    for batch in batches(objects, size=BATCH_BYTES, count=BATCH_OBJECTS):
        with tempfile.TemporaryDirectory(prefix="usagelake-") as name:
            staged = stage(storage, batch, Path(name), in_place=False)
            table = work.show("objects", ONE_LINE, packed(json_lines(staged.rows)))
            listed = _with_tables(_OBJECTS, {"objects": exp.to_table(table)})
            relations.show("batch_objects", listed)
            for source in Source:
                if source in staged.chunks:
                    table = work.show(f"{source}_lines", _CHUNK, packed(_lines_of(staged.chunks[source])))
                    tables = {"chunks": exp.to_table(table), "objects": listed}
                    relations.show(landing_relation(source), _with_tables(_LINES, tables))
                else:
                    work.hide(f"{source}_lines")
                    relations.show(landing_relation(source), _with_tables(_NO_LINES, {"objects": listed}))
        yield Batch(
            objects=len(staged.rows),
            size=staged.size,
            sources=frozenset(staged.chunks),
            unreadable=tuple(staged.unreadable),
        )


def packed(lines: Iterable[bytes], *, part_bytes: int = PART_BYTES) -> Iterator[bytes]:
    """Gzip lines, in parts that each hold about so much text and whole lines.

    Args:
        lines: Blocks of text, each of whole lines.
        part_bytes: When a part is full.
    """
    buffer, held = io.BytesIO(), 0
    part = gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=_FASTEST, mtime=0)
    for block in lines:
        part.write(block)
        held += len(block)
        if held >= part_bytes:
            part.close()
            yield buffer.getvalue()
            buffer, held = io.BytesIO(), 0
            part = gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=_FASTEST, mtime=0)
    part.close()
    if held:
        yield buffer.getvalue()


def _lines_of(path: Path) -> Iterator[bytes]:
    """Read a file in blocks of whole lines, and delete it: its text is in the work area then."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            yield block + file.readline()
    path.unlink()


def _with_tables(sql: str, tables: Mapping[str, exp.Table | exp.Expression]) -> exp.Expression:
    """Read a query of ours, and set in what its tables are."""
    tree = parse_statement(sql)
    for table in list(tree.find_all(exp.Table)):
        found = tables[table.name]
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name))
        if isinstance(found, exp.Table):
            table.replace(exp.Table(this=found.this.copy(), alias=alias.copy()))
        else:
            table.replace(exp.Subquery(this=found.copy(), alias=alias.copy()))
    return tree
