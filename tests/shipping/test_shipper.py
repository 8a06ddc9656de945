"""A shipper from the first event to the last, over a store that fails as it is told."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.shipping.lines import CREATED, event
from tests.shipping.memory_store import MemoryStore
from usagelake.errors import (
    StorageConflictError,
    StorageDeniedError,
    StorageError,
    StorageUnavailableError,
)
from usagelake.shipping.config import ShippingConfig
from usagelake.shipping.shipper import Shipper
from usagelake.shipping.source import Position

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from usagelake.shipping.snapshot import Snapshot

STRENGTHS = [None, "sealed", "every-event"]
LONG = 3600.0


def _shipper(store: MemoryStore, *, sinks: tuple[Callable[[Snapshot], None], ...] = (), **options: object) -> Shipper:
    return Shipper(ShippingConfig.of({"to": "memory", **options}), lambda: store, sinks=sinks)


def _spool(tmp_path: Path, strength: str | None) -> dict[str, object]:
    return {} if strength is None else {"spool": tmp_path / "spool", "spool_strength": strength}


def _wait_for(condition: Callable[[], bool]) -> None:
    """Wait for what threads do; a bound of half a minute turns a stall into a failure."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.005)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_every_line_lands_verbatim_in_an_object_of_its_type(tmp_path: Path, strength: str | None) -> None:
    """Keys, bodies, content type and metadata are the contract's."""
    store = MemoryStore()
    shipper = _shipper(store, max_events=3, **_spool(tmp_path, strength))
    offered = [event(number, f"type-{number % 2}") for number in range(17)]
    for line in offered:
        shipper.offer(line, CREATED)
    snapshot = shipper.close()
    assert Counter(store.lines()) == Counter(offered)
    assert (snapshot.offered, snapshot.delivered, snapshot.batches) == (17, 17, 6)
    assert snapshot.bytes == sum(len(body) for body, _, _ in store.objects.values())
    assert snapshot.balanced
    for key, (body, content_type, metadata) in store.objects.items():
        assert content_type == "application/x-ndjson"
        assert body.endswith(b"\n")
        [event_type] = {json.loads(line)["event_type"] for line in body.splitlines()}
        assert key.startswith(f"{event_type}/2026/11/21/21/41/")
        assert metadata["usagelake-events"] == str(body.count(b"\n"))


def test_the_mixed_layout_holds_all_types_below_its_prefix() -> None:
    """As the Data API shipped it."""
    store = MemoryStore()
    shipper = _shipper(store, prefix="data-api")
    for number in range(10):
        shipper.offer(event(number, f"type-{number}"), CREATED)
    shipper.close()
    [key] = store.objects
    assert key.startswith("data-api/2026/11/21/21/41/")


def test_a_full_batch_is_uploaded_at_once() -> None:
    """Nobody waits for its age."""
    store = MemoryStore()
    shipper = _shipper(store, max_events=5, max_age=LONG)
    for number in range(5):
        shipper.offer(event(number), CREATED)
    _wait_for(lambda: len(store.objects) == 1)
    shipper.close()


def test_what_does_not_fill_a_batch_is_uploaded_when_it_is_old() -> None:
    """Idle data is flushed."""
    store = MemoryStore()
    shipper = _shipper(store, max_age=0.05)
    shipper.offer(event(1), CREATED)
    _wait_for(lambda: len(store.objects) == 1)
    shipper.offer(event(2), CREATED)
    _wait_for(lambda: len(store.objects) == 2)
    shipper.close()


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("fault", [StorageUnavailableError("503"), StorageConflictError("409"), RuntimeError("a bug")])
def test_a_retry_has_the_same_key(tmp_path: Path, strength: str | None, fault: Exception) -> None:
    """However often it is tried, there is one object."""
    store = MemoryStore(fault, fault, fault)
    shipper = _shipper(store, max_events=2, **_spool(tmp_path, strength))
    for number in range(2):
        shipper.offer(event(number), CREATED)
    snapshot = shipper.close()
    assert len(store.puts) == 4
    assert len(set(store.puts)) == 1
    assert (snapshot.delivered, snapshot.retries) == (2, 3)


