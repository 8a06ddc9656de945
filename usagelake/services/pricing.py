"""Pricing: the price book and the customers file of one place, read and judged together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usagelake.domain.customers import FOR_EVER, Customers
from usagelake.domain.customers_file import load_customers
from usagelake.domain.price_book_file import load_price_book
from usagelake.errors import ConfigurationError, StorageError, StorageUnavailableError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date

    from usagelake.domain.price_book import PriceBook
    from usagelake.storage import Storage

PRICE_BOOK = "price_book.toml"
CUSTOMERS = "customers.csv"


@dataclass(frozen=True, slots=True)
class Pricing:
    """What a period is priced with.

    Attributes:
        book: The prices.
        customers: Who pays for which subject.
        book_digest: Of the price book's bytes, `sha256:…`.
        customers_digest: Of the customers file's bytes.
    """

    book: PriceBook
    customers: Customers
    book_digest: str
    customers_digest: str

    def customer_rows(self) -> list[tuple[str, str, str, str, str, date, date | None]]:
        """Give the assignments as rows of the table `customers`."""
        return [
            (
                row.subject_type,
                row.subject_id,
                row.customer_id,
                row.customer_name,
                row.plan_id,
                row.valid_from,
                None if row.valid_to == FOR_EVER else row.valid_to,
            )
            for row in self.customers.assignments
        ]


class _AnyPlan:
    """The plans of a book that could not be read: customers are not blamed for them."""

    def __contains__(self, plan: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def load_pricing(storage: Storage, *, meters: Collection[str]) -> Pricing:
    """Read the files `price_book.toml` and `customers.csv` of a place.

    Args:
        storage: The place.
        meters: The meters that SQL files define.

    Raises:
        ConfigurationError: Anything is wrong in either file: every fault of both.
        StorageUnavailableError: The place cannot serve now.
    """
    faults: list[str] = []
    book_bytes = _read(storage, PRICE_BOOK, faults)
    customers_bytes = _read(storage, CUSTOMERS, faults)
    book: PriceBook | None = None
    customers: Customers | None = None
    if book_bytes is not None:
        try:
            where = _where(storage, PRICE_BOOK)
            book = load_price_book(_text(book_bytes, where), meters=meters, where=where)
        except ConfigurationError as error:
            faults.extend(error.faults)
    if customers_bytes is not None:
        plans = _AnyPlan() if book is None else book.plans.keys()
        try:
            where = _where(storage, CUSTOMERS)
            customers = load_customers(_text(customers_bytes, where), plans=plans, where=where)
        except ConfigurationError as error:
            faults.extend(error.faults)
    if faults or book is None or customers is None or book_bytes is None or customers_bytes is None:
        raise ConfigurationError(faults)
    return Pricing(book, customers, digest(book_bytes), digest(customers_bytes))


def digest(data: bytes) -> str:
    """Give the digest of some bytes, as evidence writes it."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _where(storage: Storage, name: str) -> str:
    return f"{storage.location}/{name}"


def _read(storage: Storage, name: str, faults: list[str]) -> bytes | None:
    """Read a file of the place; one that is not there is the user's fault, a place that cannot serve now is not."""
    path = storage.path(name)
    try:
        return b"".join(storage.read(name)) if path is None else path.read_bytes()
    except OSError as error:
        faults.append(
            f"{_where(storage, name)}: cannot be read ({error.strerror}); --pricing names a folder that holds {name}"
        )
    except StorageUnavailableError:
        raise
    except StorageError as error:
        faults.append(f"{error}; --pricing names a folder or s3://bucket/prefix that holds {name}")
    return None


def _text(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{where}, line {line}: not UTF-8; save the file as UTF-8") from error
