"""What somebody should look at after a run: everything that was not billed, in a sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.domain.landing import ACCESS_LOG_FOLDER

if TYPE_CHECKING:
    from usagelake.services.rate_period import Bill

_NAMED_AT_MOST = 5


def attention(done: Bill) -> list[str]:
    """Say what a period leaves undecided.

    Args:
        done: The billed period.

    Returns:
        Sentences, the gravest first; none when all is well.
    """
    return [*_unreadable(done), *_quarantine(done), *_unassigned(done), *_unpriced(done), *_others(done)]


def _unreadable(done: Bill) -> list[str]:
    notes = [f"{missed.message}: not read; it is tried again by the next run" for missed in done.ingested.unreadable]
    return _shortened(notes, "objects that could not be opened")


def _quarantine(done: Bill) -> list[str]:
    notes = [
        f"{lines:,} {'line' if lines == 1 else 'lines'} of {source} in quarantine: {reason} (in {example}); "
        "see quarantine.ndjson"
        for source, reason, lines, example in done.quarantine
    ]
    if done.summary["quarantined"] == done.summary["lines"] != 0:
        notes.append(
            f"every line is in quarantine: access logs are known by a folder {ACCESS_LOG_FOLDER} in their keys, "
            "so --landing must name the folder above it"
        )
    return notes


def _unassigned(done: Bill) -> list[str]:
    notes = [
        f"{usage.subject_type} {usage.subject_id} has usage and no customer: "
        + ", ".join(f"{quantity:,} {meter}" for meter, quantity in usage.meters)
        + "; add it to customers.csv"
        for usage in done.rated.unassigned
    ]
    return _shortened(notes, "subjects without customer; all are in summary.json")


def _unpriced(done: Bill) -> list[str]:
    return [
        f"plan {usage.plan_id} has no price for {usage.quantity:,} {usage.meter}; add a charge, or one with "
        'model = "free"'
        for usage in done.rated.unpriced
    ]


def _others(done: Bill) -> list[str]:
    notes = []
    if done.ingested.ignored:
        notes.append(
            f"{done.ingested.ignored:,} files of the landing are not .jsonl or .jsonl.gz and were not read "
            f"(such as {done.ingested.ignored_example})"
        )
    notes += [
        f"{events:,} events of type {event_type} are read by no meter; add a meter that counts them"
        for event_type, events in done.unmetered
    ]
    if done.summary["objects"] == 0:
        notes.append("the landing holds no object: every invoice rests on no usage")
    return notes


def _shortened(notes: list[str], what: str) -> list[str]:
    if len(notes) <= _NAMED_AT_MOST:
        return notes
    return [*notes[:_NAMED_AT_MOST], f"… and {len(notes) - _NAMED_AT_MOST:,} more {what}"]
