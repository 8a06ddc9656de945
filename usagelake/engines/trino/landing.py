"""Landing objects for Trino: read here, by the code that reads them for DuckDB, and shown as Parquet files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from usagelake.domain.landing import Source
from usagelake.engines.duckdb import landing_relations
from usagelake.engines.duckdb.connection import WRITE_AS, engine_errors
from usagelake.engines.protocol import Batch
from usagelake.engines.row_files import working_connection
from usagelake.engines.staging import batches, stage
from usagelake.engines.text_literal import text_literal
from usagelake.engines.working_schema import LANDING_COLUMNS, OBJECT_COLUMNS, landing_relation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from usagelake.engines.trino.work_area import WorkArea
    from usagelake.storage import ObjectInfo, Storage

BATCH_BYTES = 512 * 1024 * 1024
"""One batch's objects: a batch costs a dozen statements, each some tenths of a second however small it is."""

BATCH_OBJECTS = 50_000

BATCH_RELATIONS = {"batch_objects": OBJECT_COLUMNS, **{landing_relation(source): LANDING_COLUMNS for source in Source}}
"""What a batch shows, with the columns."""


def take_in(work: WorkArea, storage: Storage, objects: Sequence[ObjectInfo]) -> Iterator[Batch]:
    """Show landing objects, batch by batch.

    Args:
        work: Where a batch's relations go.
        storage: Where the objects lie; Trino need not reach it.
        objects: What to read.

    Raises:
        EngineError: A batch cannot be shown.
        StorageError: The work location cannot be written.
    """
    beside = storage.path("-")
    root = None if beside is None else str(beside).removesuffix("-")
    for batch in batches(objects, size=BATCH_BYTES, count=BATCH_OBJECTS):
        with tempfile.TemporaryDirectory(prefix="usagelake-") as name:
            folder = Path(name)
            staged = stage(storage, batch, folder)
            with (
                engine_errors("reading a batch of landing objects"),
                working_connection(folder / "spill") as connection,
            ):
                landing_relations.show(connection, staged, root)
                for relation, columns in BATCH_RELATIONS.items():
                    connection.execute(
                        f"COPY (SELECT {', '.join(columns)} FROM {relation}) "
                        f"TO {text_literal(str(folder / relation))} ({WRITE_AS['parquet']})"
                    )
            for relation, columns in BATCH_RELATIONS.items():
                work.show(relation, columns, folder / relation)
            work.check_rows("batch_objects", len(staged.rows))
        yield Batch(
            objects=len(staged.rows),
            size=staged.size,
            sources=frozenset(source for source in Source if staged.files[source] or source in staged.chunks),
            unreadable=tuple(staged.unreadable),
        )
