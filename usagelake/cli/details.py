"""Everything that a reconciliation found amiss, as a file of NDJSON that is there whole or not at all."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from usagelake.domain.period import format_instant
from usagelake.services.reconcile.report import BadLine, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from usagelake.services.reconcile_delivery import Details


@contextmanager
def details_file(path: Path | None) -> Iterator[Details | None]:
    """Open the file, and give what takes its lines; None when there is to be none.

    Raises:
        OSError: It cannot be written; a former file stays as it was.
    """
    if path is None:
        yield None
        return
    coming = path.with_name(f".{path.name}.coming")
    try:
        with coming.open("w", encoding="utf-8", newline="\n") as opened:
            yield _writer(opened.write)
        coming.replace(path)
    except BaseException:
        coming.unlink(missing_ok=True)
        raise


def finding_members(finding: Finding) -> dict[str, str | None]:
    """Give a finding as JSON has it."""
    return {
        "kind": finding.kind.value,
        "id": finding.event_id,
        "event_type": finding.event_type,
        "timestamp": format_instant(finding.event_time),
        "emitted_in": finding.emitted_in,
        "landed_in": finding.landed_in,
    }


def _writer(write: Callable[[str], object]) -> Details:
    def tell(amiss: Finding | BadLine) -> None:
        members = finding_members(amiss) if isinstance(amiss, Finding) else _bad_line_members(amiss)
        write(json.dumps(members, ensure_ascii=False, separators=(",", ":")) + "\n")

    return tell


def _bad_line_members(line: BadLine) -> dict[str, str]:
    return {"kind": "rejected", "reason": line.reason.value, "found_in": line.found_in, "line": line.text}
