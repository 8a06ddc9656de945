"""The second opinion: the whole main job in plain Python, without SQL and without a line of usagelake.

It is written from the documents alone (docs/contracts.md, the price semantics of docs/) and with other means
than the product wherever there is a choice: a JSON reader of its own, whole files instead of streams, sorted
lists instead of MERGE, fractions instead of decimals. It is slow, small and meant to be read. Where it and
the product disagree, one of the three is wrong: the product, this, or the document.
"""

from tests.reference.billing import Invoice, InvoiceLine, ReferenceResult, bill
from tests.reference.landing import Lake, read_landing
from tests.reference.lines import LineText, lines_of
from tests.reference.strict_json import NotJson, read
from tests.reference.usage import hourly_usage

__all__ = [
    "Invoice",
    "InvoiceLine",
    "Lake",
    "LineText",
    "NotJson",
    "ReferenceResult",
    "bill",
    "hourly_usage",
    "lines_of",
    "read",
    "read_landing",
]
