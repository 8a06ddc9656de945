"""Whole lakes: lines, double and broken, cut and packed into objects, with prices and customers."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from hypothesis import strategies as st

from tests.strategies import books
from tests.strategies.dice import Dice
from tests.strategies.lines import (
    EVENT_TYPES,
    NUMERIC_KEY,
    Draft,
    draft_event,
    draft_request,
    write,
    write_broken,
    write_changed,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Conflicts = Literal["none", "same_day", "any_day"]

MEBIBYTE = 1_048_576
BYTES_OF_CHOICES = 1600
PERIODS = ("2015-05", "2024-02", "2023-12", "2023-01")
SUBJECTS = (
    ("api_key", "key-0"),
    ("resource", "db-0"),
    ("api_key", "key-1"),
    ("resource", "db-1"),
    ("resource", "SINGLE-TENANT"),
    ("api_key", "key-2"),
    ("api_key", str(NUMERIC_KEY)),
    ("api_key", "idle-key"),
)
ACCESS_PREFIXES = ("apigw_access", "apigw_access", "team/apigw_access", "apigw_access/usage-prod")
EVENT_PREFIXES = ("data-api", *EVENT_TYPES[:3], "not_apigw_access", "data-api/eu")
FOLDERS = (
    "2015/05/01/00/00/",
    "2015/04/30/23/59/",
    "2024/02/29/12/30/",
    "2031/01/01/00/00/",
    "2015/13/41/25/61/",
    "",
    "dt=2015-05/",
)
NAMES = (
    "{}",
    "usage-prod-1-2015-05-17-23-05-00-{}",
    "0{} b",
    "{}[1]*?",
    "ü-{}",
    "{}'{{}}\"",
    "{}%41",
    "a.{}.b",
)
SEPARATORS = (b"\n", b"\n", b"\n", b"\n", b"\r\n", b"\n\n", b"", b" \t ", b"\r", b" \r\n\t\n", b"\n \n")
ENDS = (b"\n", b"", b"\r\n", b"\n\n\n", b" ", b"\r")
NOT_UTF8 = (
    b"\xff",
    b'{"id":"\xc3"}',
    b'{"id":"\xed\xa0\x80"}',
    b"\xc0\x80",
    b'{"id":"a\xf8\x88"}',
    b"{}\xfe{}",
)
EXTREME_TIMES = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC))
LITTER = (
    "_SUCCESS",
    "notes.txt",
    "_tmp/x.jsonl",
    "a/.hidden.jsonl",
    "data-api/x.json",
    "data-api/x.jsonl.bz2",
)


class Written(NamedTuple):
    """Where a lake was written."""

    landing: Path
    pricing: Path


@dataclass(frozen=True)
class LakeSpec:
    """A small lake, still in memory.

    Attributes:
        period: The period to bill, `YYYY-MM`.
        objects: The landing objects: content by key.
        litter: Other files of the landing, which nobody may read.
        price_book: The text of price_book.toml.
        customers: The text of customers.csv.
        runs: All keys of `objects`, split into the runs that may take them in, at least one.
        has_conflicts: Whether an id stands with two contents, so that what stays, and how much is counted as
            double or as conflict, depends on which objects a run (and a batch of it) takes in together.
    """

    period: str
    objects: Mapping[str, bytes]
    litter: Mapping[str, bytes]
    price_book: str
    customers: str
    runs: tuple[tuple[str, ...], ...]
    has_conflicts: bool

    def write(self, folder: Path) -> Written:
        """Write everything: `landing/` and `pricing/` in the folder."""
        written = self.write_pricing(folder)
        for key, content in {**self.objects, **self.litter}.items():
            _put(written.landing / key, content)
        return written

    def write_pricing(self, folder: Path) -> Written:
        """Write `pricing/`, and a landing that is still empty."""
        written = Written(folder / "landing", folder / "pricing")
        written.landing.mkdir(parents=True, exist_ok=True)
        written.pricing.mkdir(parents=True, exist_ok=True)
        (written.pricing / "price_book.toml").write_text(self.price_book, encoding="utf-8")
        (written.pricing / "customers.csv").write_text(self.customers, encoding="utf-8")
        return written

    def write_run(self, landing: Path, number: int) -> None:
        """Add the objects of one run to a landing."""
        for key in self.runs[number]:
            _put(landing / key, self.objects[key])


@st.composite
def lake(
    draw: st.DrawFn,
    *,
    max_events: int = 60,
    conflicts: Conflicts = "same_day",
    unreadable: bool = True,
    malformed: bool = True,
) -> LakeSpec:
    """Draw a lake.

    Args:
        draw: Hypothesis.
        max_events: How many events it holds at most, before redelivery; at least 5.
        conflicts: Whether an id may stand with two contents: never; within one day, so that every run meets
            the other one; or also days apart, where only one single run over everything must find it.
        unreadable: Whether objects may hold damaged gzip, invalid UTF-8 and lines of more than 1 MiB.
        malformed: Whether lines may be malformed otherwise.
    """
    data = draw(st.binary(min_size=BYTES_OF_CHOICES, max_size=BYTES_OF_CHOICES))
    return build_lake(data, max_events=max_events, conflicts=conflicts, unreadable=unreadable, malformed=malformed)


def build_lake(
    data: bytes,
    *,
    max_events: int = 60,
    conflicts: Conflicts = "same_day",
    unreadable: bool = True,
    malformed: bool = True,
) -> LakeSpec:
    """Build the lake that some bytes stand for; see `lake`."""
    dice = Dice(data)
    period = dice.pick(PERIODS)
    days = _days(period)
    price_book = books.price_book(dice, (days[0], days[2], days[3]))
    customers = books.customers(dice, SUBJECTS[: len(SUBJECTS) - dice.below(len(SUBJECTS))], days)
    builder = _Builder(dice, days, conflicts, malformed=malformed)
    builder.make_lines(5 + dice.below(max_events - 4))
    unreadable = unreadable and dice.one_in(2)
    objects = {
        key: content
        for is_access_log in (False, True)
        for key, content in builder.pack(is_access_log=is_access_log, unreadable=unreadable).items()
    }
    litter = {dice.pick(LITTER): b'{"id":"never"}\n'} if dice.one_in(8) else {}
    runs: list[list[str]] = [[] for _ in range(1 + dice.below(4))]
    for key in objects:
        dice.pick(runs).append(key)
    taken_by = tuple(tuple(run) for run in runs if run) or ((),)
    return LakeSpec(period, objects, litter, price_book, customers, taken_by, builder.has_conflicts)


def _days(period: str) -> tuple[date, ...]:
    """Give the days on which anything may change, in order: around the period and within it."""
    start = date.fromisoformat(f"{period}-01")
    end = (start + timedelta(days=32)).replace(day=1)
    return (
        date(2014, 1, 1),
        start - timedelta(days=3),
        start,
        start + timedelta(days=13),
        end - timedelta(days=1),
        end,
        end + timedelta(days=9),
    )


class _Builder:
    """Makes lines, and packs them into objects."""

    def __init__(self, dice: Dice, days: tuple[date, ...], conflicts: Conflicts, *, malformed: bool) -> None:
        self.dice = dice
        self.days = days
        self.conflicts = conflicts if dice.one_in(2) else "none"
        self.malformed = malformed
        self.has_conflicts = False
        self.texts: dict[bool, list[bytes]] = {True: [], False: []}

    def make_lines(self, events: int) -> None:
        dice = self.dice
        drafts: list[tuple[Draft, bytes]] = []
        for number in range(events):
            make = draft_request if dice.one_in(2) else draft_event
            draft = make(dice, number, dice.pick(EXTREME_TIMES) if dice.one_in(50) else self.time())
            fate = dice.below(16)
            if fate == 1 and self.malformed:
                self.texts[draft.is_access_log].append(write_broken(dice, draft).encode())
                continue
            text = write(dice, draft).encode()
            drafts.append((draft, text))
            self.texts[draft.is_access_log].append(text)
            if fate in (2, 3, 4):
                again, text = dice.pick(drafts)
                self.texts[again.is_access_log].append(text)
            if fate == 5 and self.conflicts != "none":
                other, _ = dice.pick(drafts)
                far = self.conflicts == "any_day" and other.time not in EXTREME_TIMES
                days = dice.pick((0, 1, -1, 9)) if far else 0
                self.texts[other.is_access_log].append(write_changed(dice, other, days).encode())
                self.has_conflicts = True

    def time(self) -> datetime:
        """Choose an event's time: at an edge, near one, or anywhere within the period."""
        dice = self.dice
        start = datetime.combine(dice.pick(self.days[2:] + self.days[1:4]), datetime.min.time(), UTC)
        offset = dice.pick((timedelta(0), timedelta(microseconds=-1000), timedelta(hours=1), timedelta(hours=-1)))
        if dice.one_in(2):
            offset += timedelta(hours=dice.below(256), milliseconds=dice.below(256) * 14_063)
        return start + offset

    def pack(self, *, is_access_log: bool, unreadable: bool) -> dict[str, bytes]:
        """Deal the lines of one source out to objects."""
        dice = self.dice
        texts = self.texts[is_access_log]
        count = 1 + dice.below(5) if texts else dice.below(2)
        hands: list[list[bytes]] = [[] for _ in range(count)]
        for text in texts:
            hand = dice.pick(hands)
            hand.insert(dice.below(len(hand) + 1) if dice.one_in(2) else len(hand), text)
        objects = {}
        for number, hand in enumerate(hands):
            prefix = dice.pick(ACCESS_PREFIXES if is_access_log else EVENT_PREFIXES)
            key = f"{prefix}/{dice.pick(FOLDERS)}{dice.pick(NAMES).format(number)}.jsonl"
            content = self.content(hand, unreadable=unreadable)
            if dice.one_in(3):
                key, content = f"{key}.gz", self.gzipped(content, unreadable=unreadable)
            objects[key] = content
        return objects

    def content(self, texts: list[bytes], *, unreadable: bool) -> bytes:
        """Join lines in all the ways that writers do."""
        dice = self.dice
        is_plain = not dice.one_in(3)
        parts = [b"\xef\xbb\xbf"] if dice.one_in(12) else []
        for text in texts:
            if unreadable and dice.one_in(40):
                parts += [self.unreadable_line(), b"\n"]
            parts += [text, b"\n" if is_plain else dice.pick(SEPARATORS)]
        if parts and not is_plain:
            parts[-1] = dice.pick(ENDS)
        return b"".join(parts)

    def unreadable_line(self) -> bytes:
        dice = self.dice
        if not dice.one_in(20):
            return dice.pick(NOT_UTF8)
        longest = MEBIBYTE + dice.below(2)
        start = b'{"id":"long","extendedRequestId":"long","requestTimeEpoch":"1431903927521","x":"'
        return start + b"x" * (longest - len(start) - 2) + b'"}'

    def gzipped(self, content: bytes, *, unreadable: bool) -> bytes:
        dice = self.dice
        half = dice.below(len(content) + 1) if dice.one_in(4) else 0
        packed = gzip.compress(content[half:], 1, mtime=0)
        if half:
            packed = gzip.compress(content[:half], 1, mtime=0) + packed
        if dice.one_in(6):
            packed += b"\0" * 9
        if not unreadable or not dice.one_in(4):
            return packed
        match dice.below(4):
            case 0:
                return packed[: dice.below(len(packed))]
            case 1:
                at = dice.below(len(packed))
                return packed[:at] + bytes([packed[at] ^ (1 + dice.below(255))]) + packed[at + 1 :]
            case 2:
                return packed + b"trailing"
            case _:
                return b""


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
