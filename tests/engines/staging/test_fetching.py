"""Objects fetched ahead are the objects, whatever the store does meanwhile."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.engines.staging import fetching
from usagelake.engines.staging.fetching import AHEAD_OBJECTS, LARGE_BYTES, fetched_ahead
from usagelake.errors import StorageError, StorageUnavailableError
from usagelake.storage import ObjectInfo


@dataclass
class Elsewhere:
    """A store that is no folder of this machine, and that fails as it is told."""

    bodies: dict[str, bytes]
    failing: dict[str, list[StorageError]] = field(default_factory=dict)
    reads: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def path(self, key: str) -> None:
        """Tell that nothing lies here."""

    def read(self, key: str) -> Iterator[bytes]:
        """Read, and note how many read at the same time."""
        with self._lock:
            self.reads[key] += 1
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            if self.failing.get(key):
                raise self.failing[key].pop(0)
            body = self.bodies[key]
            yield from (body[start : start + 3] for start in range(0, len(body), 3))
        finally:
            with self._lock:
                self._now -= 1


def _infos(store: Elsewhere, size: int | None = None) -> list[ObjectInfo]:
    return [ObjectInfo(key, len(body) if size is None else size, "1") for key, body in store.bodies.items()]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAUSES", (0.0, 0.0, 0.0))


@settings(max_examples=60, deadline=None)
@given(bodies=st.lists(st.binary(max_size=20), max_size=200), again=st.sets(st.integers(0, 199)))
def test_each_object_is_what_the_store_holds(bodies: list[bytes], again: set[int]) -> None:
    """In order, each by one request; one that is read again is asked for again."""
    store = Elsewhere({f"{number:03}": body for number, body in enumerate(bodies)})
    with fetched_ahead(store, _infos(store)) as read:  # type: ignore[arg-type]
        for number, (key, body) in enumerate(store.bodies.items()):
            assert b"".join(read(key)) == body
            if number in again:
                assert b"".join(read(key)) == body
    assert store.reads == {key: 1 + (number in again) for number, key in enumerate(store.bodies)}


def test_no_more_than_a_window_is_held() -> None:
    """What nobody has asked for yet is not fetched without end; what is large is not fetched at all."""
    store = Elsewhere({f"{number:04}": b"x" for number in range(1000)})
    with fetched_ahead(store, _infos(store)) as read:  # type: ignore[arg-type]
        assert b"".join(read("0000")) == b"x"
    assert 1 <= len(store.reads) <= AHEAD_OBJECTS + 1
    large = Elsewhere(dict(store.bodies))
    with fetched_ahead(large, _infos(large, LARGE_BYTES + 1)) as read:  # type: ignore[arg-type]
        assert b"".join(read("0000")) == b"x"
    assert large.reads == {"0000": 1}


def test_a_store_that_is_busy_is_asked_again() -> None:
    """As often as there are pauses, and once more; any other fault is told at once, for that object alone."""
    busy = [StorageUnavailableError("slow down") for _ in range(4)]
    store = Elsewhere(
        {"a": b"1", "b": b"2", "c": b"3", "d": b"4"},
        {"a": busy[:3], "b": list(busy), "c": [StorageError("gone")]},
    )
    with fetched_ahead(store, _infos(store)) as read:  # type: ignore[arg-type]
        assert b"".join(read("a")) == b"1"
        with pytest.raises(StorageUnavailableError, match="slow down"):
            read("b")
        with pytest.raises(StorageError, match="gone"):
            read("c")
        assert b"".join(read("d")) == b"4"
    assert store.reads == {"a": 4, "b": 4, "c": 1, "d": 1}
