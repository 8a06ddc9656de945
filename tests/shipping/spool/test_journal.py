"""Journals: what was appended is read again, wherever the file was cut off."""

from __future__ import annotations

import errno
import os
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from usagelake.shipping.batch import uuid7
from usagelake.shipping.partition import Rules
from usagelake.shipping.spool.journal import (
    ForeignJournalError,
    Journal,
    at_minute,
    read_header,
    read_lines,
    with_position,
)

if TYPE_CHECKING:
    from pathlib import Path

SEGMENT = uuid7(1, bytes(10))
RULES = Rules("data-api", 50, 2_000_000)

_line = st.binary(max_size=40).map(lambda body: b"{" + body.replace(b"\n", b"") + b"}")
_source = st.from_regex(r"[!-~]{1,40}", fullmatch=True)
_entry = st.one_of(
    _line,
    st.integers(0, 10**9),
    st.tuples(st.lists(_line, max_size=3).map(tuple), _source, st.integers(0, 2**60)),
)
Entry = bytes | int | tuple[tuple[bytes, ...], str, int]


def _write(path: Path, entries: list[Entry]) -> list[int]:
    """Write a journal, and tell its size after each entry."""
    path.unlink(missing_ok=True)
    journal = Journal(path, SEGMENT, RULES, 10**9)
    sizes = [journal.size]
    for entry in entries:
        if isinstance(entry, bytes):
            assert journal.append(entry + b"\n")
        elif isinstance(entry, int):
            assert journal.append(at_minute(entry))
        else:
            lines, source, offset = entry
            assert journal.append(with_position(b"".join(line + b"\n" for line in lines), source, offset))
        sizes.append(journal.size)
    journal.close()
    return sizes


def _read(entries: list[Entry]) -> list[tuple[bytes | str, int]]:
    minute, wanted = 0, []
    for entry in entries:
        if isinstance(entry, int):
            minute = entry
        elif isinstance(entry, bytes):
            wanted.append((entry, minute))
        else:
            wanted += [(line, minute) for line in entry[0]] + [(entry[1], entry[2])]
    return wanted


@given(st.lists(_entry, max_size=12), st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_journal_that_was_cut_off_gives_what_was_whole(
    tmp_path: Path, entries: list[Entry], data: st.DataObject
) -> None:
    """Wherever a machine stopped writing: all that was whole, nothing of what was not, groups included."""
    path = tmp_path / "a.journal"
    sizes = _write(path, entries)
    assert sizes[-1] == path.stat().st_size
    cut = data.draw(st.integers(0, sizes[-1]))
    os.truncate(path, cut)
    if cut < sizes[0]:
        assert read_header(path) is None
        return
    header = read_header(path)
    assert header is not None
    assert (header.segment, header.rules) == (SEGMENT, RULES)
    whole = sum(cut >= size for size in sizes) - 1
    assert list(read_lines(path)) == _read(entries[:whole])


def test_sizes_grow_by_what_is_appended(tmp_path: Path) -> None:
    """The bound of the spool relies on them."""
    sizes = _write(tmp_path / "a.journal", [b"{}", 7, ((b"{}",), "f", 9)])
    assert [after - before for before, after in pairwise(sizes)] == [3, 6, len(b"#group 12\n{}\n#pos 9 f\n")]


def test_a_full_journal_takes_no_more(tmp_path: Path) -> None:
    """And what it refuses leaves no trace."""
    journal = Journal(tmp_path / "a.journal", SEGMENT, RULES, 200)
    while journal.append(b"{}" * 10 + b"\n"):
        pass
    journal.close()
    assert (tmp_path / "a.journal").stat().st_size == journal.size <= 200


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that the disk cut short is taken back, and so nothing follows a torn line."""
    path = tmp_path / "a.journal"
    journal = Journal(path, SEGMENT, RULES, 10**9)
    assert journal.append(b'{"whole":1}\n')
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:5]))
    assert not journal.append(b'{"torn":1}\n')
    monkeypatch.undo()
    assert not journal.append(b'{"after":1}\n')
    journal.close()
    assert [line for line, _ in read_lines(path)] == [b'{"whole":1}']


def test_a_failing_disk_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is there for whoever reports it."""
    journal = Journal(tmp_path / "a.journal", SEGMENT, RULES, 10**9)

    def fail(_descriptor: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "write", fail)
    assert not journal.append(b"{}\n")
    journal.close()
    assert journal.fault is not None
    assert journal.fault.errno == errno.ENOSPC


@pytest.mark.parametrize(
    "first",
    [
        b'#usagelake-journal {"version": 2, "segment": "x"}\n',
        b"#usagelake-journal nonsense\n",
        b'#usagelake-journal {"version": 1}\n',
        b"#usagelake-journal []\n",
        b'{"id":"a"}\n',
        b"something else\n",
        b"\x00" * 10 + b"\n",
    ],
)
def test_a_foreign_file_is_no_journal(tmp_path: Path, first: bytes) -> None:
    """Another version's journal is told apart from a torn one."""
    path = tmp_path / "a.journal"
    path.write_bytes(first + b"{}\n")
    with pytest.raises(ForeignJournalError):
        read_header(path)


def test_a_journal_is_never_begun_over_another(tmp_path: Path) -> None:
    """Two segments of one name would lose the first one's lines."""
    Journal(tmp_path / "a.journal", SEGMENT, RULES, 10**9).close()
    with pytest.raises(FileExistsError):
        Journal(tmp_path / "a.journal", SEGMENT, RULES, 10**9)


def test_no_journal_is_begun_without_room_for_its_header(tmp_path: Path) -> None:
    """And no empty file stays behind."""
    with pytest.raises(OSError, match="no room"):
        Journal(tmp_path / "a.journal", SEGMENT, RULES, 10)
    assert list(tmp_path.iterdir()) == []
