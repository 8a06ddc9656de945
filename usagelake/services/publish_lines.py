"""Publishing a period's invoice lines into the lake, where analysts ask for them."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from usagelake.domain.invoice_lines import LineRevision

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from usagelake.engines import Engine, QueryLibrary
    from usagelake.services.rate_period import Bill

_INSTANT = timedelta(microseconds=1)


def publish_lines(engine: Engine, queries: QueryLibrary, done: Bill, *, clock: Callable[[], datetime]) -> bool:
    """Add a period's lines to `invoice_lines`, unless they are what was published last.

    A revision is added by one change, so that a reader sees the former lines or the new ones. Every revision is kept;
    `latest_invoice_lines` shows the newest of each period.

    Args:
        engine: Where the lake lies.
        queries: The SQL.
        done: The billed period.
        clock: Tells when the revision is published. Should it be behind the last one's, the revision is dated right
            after that: what is published last stands.

    Returns:
        Whether there was anything to add.

    Raises:
        EngineError: A statement failed; what was published before stands.
    """
    revision = LineRevision.of(done.period, done.rated)
    newest = engine.fetch(queries.get("billing", "newest_revision"), {"period": done.period.name}).rows
    published_at = clock().astimezone(UTC).replace(tzinfo=None)
    for digest, last in newest:
        if digest == revision.digest:
            return False
        published_at = max(published_at, last + _INSTANT)
    engine.append("invoice_lines", revision.rows(published_at))
    return True
