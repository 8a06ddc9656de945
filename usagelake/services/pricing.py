"""The pricing folder: the price book and the customers file, read and judged together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usagelake.domain.customers import FOR_EVER, Customers
from usagelake.domain.customers_file import load_customers
from usagelake.domain.price_book_file import load_price_book
from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date
    from pathlib import Path

    from usagelake.domain.price_book import PriceBook

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


def load_pricing(folder: Path, *, meters: Collection[str]) -> Pricing:
    """Read a pricing folder: `price_book.toml` and `customers.csv`.

    Args:
        folder: The folder.
        meters: The meters that SQL files define.

    Raises:
        ConfigurationError: Anything is wrong in either file: every fault of both.
    """
    faults: list[str] = []
    book_bytes = _read(folder / PRICE_BOOK, faults)
    customers_bytes = _read(folder / CUSTOMERS, faults)
    book: PriceBook | None = None
    customers: Customers | None = None
    if book_bytes is not None:
        try:
            book = load_price_book(
                _text(book_bytes, folder / PRICE_BOOK), meters=meters, where=str(folder / PRICE_BOOK)
            )
        except ConfigurationError as error:
            faults.extend(error.faults)
    if customers_bytes is not None:
        plans = _AnyPlan() if book is None else book.plans.keys()
        try:
            customers = load_customers(
                _text(customers_bytes, folder / CUSTOMERS), plans=plans, where=str(folder / CUSTOMERS)
            )
        except ConfigurationError as error:
            faults.extend(error.faults)
    if faults or book is None or customers is None or book_bytes is None or customers_bytes is None:
        raise ConfigurationError(faults)
    return Pricing(book, customers, digest(book_bytes), digest(customers_bytes))


def digest(data: bytes) -> str:
    """Give the digest of some bytes, as evidence writes it."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _read(path: Path, faults: list[str]) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError as error:
        faults.append(f"{path}: cannot be read ({error.strerror}); --pricing names a folder that holds {path.name}")
        return None


def _text(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{path}, line {line}: not UTF-8; save the file as UTF-8") from error
