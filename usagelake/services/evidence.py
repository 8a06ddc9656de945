"""What invoices were computed from, so that anybody can compute them again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from usagelake.domain.invoice import Evidence

if TYPE_CHECKING:
    from usagelake.engines import Engine, QueryLibrary
    from usagelake.services.pricing import Pricing


def draft_evidence(engine: Engine, queries: QueryLibrary, pricing: Pricing) -> Evidence:
    """Gather the evidence of drafts: it holds no clock, so a rerun gives the same.

    Args:
        engine: Where the lake lies.
        queries: The SQL that took part.
        pricing: The prices and customers that took part.

    Raises:
        EngineError: The list of objects cannot be read.
    """
    manifest = hashlib.sha256()
    for key, etag in engine.fetch(queries.get("billing", "manifest")).rows:
        manifest.update(f"{key}\t{etag}\n".encode())
    return Evidence(
        cutoff=None,
        queries={part.name: part.digest for meter in queries.meters() for part in (meter, *queries.views_of(meter))},
        price_book=pricing.book_digest,
        customers=pricing.customers_digest,
        manifest="sha256:" + manifest.hexdigest(),
        engine=engine.version,
    )
