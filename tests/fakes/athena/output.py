"""Where a result goes: `<OutputLocation>/<QueryExecutionId>.csv`, `.txt` for DDL, and a manifest of its objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.athena.values import csv_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fakes.athena.executions import Execution
    from tests.fakes.athena.objects import Objects


def put_csv(execution: Execution, objects: Objects) -> None:
    """Put a query's rows down."""
    execution.location = f"{_base(execution)}.csv"
    names = [name for name, _ in execution.result.columns]
    objects.write(execution.location, csv_text(names, execution.result.rows))


def put_text(execution: Execution, objects: Objects) -> None:
    """Put down what a statement of DDL says."""
    execution.location = f"{_base(execution)}.txt"
    lines = ["\t".join(value or "" for value in row) for row in execution.result.rows]
    objects.write(execution.location, "".join(f"{line}\n" for line in lines).encode())


def put_manifest(execution: Execution, objects: Objects, written: Sequence[str]) -> None:
    """Put down which objects a statement has written."""
    execution.location = _base(execution)
    execution.manifest = f"{_base(execution)}-manifest.csv"
    objects.write(execution.manifest, "".join(f"{each}\n" for each in written).encode())


def _base(execution: Execution) -> str:
    return f"{execution.output.rstrip('/')}/{execution.id}"
