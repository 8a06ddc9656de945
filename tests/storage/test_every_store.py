"""What every store does alike: a folder, S3 by boto3, S3 by obstore."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from usagelake.errors import StorageError
from usagelake.storage import LocalFolder, PutOutcome, Storage

NDJSON = "application/x-ndjson"
MANIFEST = {"event-count": "2", "first-event": "2025-10-05T12:00:00Z"}

parts = st.text(
    st.characters(exclude_categories=["C", "Zl", "Zp"], exclude_characters="/"), min_size=1, max_size=20
).filter(lambda part: part not in {".", ".."})


def _put(store: Storage, key: str, body: bytes = b"x") -> PutOutcome:
    return store.put_if_absent(key, body, content_type=NDJSON, metadata=MANIFEST)


def _keys(store: Storage, below: str = "") -> list[str]:
    return sorted(info.key for info in store.list(below=below))


@pytest.mark.parametrize("size", [0, 1, 5 * 1024 * 1024 + 1])
def test_what_was_put_is_listed_and_read(store: Storage, size: int) -> None:
    """Also an empty object, and one that is larger than a part of a multipart upload."""
    body = bytes(range(256)) * (size // 256) + b"-" * (size % 256)
    assert _put(store, "tokens/2025/10/05/12/00/a.jsonl", body) is PutOutcome.CREATED
    (info,) = store.list()
    assert (info.key, info.size) == ("tokens/2025/10/05/12/00/a.jsonl", size)
    assert info.version
    assert '"' not in info.version
    chunks = list(store.read(info.key))
    assert b"".join(chunks) == body
    assert all(0 < len(chunk) <= 6 * 1024 * 1024 for chunk in chunks)


def test_a_key_that_is_taken_is_left_as_it_is(store: Storage) -> None:
    assert _put(store, "a.jsonl", b"first") is PutOutcome.CREATED
    assert _put(store, "a.jsonl", b"second") is PutOutcome.EXISTS
    assert b"".join(store.read("a.jsonl")) == b"first"


def test_metadata_come_back_where_they_are_kept(store: Storage) -> None:
    _put(store, "a.jsonl")
    assert store.metadata("a.jsonl") == (None if isinstance(store, LocalFolder) else MANIFEST)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(key=st.lists(parts, min_size=1, max_size=4).map("/".join))
def test_any_key_of_printable_parts_round_trips(store: Storage, key: str) -> None:
    """Spaces, signs that URLs use for themselves, letters of any script."""
    _put(store, f"-/{key}/-", key.encode())
    assert f"-/{key}/-" in _keys(store)
    assert b"".join(store.read(f"-/{key}/-")) == key.encode()


@pytest.mark.parametrize(
    "key",
    ["", "/a", "a/", "a//b", "../a", "a/../b", ".", "a/./b", "a\nb", "a\0b", "\udc80"],
)
def test_a_key_that_would_leave_the_folder_is_refused(store: Storage, key: str) -> None:
    """Or be no file of it; S3 takes most of these, and then nothing could be copied to a folder."""
    with pytest.raises(StorageError, match=r"the key .* cannot be written; ") as caught:
        _put(store, key)
    assert type(caught.value) is StorageError
    assert _keys(store) == []


@pytest.mark.parametrize(
    "metadata", [{"Event-Count": "1"}, {"a b": "1"}, {"": "1"}, {"a": "é"}, {"a": "1\n"}, {"a": " 1"}, {"a_b": "1"}]
)
def test_metadata_that_are_no_headers_are_refused(store: Storage, metadata: dict[str, str]) -> None:
    with pytest.raises(StorageError, match="metadata"):
        store.put_if_absent("a.jsonl", b"", content_type=NDJSON, metadata=metadata)
    assert _keys(store) == []


@pytest.mark.parametrize("content_type", ["", "a\nb", "é"])
def test_a_content_type_that_is_no_header_is_refused(store: Storage, content_type: str) -> None:
    with pytest.raises(StorageError, match="is no content type"):
        store.put_if_absent("a.jsonl", b"", content_type=content_type, metadata={})


def test_an_empty_place_lists_nothing(store: Storage) -> None:
    assert _keys(store) == []


def test_a_listing_can_be_narrowed_to_a_folder(store: Storage) -> None:
    """A name that merely starts alike is not in it; a folder that is not there holds nothing."""
    for key in ("t/2025/a", "t/2025/10/b", "t/2025x/c", "d"):
        _put(store, key)
    assert _keys(store, "t/2025") == ["t/2025/10/b", "t/2025/a"]
    assert _keys(store, "t") == ["t/2025/10/b", "t/2025/a", "t/2025x/c"]
    assert _keys(store, "missing") == []


def test_a_missing_object_cannot_be_read(store: Storage) -> None:
    with pytest.raises(StorageError, match=r"none\.jsonl: cannot be (opened|read) \(") as caught:
        b"".join(store.read("none.jsonl"))
    assert type(caught.value) is StorageError


def test_of_many_threads_that_put_one_key_one_creates_it(store: Storage) -> None:
    """The others are told that it exists; the object is the winner's, whole."""
    together = Barrier(8)

    def put(number: int) -> PutOutcome:
        together.wait()
        return _put(store, "x/y/a.jsonl", b"%d" % number * 100_000)

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(put, range(8)))
    if isinstance(store, LocalFolder):  # moto looks first and writes then, and lets two through
        assert outcomes.count(PutOutcome.CREATED) == 1
    body = b"".join(store.read("x/y/a.jsonl"))
    assert (len(body), len(set(body))) == (100_000, 1)


def test_many_threads_use_one_store(store: Storage) -> None:
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda number: _put(store, f"t/{number % 50}.jsonl"), range(50)))
    assert outcomes == [PutOutcome.CREATED] * 50
    assert len(_keys(store)) == 50
