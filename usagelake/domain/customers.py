"""Customers: which subject belongs to which customer and plan, and when.

``customers_file`` reads them from CSV; what stands here is already checked.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from usagelake.domain.period import utc_day

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

#: Stand for an assignment without a beginning, and without an end.
SINCE_EVER = date.min
FOR_EVER = date.max


@dataclass(frozen=True, slots=True)
class Assignment:
    """One row: a subject belongs to a customer and a plan for the UTC days of ``[valid_from, valid_to)``.

    Args:
        subject_type: ``api_key``, ``resource``, or whatever the meters return.
        subject_id: Whose usage it is.
        customer_id: Who pays. It is a safe file name.
        customer_name: As this row writes it.
        plan_id: The plan that prices the usage.
        valid_from: The first day; ``SINCE_EVER`` where the row leaves it open.
        valid_to: The first day after it; ``FOR_EVER`` where the row leaves it open.
        line: The row's line in the file.
    """

    subject_type: str
    subject_id: str
    customer_id: str
    customer_name: str
    plan_id: str
    valid_from: date
    valid_to: date
    line: int


@dataclass(frozen=True)
class Customers:
    """All assignments, no two of one subject at the same time.

    Args:
        assignments: In the order of the file.
    """

    assignments: tuple[Assignment, ...]

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Each customer's display name, by customer id.

        Where rows disagree, the one with the latest ``valid_from`` is right, and of several the later line.
        """
        latest: dict[str, Assignment] = {}
        for row in self.assignments:
            known = latest.get(row.customer_id)
            if known is None or (known.valid_from, known.line) <= (row.valid_from, row.line):
                latest[row.customer_id] = row
        return {customer_id: row.customer_name for customer_id, row in latest.items()}

    @cached_property
    def change_days(self) -> frozenset[date]:
        """The days on which an assignment begins, or has ended."""
        days = {row.valid_from for row in self.assignments} | {row.valid_to for row in self.assignments}
        return frozenset(days - {SINCE_EVER, FOR_EVER})

    @cached_property
    def _by_subject(self) -> Mapping[tuple[str, str], list[Assignment]]:
        by_subject: dict[tuple[str, str], list[Assignment]] = defaultdict(list)
        for row in self.assignments:
            by_subject[row.subject_type, row.subject_id].append(row)
        return dict(by_subject)

    def assignment_at(self, subject_type: str, subject_id: str, instant: datetime) -> Assignment | None:
        """Find the row that a subject falls under at an aware instant.

        Returns:
            None where no row covers it: its usage is unassigned.

        Raises:
            ValueError: The instant has no time zone.
        """
        return self.assignment_on(subject_type, subject_id, utc_day(instant))

    def assignment_on(self, subject_type: str, subject_id: str, day: date) -> Assignment | None:
        """Find the row that a subject falls under on a UTC day."""
        for row in self._by_subject.get((subject_type, subject_id), ()):
            if row.valid_from <= day < row.valid_to:
                return row
        return None