@pytest.mark.parametrize("fault", [StorageDeniedError("AccessDenied"), StorageError("InvalidRequest")])
def test_what_somebody_must_mend_is_said_and_kept(fault: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """Loudly, on a logger that is not the events' own; other prefixes go on."""
    store = MemoryStore(fault)
    shipper = _shipper(store, max_events=1, uploads=1)
    with caplog.at_level(logging.WARNING, "usagelake.shipping"):
        shipper.offer(event(1, "refused"), CREATED)
        _wait_for(lambda: shipper.snapshot().retries == 1)
        shipper.offer(event(2, "fine"), CREATED)
        _wait_for(lambda: len(store.objects) == 1)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert str(fault) in caplog.text
    assert shipper.snapshot().buffered == 1
    assert shipper.close().delivered == 2


def test_a_full_buffer_drops_the_newest_counts_them_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """The caller never waits."""
    store = MemoryStore()
    store.gate.clear()
    shipper = _shipper(store, buffer_events=10, max_events=5, metrics_interval=0.05)
    for number in range(25):
        shipper.offer(event(number), CREATED)
    _wait_for(lambda: "events were dropped" in caplog.text)
    assert shipper.snapshot().balanced
    store.gate.set()
    snapshot = shipper.close()
    assert (snapshot.delivered, snapshot.dropped) == (10, {"buffer_full": 15})


def test_the_buffer_is_bounded_in_bytes_too() -> None:
    """A few monstrous lines are as bad as many small ones."""
    store = MemoryStore()
    store.gate.clear()
    shipper = _shipper(store, buffer_bytes=1000, max_events=1)
    for number in range(4):
        shipper.offer(event(number, padding=400), CREATED)
    assert shipper.snapshot().dropped == {"buffer_full": 3}
    store.gate.set()
    assert shipper.close().delivered == 1


def test_a_source_that_can_wait_waits_instead() -> None:
    """`put` loses nothing to a full buffer."""
    store = MemoryStore()
    store.gate.clear()
    shipper = _shipper(store, buffer_events=10, max_events=5)
    putting = threading.Thread(target=lambda: [shipper.put([event(number)]) for number in range(100)])
    putting.start()
    _wait_for(lambda: shipper.snapshot().offered == 10)
    time.sleep(0.05)
    assert shipper.snapshot().offered == 10
    store.gate.set()
    putting.join(30)
    snapshot = shipper.close()
    assert (snapshot.offered, snapshot.delivered, snapshot.dropped) == (100, 100, {})


@pytest.mark.parametrize("position", [None, Position("file", 900)])
def test_a_source_that_waits_is_let_go_when_the_shipper_closes(position: Position | None) -> None:
    """What can be read again is not taken; what cannot is counted as dropped."""
    store = MemoryStore(lasting=StorageUnavailableError("503"))
    shipper = _shipper(store, buffer_events=10, max_events=5)
    shipper.put([event(number) for number in range(10)])
    putting = threading.Thread(target=lambda: shipper.put([event(10), event(11)], position))
    putting.start()
    shipper.close(0.1)
    putting.join(30)
    shipper.put([event(12)], position)
    snapshot = shipper.snapshot()
    assert snapshot.balanced
    assert snapshot.waiting == 0
    assert snapshot.offered == (10 if position else 13)
    assert snapshot.failed + snapshot.dropped.get("shutdown", 0) == snapshot.offered


def test_put_passes_over_blank_lines_and_counts_bad_ones() -> None:
    """A blank line is no line; a bad one has its reason."""
    store = MemoryStore()
    shipper = _shipper(store)
    shipper.put([b"", b" \r", event(1) + b"\r", b"nonsense", b'{"id":"a"}'])
    snapshot = shipper.close()
    assert (snapshot.offered, snapshot.dropped) == (3, {"event_type_missing": 1, "not_json": 1})
    assert store.lines() == [event(1) + b"\r"]


@pytest.mark.parametrize("strength", ["sealed", "every-event"])
def test_an_outage_longer_than_the_buffer_fills_the_spool(tmp_path: Path, strength: str) -> None:
    """Memory stays bounded; nothing is dropped; all of it lands in the end."""
    store = MemoryStore()
    store.lasting = StorageUnavailableError("503")
    shipper = _shipper(store, buffer_events=40, max_events=5, **_spool(tmp_path, strength))
    for number in range(400):
        shipper.offer(event(number), CREATED)
        if number % 5 == 4:
            _wait_for(lambda: shipper.snapshot().dropped or shipper._intake.events < 20)
    _wait_for(lambda: shipper.snapshot().spooled == 400)
    snapshot = shipper.snapshot()
    assert (snapshot.dropped, snapshot.delivered) == ({}, 0)
    assert snapshot.spool_bytes > 400 * len(event(1))
    store.lasting = None
    snapshot = shipper.close()
    assert snapshot.delivered == 400
    assert snapshot.spool_bytes == 0
    assert Counter(store.lines()) == Counter(event(number) for number in range(400))
    assert [entry.name for entry in (tmp_path / "spool").iterdir()] == ["version"]


@pytest.mark.parametrize("strength", ["sealed", "every-event"])
def test_what_a_process_leaves_the_next_one_delivers_under_the_same_keys(tmp_path: Path, strength: str) -> None:
    """Closing with the store down loses nothing, and what had landed does not land again."""
    store = MemoryStore(None, None, lasting=StorageUnavailableError("503"))
    shipper = _shipper(store, max_events=5, uploads=1, **_spool(tmp_path, strength))
    for number in range(23):
        shipper.offer(event(number), CREATED)
    left = shipper.close(0.3)
    assert (left.delivered, left.spooled, left.failed, left.dropped) == (10, 13, 0, {})
    store.lasting = None
    shipper = _shipper(store, max_events=4, **_spool(tmp_path, strength))
    shipper.recover()
    snapshot = shipper.close()
    assert snapshot.recovered == snapshot.delivered >= 13
    assert Counter(store.lines()) == Counter(event(number) for number in range(23))
    assert [entry.name for entry in (tmp_path / "spool").iterdir()] == ["version"]


def test_closing_tries_a_store_that_has_failed_for_long(tmp_path: Path) -> None:
    """Failures of the past do not end it before its first attempt."""
    store = MemoryStore(lasting=StorageUnavailableError("503"))
    shipper = _shipper(store, max_events=1, **_spool(tmp_path, "sealed"))
    shipper.offer(event(1), CREATED)
    _wait_for(lambda: shipper.snapshot().retries >= 1)
    shipper._depot.lanes._lanes["internal_model_total_tokens"].failures = 100
    store.lasting = None
    assert shipper.close().delivered == 1


def test_without_a_spool_closing_counts_what_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    """What was tried has failed, what was not is dropped, and an error says how many."""
    store = MemoryStore(lasting=StorageUnavailableError("503"))
    shipper = _shipper(store, max_events=5, uploads=1)
    for number in range(20):
        shipper.offer(event(number), CREATED)
    snapshot = shipper.close(0.2)
    assert snapshot.failed + snapshot.dropped["shutdown"] == 20
    assert snapshot.failed >= 5
    assert snapshot.waiting == 0
    assert "20 events are lost" in caplog.text


def test_an_upload_that_outlives_the_deadline_is_not_forgotten() -> None:
    """It counts as failed while it hangs, and as delivered when it was."""
    store = MemoryStore()
    store.gate.clear()
    shipper = _shipper(store, max_events=1)
    shipper.offer(event(1), CREATED)
    _wait_for(lambda: shipper.snapshot().in_flight == 1)
    assert shipper.close(0.1).failed == 1
    store.gate.set()
    _wait_for(lambda: shipper.snapshot().delivered == 1)
    assert shipper.snapshot().balanced
    assert shipper.snapshot().failed == 0


@pytest.mark.parametrize("strength", STRENGTHS)
def test_a_closed_shipper_counts_what_comes_after(tmp_path: Path, strength: str | None) -> None:
    """Not silently."""
    store = MemoryStore()
    shipper = _shipper(store, **_spool(tmp_path, strength))
    shipper.offer(event(1), CREATED)
    shipper.close()
    shipper.offer(event(2), CREATED)
    snapshot = shipper.snapshot()
    assert (snapshot.delivered, snapshot.dropped) == (1, {"shutdown": 1})


def test_a_retired_shipper_still_takes_and_delivers() -> None:
    """A logger may hold a handler that `dictConfig` has replaced."""
    store = MemoryStore()
    shipper = _shipper(store, max_age=LONG)
    shipper.offer(event(1), CREATED)
    shipper.retire()
    _wait_for(lambda: shipper.snapshot().delivered == 1)
    shipper.offer(event(2), CREATED)
    _wait_for(lambda: shipper.snapshot().delivered == 2)
    shipper.close()


@pytest.mark.parametrize("strength", STRENGTHS)
def test_a_spool_that_cannot_be_used_stops_nothing(
    tmp_path: Path, strength: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Events are delivered from memory, and an error says that the spool is not there."""
    (tmp_path / "spool").write_text("a file stands where the folder should be")
    store = MemoryStore()
    shipper = _shipper(store, **_spool(tmp_path, strength))
    shipper.offer(event(1), CREATED)
    assert shipper.close().delivered == 1
    assert ("spool cannot be used" in caplog.text) == (strength is not None)


@pytest.mark.parametrize("strength", ["sealed", "every-event"])
def test_a_full_spool_falls_back_to_memory_and_then_counts(tmp_path: Path, strength: str) -> None:
    """Bounded on disk, bounded in memory, and every event in exactly one state."""
    store = MemoryStore(lasting=StorageUnavailableError("503"))
    shipper = _shipper(
        store, max_events=5, buffer_events=50, spool_bytes=4000, **_spool(tmp_path, strength)
    )  # fmt: skip
    for number in range(300):
        shipper.offer(event(number), CREATED)
        time.sleep(0.0005)
    snapshot = shipper.snapshot()
    assert snapshot.balanced
    assert snapshot.dropped["buffer_full"] > 0
    assert snapshot.spool_bytes <= 4000
    store.lasting = None
    snapshot = shipper.close()
    assert snapshot.delivered == 300 - snapshot.dropped["buffer_full"]
    assert len(store.lines()) == len(set(store.lines())) == snapshot.delivered


def test_a_damaged_batch_is_set_aside_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It stops no other, and its file is kept."""
    store = MemoryStore(lasting=StorageUnavailableError("503"))
    shipper = _shipper(store, max_events=5, **_spool(tmp_path, "sealed"))
    for number in range(10):
        shipper.offer(event(number), CREATED)
    shipper.close(0.2)
    damaged = next((tmp_path / "spool").glob("*/*.batch"))
    damaged.write_bytes(damaged.read_bytes().replace(b"event-", b"evant-"))
    store.lasting = None
    shipper = _shipper(store, **_spool(tmp_path, "sealed"))
    shipper.recover()
    snapshot = shipper.close()
    assert (snapshot.recovered, snapshot.delivered, snapshot.dropped) == (10, 5, {"spool_damaged": 5})
    assert len(list((tmp_path / "spool").glob("*.damaged"))) == 1
    assert "set aside" in caplog.text


def test_sinks_hear_the_last_word_and_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    """What a sink raises ends nothing."""
    heard: list[Snapshot] = []

    def broken(_snapshot: Snapshot) -> None:
        raise RuntimeError("sink is down")

    store = MemoryStore()
    shipper = _shipper(store, sinks=(broken, heard.append))
    shipper.offer(event(1), CREATED)
    last = shipper.close()
    assert heard[-1] == last
    assert last.last_delivery is not None
    assert "sink is down" in caplog.text


def test_positions_are_kept_after_the_lines_they_stand_for(tmp_path: Path) -> None:
    """With `sealed`: never before every line up to them is on disk or delivered."""
    store = MemoryStore(lasting=StorageUnavailableError("503"))
    shipper = _shipper(store, max_events=5, max_age=LONG, **_spool(tmp_path, "sealed"))
    shipper.put([event(number) for number in range(7)], Position("file", 700))
    _wait_for(lambda: shipper.snapshot().buffered == 2)
    assert shipper.position("file") is None
    shipper.close(0.2)
    shipper = _shipper(store, **_spool(tmp_path, "sealed"))
    assert shipper.position("file") == 700
    assert shipper.snapshot().recovered == 7
    shipper.close(0.2)
