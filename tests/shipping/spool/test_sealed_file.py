"""Sealed batches on disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.shipping.lines import MINUTE, event
from usagelake.shipping.batch import uuid7
from usagelake.shipping.partition import Partition, Rules
from usagelake.shipping.spool.sealed_file import DamagedBatchError, batch_of, content_of, read_sealed, write_sealed

if TYPE_CHECKING:
    from pathlib import Path

    from usagelake.shipping.batch import Batch


def _batch(events: int, *, event_type: str = "tokens", prefix: str | None = None) -> Batch:
    partition = Partition(uuid7(1, bytes(10)), Rules(prefix, 100, 2_000_000))
    for number in range(events):
        partition.feed(event(number, event_type), MINUTE)
    [batch] = partition.finish()
    return batch


@pytest.mark.parametrize("prefix", [None, "data-api", "a/b.c/d=e"])
def test_a_batch_is_read_as_it_was_written(tmp_path: Path, prefix: str | None) -> None:
    """Key, body and manifest from the file; lane, count and size from its name."""
    batch = _batch(3, prefix=prefix)
    [file] = write_sealed(tmp_path, [(batch, content_of(batch))])
    assert read_sealed(file) == batch.sealed
    listed = batch_of(file)
    assert listed is not None
    assert (listed.name, listed.prefix, listed.events, listed.size) == (batch.name, batch.prefix, 3, batch.size)
    assert listed.oldest == MINUTE * 60.0
    assert [entry.name for entry in tmp_path.iterdir()] == [file.name]


def test_the_longest_names_are_files(tmp_path: Path) -> None:
    """The longest event type and the longest prefix still fit a file name."""
    for batch in (_batch(1, event_type="x" * 100), _batch(1, prefix="/".join(["abcd"] * 20))):
        assert read_sealed(write_sealed(tmp_path, [(batch, content_of(batch))])[0]) == batch.sealed


@given(st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_other_byte_is_found(tmp_path: Path, data: st.DataObject) -> None:
    """A flipped bit, a cut, a tail: the file does not pass for what was sealed, or reads as just that."""
    batch = _batch(2)
    [file] = write_sealed(tmp_path, [(batch, content_of(batch))])
    content = file.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    damaged = data.draw(
        st.sampled_from([
            content[:place],
            content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :],
            content + b"x",
        ])
    )  # fmt: skip
    file.write_bytes(damaged)
    try:
        read = read_sealed(file)
    except DamagedBatchError:
        return
    assert batch.sealed is not None
    assert read.body == batch.sealed.body


def test_another_versions_file_is_not_read(tmp_path: Path) -> None:
    """It is set aside, not misread."""
    file = tmp_path / "x.batch"
    file.write_bytes(b'{"version": 2, "key": "k", "metadata": {}}\n')
    with pytest.raises(DamagedBatchError, match="version 2"):
        read_sealed(file)


def test_a_full_disk_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither under the batch's name nor under another."""

    def fail(_descriptor: int) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(OSError, match="no space"):
        write_sealed(tmp_path, [(batch, content_of(batch)) for batch in (_batch(1), _batch(2))])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x.batch", "a.b.c.d.batch", "a.1.x.tokens.batch", ".batch"])
def test_a_name_that_is_no_batchs_is_passed_over(tmp_path: Path, name: str) -> None:
    """Somebody's file in the spool stops nothing."""
    assert batch_of(tmp_path / name) is None
