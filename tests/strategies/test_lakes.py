"""The lakes that the property tests run on: sound where they must be, and with all that they promise."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import given, settings

from tests.reference import lines_of
from tests.reference.events import Bad, event_of, request_of
from tests.reference.landing import is_read
from tests.strategies import LakeSpec, build_lake, lake
from tests.strategies.books import METERS
from tests.strategies.lakes import BYTES_OF_CHOICES
from usagelake.domain.customers_file import load_customers
from usagelake.domain.price_book_file import load_price_book
from usagelake.domain.quarantine import UNREADABLE_REASONS, Reason


def _ids(spec: LakeSpec) -> dict[tuple[bool, str], set[str]]:
    """Collect under which texts each id stands."""
    texts: dict[tuple[bool, str], set[str]] = {}
    for key, content in spec.objects.items():
        is_access_log = "apigw_access" in key.split("/")
        for text, fault in lines_of(content, gzipped=key.endswith(".gz")):
            if fault is None:
                try:
                    row = request_of(text) if is_access_log else event_of(text)
                except Bad:
                    continue
                texts.setdefault((is_access_log, row.id), set()).add(text)
    return texts


def _reasons(spec: LakeSpec) -> Counter[str]:
    """Count why lines are bad."""
    found: Counter[str] = Counter()
    for key, content in spec.objects.items():
        judge = request_of if "apigw_access" in key.split("/") else event_of
        for text, fault in lines_of(content, gzipped=key.endswith(".gz")):
            try:
                if fault is None:
                    judge(text)
                else:
                    found[fault] += 1
            except Bad as bad:
                found[str(bad)] += 1
    return found


@settings(max_examples=25, deadline=None)
@given(lake())
def test_a_lake_is_sound(spec: LakeSpec) -> None:
    """Prices and customers are accepted, keys are landing keys, runs share them out."""
    book = load_price_book(spec.price_book, meters=METERS)
    load_customers(spec.customers, plans=book.plans)
    assert all(is_read(key) for key in spec.objects)
    assert not any(is_read(key) for key in spec.litter)
    assert sorted(key for run in spec.runs for key in run) == sorted(spec.objects)


@settings(max_examples=25, deadline=None)
@given(lake(conflicts="none", unreadable=False, malformed=False))
def test_a_lake_without_faults(spec: LakeSpec) -> None:
    """The switches keep out what they name; joints may still break a line."""
    assert not spec.has_conflicts
    assert not _reasons(spec).keys() & {reason.value for reason in UNREADABLE_REASONS}
    assert all(len(texts) == 1 for texts in _ids(spec).values())


@settings(max_examples=20, deadline=None)
@given(lake())
def test_a_lake_is_written_as_it_is(spec: LakeSpec) -> None:
    """On disk stand exactly the objects, at once or run by run."""
    with tempfile.TemporaryDirectory() as folder:
        at_once = spec.write(Path(folder, "once"))
        by_runs = spec.write_pricing(Path(folder, "runs"))
        for number in range(len(spec.runs)):
            spec.write_run(by_runs.landing, number)
        for landing, expected in (
            (at_once.landing, {**spec.objects, **spec.litter}),
            (by_runs.landing, spec.objects),
        ):
            found = {p.relative_to(landing).as_posix(): p.read_bytes() for p in landing.rglob("*") if p.is_file()}
            assert found == expected


def test_every_reason_comes_up() -> None:
    """Within a few hundred lakes every reason of the contract has been met, and every kind of lake."""
    choices = random.Random(20150517)
    lakes = [build_lake(choices.randbytes(BYTES_OF_CHOICES), conflicts="any_day") for _ in range(300)]
    reasons: Counter[str] = sum((_reasons(spec) for spec in lakes), Counter())
    assert {reason.value for reason in Reason} - reasons.keys() == {Reason.CONFLICT.value}
    assert {len(spec.runs) for spec in lakes} == {1, 2, 3, 4}
    assert {spec.has_conflicts for spec in lakes} == {True, False}
    assert any(len(texts) > 1 for spec in lakes for texts in _ids(spec).values())


def test_no_choices_make_the_simplest_lake() -> None:
    """Shrinking ends at one object of five plain events in one run."""
    spec = build_lake(b"")
    assert [len(content.splitlines()) for content in spec.objects.values()] == [5]
    assert spec.runs == (tuple(spec.objects),)
    assert not spec.litter
