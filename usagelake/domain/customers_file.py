"""Read the customers from CSV, or refuse the file as a whole with every fault named by its line."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING

from usagelake.domain.customers import FOR_EVER, SINCE_EVER, Assignment, Customers
from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

HEADER = ("subject_type", "subject_id", "customer_id", "customer_name", "plan_id", "valid_from", "valid_to")

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SAFE_CUSTOMER_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


def load_customers(text: str, *, plans: Collection[str], where: str = "customers.csv") -> Customers:
    """Read the customers file.

    Args:
        text: The CSV text: comma separated, the seven columns of ``HEADER``. A byte order mark and blank
            lines are passed over.
        plans: The ids of the price book's plans.
        where: The file's name, for messages.

    Returns:
        The customers. A header without rows is a file without customers.

    Raises:
        ConfigurationError: Anything is wrong: every fault, each with its line.
    """
    reader = _RowReader(plans, where)
    assignments = tuple(reader.read(text))
    faults = [*reader.faults, *_overlaps(assignments, where), *_look_alikes(assignments, where)]
    if faults:
        raise ConfigurationError(faults)
    return Customers(assignments)


class _RowReader:
    """Turns lines into assignments, and gathers what is wrong with each line on its own."""

    def __init__(self, plans: Collection[str], where: str) -> None:
        self.faults: list[str] = []
        self._plans = plans
        self._where = where
        self._days: dict[str, date | None] = {}

    def read(self, text: str) -> Iterator[Assignment]:
        """Yield the sound rows."""
        rows = self._numbered_rows(text.removeprefix("\ufeff"))
        line, header = next(rows, (1, []))
        if tuple(header) != HEADER:
            self._fault(line, f"the header is {','.join(header)!r}; write {','.join(HEADER)}")
            return
        for line, row in rows:
            assignment = self._assignment(line, row)
            if assignment is not None:
                yield assignment

    def _numbered_rows(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """Yield each row that is not blank, with the line on which it starts."""
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        line = 1
        try:
            for row in rows:
                if len(row) > 1 or (row and row[0].strip()):
                    yield line, row
                line = rows.line_num + 1
        except csv.Error as error:
            self._fault(line, f"not valid CSV from here on: {error}")

    def _assignment(self, line: int, row: list[str]) -> Assignment | None:
        if len(row) != len(HEADER):
            self._fault(line, f"{len(row)} fields where {len(HEADER)} belong: {','.join(HEADER)}")
            return None
        faults_before = len(self.faults)
        subject_type, subject_id, customer_id, customer_name, plan_id, from_text, to_text = row
        for column, value in (("subject_type", subject_type), ("subject_id", subject_id)):
            if not value or value != value.strip():
                self._fault(line, f"{column} is {value!r}; it must not be empty or have white space around it")
        if not _SAFE_CUSTOMER_ID.fullmatch(customer_id) or customer_id in {".", ".."}:
            self._fault(
                line,
                f"customer_id {customer_id!r} is no safe file name; "
                "write 1 to 128 letters, digits, dots, underscores and hyphens, and not . or ..",
            )
        if plan_id not in self._plans:
            known = ", ".join(sorted(self._plans)) or "none"
            self._fault(line, f"the price book has no plan {plan_id!r}; there are: {known}")
        valid_from = self._day(line, "valid_from", from_text, SINCE_EVER)
        valid_to = self._day(line, "valid_to", to_text, FOR_EVER)
        if valid_from is None or valid_to is None:
            return None
        if valid_to <= valid_from:
            self._fault(
                line,
                f"valid_to {valid_to} is not after valid_from {valid_from}; valid_to is the first day after",
            )
        if len(self.faults) > faults_before:
            return None
        return Assignment(subject_type, subject_id, customer_id, customer_name, plan_id, valid_from, valid_to, line)

    def _day(self, line: int, column: str, text: str, when_open: date) -> date | None:
        if not text:
            return when_open
        if text not in self._days:
            self._days[text] = _parse_day(text)
        day = self._days[text]
        if day is None:
            self._fault(line, f"{column} {text!r} is no date; write YYYY-MM-DD, or nothing for an open end")
        return day

    def _fault(self, line: int, what: str) -> None:
        self.faults.append(f"{self._where} line {line}: {what}")


def _parse_day(text: str) -> date | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _overlaps(assignments: Iterable[Assignment], where: str) -> Iterator[str]:
    """Name the rows of one subject that are valid on the same day."""
    by_subject: dict[tuple[str, str], list[Assignment]] = defaultdict(list)
    for row in assignments:
        by_subject[row.subject_type, row.subject_id].append(row)
    for rows in by_subject.values():
        if len(rows) == 1:
            continue
        rows.sort(key=lambda row: (row.valid_from, row.line))
        longest = rows[0]
        for row in rows[1:]:
            if row.valid_from < longest.valid_to:
                first, second = sorted((longest.line, row.line))
                yield (
                    f"{where} line {second}: {row.subject_type} {row.subject_id!r} is on line {first} too, "
                    f"and both are valid on {row.valid_from}; end one on the day the other begins"
                )
            if row.valid_to > longest.valid_to:
                longest = row


def _look_alikes(assignments: Iterable[Assignment], where: str) -> Iterator[str]:
    """Name customer ids that differ only in case: on some disks their invoices would be one file."""
    first_rows = {row.customer_id: row for row in reversed(list(assignments))}
    by_folded: dict[str, Assignment] = {}
    for row in sorted(first_rows.values(), key=lambda row: row.line):
        other = by_folded.setdefault(row.customer_id.lower(), row)
        if other is not row:
            yield (
                f"{where} line {row.line}: customer_id {row.customer_id!r} and {other.customer_id!r} on line "
                f"{other.line} differ only in case, and would be one file on some disks; rename one"
            )
