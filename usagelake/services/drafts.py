"""Drafts of an open period, kept run by run where finance looks for them: a whole run, or one that nobody takes.

A run's folder is `<period>/<run>/`: `invoices/<customer_id>.json` as `usagelake bill` writes them, `summary.json`, and
last `_complete.json`, which lists the others with their digests. Nothing is ever overwritten.
"""

from __future__ import annotations

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Final

from usagelake.domain.canonical_json import canonical_json
from usagelake.errors import StorageError
from usagelake.storage import PutOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from usagelake.domain.period import Period
    from usagelake.services.rate_period import Bill
    from usagelake.storage import Storage

SCHEMA: Final = "usagelake.drafts/1"
COMPLETE: Final = "_complete.json"

_RUN: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_PUTS_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class DraftRun:
    """A run's drafts, all of them.

    Attributes:
        period: The billed period, such as `2026-11`.
        run: The run, such as `20261129T040000Z`.
        files: The digest of each file, `sha256:…`, by its path below the run's folder.
    """

    period: str
    run: str
    files: Mapping[str, str]

    @property
    def folder(self) -> str:
        """Where the files lie, below the place of the drafts."""
        return f"{self.period}/{self.run}"

    def to_json(self) -> bytes:
        """Write what says that the run is complete."""
        return canonical_json(
            {"schema": SCHEMA, "period": self.period, "run": self.run, "files": dict(sorted(self.files.items()))}
        )


def run_of(time: datetime) -> str:
    """Name a run by its time: a later run has a greater name.

    Example:
        >>> from datetime import UTC, datetime
        >>> run_of(datetime(2026, 11, 29, 4, tzinfo=UTC))
        '20261129T040000Z'
    """
    return f"{time.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def write_drafts(storage: Storage, done: Bill, *, run: str) -> DraftRun:
    """Write a billed period's invoices and summary as one run.

    Doing it again is safe: what is there with the same bytes is left, what is lacking is added, and a run that is
    complete stays as it is, whatever has arrived since.

    Args:
        storage: The place of the drafts.
        done: The billed period.
        run: The run's name, as `run_of` gives it; the same for every attempt.

    Returns:
        The run as it stands there.

    Raises:
        ValueError: The name is none that `run_of` gives.
        StorageError: Something cannot be written, or another attempt has left other bytes. The run is then not
            complete, and no reader takes it.
    """
    if not _RUN.fullmatch(run):
        raise ValueError(f"run {run!r}: name it by its scheduled time, as run_of does")
    folder = f"{done.period.name}/{run}"
    if _is_complete(storage, folder):
        return _read(storage, f"{folder}/{COMPLETE}")
    files = {
        **{f"invoices/{each.customer_id}.json": each.to_json(done.evidence) for each in done.rated.invoices},
        "summary.json": canonical_json(done.summary),
    }
    drafts = DraftRun(done.period.name, run, {name: _digest(body) for name, body in files.items()})
    with ThreadPoolExecutor(_PUTS_AT_ONCE, thread_name_prefix="drafts") as pool:
        puts = [pool.submit(_put, storage, f"{drafts.folder}/{name}", body) for name, body in files.items()]
        try:
            for put in puts:
                put.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    _put(storage, f"{drafts.folder}/{COMPLETE}", drafts.to_json())
    return drafts


def newest_drafts(storage: Storage, period: Period) -> DraftRun | None:
    """Find the newest complete run of a period.

    Args:
        storage: The place of the drafts.
        period: The billed period.

    Returns:
        The run; None when there is no complete one.

    Raises:
        StorageError: The place cannot be listed or read, or what says that the run is complete is damaged.
    """
    runs = sorted(name for name in storage.folders(below=period.name) if _RUN.fullmatch(name))
    for run in reversed(runs):
        if _is_complete(storage, f"{period.name}/{run}"):
            return _read(storage, f"{period.name}/{run}/{COMPLETE}")
    return None


def read_draft(storage: Storage, drafts: DraftRun, name: str) -> bytes:
    """Read one file of a run, and make sure that it is the one that was written.

    Args:
        storage: The place of the drafts.
        drafts: The run.
        name: The file's path below the run's folder.

    Raises:
        StorageError: It cannot be read, or is not what the run wrote.
    """
    key = f"{drafts.folder}/{name}"
    body = b"".join(storage.read(key))
    if _digest(body) != drafts.files.get(name):
        raise StorageError(f"{storage.location}/{key}: not the file that {COMPLETE} lists; take another run's drafts")
    return body


def _is_complete(storage: Storage, folder: str) -> bool:
    """Tell whether a run's folder holds what says that it is complete."""
    return any(info.key == f"{folder}/{COMPLETE}" for info in storage.list(below=folder))


def _read(storage: Storage, key: str) -> DraftRun:
    try:
        document = json.loads(b"".join(storage.read(key)))
        if document["schema"] == SCHEMA:
            return DraftRun(document["period"], document["run"], dict(document["files"]))
        reason = f"its schema is {document['schema']!r}, not {SCHEMA}"
    except (ValueError, KeyError, TypeError) as error:
        reason = f"damaged: {error}"
    raise StorageError(f"{storage.location}/{key}: {reason}; delete the run's folder, or take another run's drafts")


def _put(storage: Storage, key: str, body: bytes) -> None:
    outcome = storage.put_if_absent(key, body, content_type="application/json", metadata={})
    if outcome is PutOutcome.EXISTS and b"".join(storage.read(key)) != body:
        raise StorageError(
            f"{storage.location}/{key}: another attempt of this run has written other bytes, because events or prices "
            "came in between; the run stays incomplete, and the next one writes all of its own"
        )


def _digest(body: bytes) -> str:
    return "sha256:" + hashlib.sha256(body).hexdigest()
