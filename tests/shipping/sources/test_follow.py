"""Files are followed through every kind of rotation, and a later run goes on where an earlier one was ended."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shipping.sources.recording_sink import RecordingSink, running, wait_until
from usagelake.domain.json_lines import MAX_LINE_BYTES
from usagelake.shipping.sources import FileSource
from usagelake.shipping.sources.follow import PATTERNS_EVERY, QUIET, QUIET_UNREPLACED
from usagelake.shipping.sources.position_name import HEAD_BYTES, known_offset, position_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usagelake.shipping.source import Position

LONG = "x" * 300
"""Makes a line longer than what a file is known by."""


class Folder:
    """Files, and the runs that follow them, with a clock that moves when it is told to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sink = RecordingSink()
        self.now = 0.0
        self.source: FileSource | None = None

    def write(self, name: str, text: str) -> None:
        """Append to a file, as a service does."""
        with (self.path / name).open("a") as file:
            file.write(text)

    def move(self, name: str, to: str) -> None:
        """Rename a file."""
        (self.path / name).rename(self.path / to)

    def follow(self, *patterns: str, start: str = "start") -> None:
        """Begin a run; the one before is ended as by SIGKILL."""
        self.end()
        self.source = FileSource(
            [str(self.path / pattern) for pattern in patterns], start=start, clock=lambda: self.now  # type: ignore[arg-type]
        )  # fmt: skip

    def look(self, *, later: float = 0.0) -> list[str]:
        """Let the run look until it finds nothing new, and tell which lines came in."""
        assert self.source is not None
        self.now += later
        before = len(self.sink.lines)
        while self.source.poll(self.sink):
            pass
        return [line.decode() for line in self.sink.lines[before:]]

    def end(self) -> None:
        """End the run."""
        if self.source is not None:
            self.source.close()
        self.source = None

    def descriptors(self) -> int:
        """Count this process's descriptors of files of the folder."""
        found = 0
        for entry in os.scandir("/proc/self/fd"):
            try:
                found += Path(entry.path).readlink().is_relative_to(self.path)
            except FileNotFoundError:
                continue
        return found


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An empty folder."""
    made = Folder(tmp_path)
    yield made
    made.end()
    assert made.descriptors() == 0


def test_a_file_that_grows(folder: Folder) -> None:
    """Its lines come when they are complete, and once."""
    folder.write("log", "1\n2\n3")
    folder.follow("log")
    assert folder.look() == ["1", "2"]
    folder.write("log", "3")
    assert folder.look() == []
    folder.write("log", "3\n\n4\r\n")
    assert folder.look() == ["333", "", "4\r"]
    assert folder.look() == []


def test_a_file_that_does_not_exist_yet(folder: Folder) -> None:
    folder.follow("log", start="end")
    assert folder.look() == []
    folder.write("log", "1\n")
    assert folder.look() == ["1"]


def test_a_large_file(folder: Folder) -> None:
    """In pieces, in their order."""
    lines = [f"{number}-{'x' * (number % 500)}" for number in range(20_000)]
    folder.write("log", "\n".join(lines) + "\n")
    folder.follow("log")
    assert folder.look() == lines


@pytest.mark.parametrize("length", ["", LONG])
class TestRotation:
    """With lines that are shorter and longer than what a file is known by."""

    def test_rename_and_create(self, folder: Folder, length: str) -> None:
        """The old file is read to its end, although its writer goes on for a while, and then the new one too."""
        folder.write("log", f"1{length}\n")
        folder.follow("log")
        assert folder.look() == [f"1{length}"]
        folder.write("log", f"2{length}\n")
        folder.move("log", "log.1")
        folder.write("log.1", f"3{length}\n")
        folder.write("log", f"new{length}\n")
        assert sorted(folder.look()) == [f"2{length}", f"3{length}", f"new{length}"]
        folder.write("log.1", f"4{length}\n")
        assert folder.look(later=QUIET / 2) == [f"4{length}"]
        assert folder.look(later=QUIET - 1) == []
        assert folder.descriptors() == 2
        assert folder.look(later=1) == []
        assert folder.descriptors() == 1

    def test_the_last_line_of_a_rotated_file(self, folder: Folder, length: str) -> None:
        """It waits for its line feed until the file is let go."""
        folder.write("log", f"1{length}\nno line feed")
        folder.follow("log")
        folder.look()
        folder.move("log", "log.1")
        folder.write("log", "new\n")
        assert folder.look() == ["new"]
        assert folder.look(later=QUIET) == ["no line feed"]
        folder.follow("log", "log.1")
        assert folder.look() == []

    def test_a_file_that_is_renamed_and_not_replaced(self, folder: Folder, length: str) -> None:
        """Its writer goes on with it, for as long as there is no other."""
        folder.write("log", f"1{length}\n")
        folder.follow("log")
        folder.look()
        folder.move("log", "log.1")
        assert folder.look(later=QUIET * 2) == []
        folder.write("log.1", f"2{length}\n")
        assert folder.look(later=QUIET * 2) == [f"2{length}"]
        assert folder.look(later=QUIET_UNREPLACED) == []
        assert folder.descriptors() == 0

    def test_a_file_that_is_given_its_name_back(self, folder: Folder, length: str) -> None:
        """It is as one that was never replaced."""
        folder.write("log", f"1{length}\n")
        folder.follow("log")
        folder.look()
        folder.move("log", "log.1")
        folder.write("log", f"2{length}\n")
        folder.look()
        (folder.path / "log").unlink()
        folder.move("log.1", "log")
        folder.look()
        folder.move("log", "log.1")
        folder.look()
        folder.look(later=QUIET * 2)
        folder.write("log.1", f"3{length}\n")
        assert folder.look() == [f"3{length}"]

    def test_copytruncate(self, folder: Folder, length: str) -> None:
        """The file shrinks below what was read."""
        folder.write("log", f"1{length}\n2{length}\n")
        folder.follow("log")
        folder.look()
        shutil.copyfile(folder.path / "log", folder.path / "log.1")
        os.truncate(folder.path / "log", 0)
        folder.write("log", f"3{length}\n")
        assert folder.look() == [f"3{length}"]
        os.truncate(folder.path / "log", 0)
        assert folder.look() == []
        folder.write("log", f"4{length}\n")
        assert folder.look() == [f"4{length}"]

    @pytest.mark.parametrize("more", [0, 1, 7])
    def test_copytruncate_that_has_outgrown_what_was_read(self, folder: Folder, length: str, more: int) -> None:
        """The first bytes tell, also when the size is the same."""
        folder.write("log", f"1{length}\n2{length}\n")
        folder.follow("log")
        folder.look()
        os.truncate(folder.path / "log", 0)
        lines = [f"{number + 3}{length}" for number in range(2 + more)]
        folder.write("log", "\n".join(lines) + "\n")
        assert folder.look() == lines

    def test_copytruncate_of_files_that_begin_alike(self, folder: Folder, length: str) -> None:
        """The size tells, as long as the new content is shorter."""
        head = f"{LONG}{length}\n"
        folder.write("log", f"{head}1\n2\n")
        folder.follow("log")
        folder.look()
        os.truncate(folder.path / "log", 0)
        folder.write("log", f"{head}3\n")
        assert folder.look() == [head[:-1], "3"]

    def test_a_line_that_copytruncate_breaks_off(self, folder: Folder, length: str) -> None:
        """What was read of it is a line of its own, which the shipper judges; the rest is in the new content."""
        folder.write("log", f"1{length}\nbegun")
        folder.follow("log")
        assert folder.look() == [f"1{length}"]
        os.truncate(folder.path / "log", 0)
        folder.write("log", "rest\n")
        assert folder.look() == ["begun", "rest"]

    def test_deletion_and_creation(self, folder: Folder, length: str) -> None:
        """What the deleted file held is read, also what its writer adds."""
        folder.write("log", f"1{length}\n")
        folder.follow("log")
        folder.look()
        with (folder.path / "log").open("a") as writer:
            (folder.path / "log").unlink()
            writer.write(f"2{length}\n")
            writer.flush()
            assert folder.look() == [f"2{length}"]
        folder.write("log", f"3{length}\n")
        assert folder.look() == [f"3{length}"]
        folder.look(later=QUIET)
        assert folder.descriptors() == 1

    def test_a_rotation_between_two_runs(self, folder: Folder, length: str) -> None:
        """The renamed file is found in its folder, and read to its end; others there are left alone."""
        folder.write("other", f"not followed{length}\n")
        folder.write("log", f"1{length}\n")
        folder.follow("log")
        folder.look()
        folder.end()
        folder.write("log", f"2{length}\n3")
        folder.move("log", "log.1")
        folder.write("log", f"new{length}\n")
        folder.follow("log")
        assert sorted(folder.look()) == [f"2{length}", f"new{length}"]
        assert folder.look(later=QUIET) == ["3"]
        folder.follow("log")
        assert folder.look(later=QUIET) == []

    def test_a_writer_that_goes_on_after_a_rotation_between_two_runs(self, folder: Folder, length: str) -> None:
        """Also when nothing was new in the renamed file at the time of the second run's beginning."""
        folder.write("log", f"1{length}\n")
        folder.follow("log")
        folder.look()
        folder.end()
        folder.move("log", "log.1")
        folder.follow("log")
        assert folder.look() == []
        folder.write("log.1", f"2{length}\n")
        assert folder.look() == [f"2{length}"]

    def test_the_inode_comes_back_with_other_content(self, folder: Folder, length: str) -> None:
        """Whether it was given to another file or emptied and written anew, between two runs: it is new."""
        folder.write("log", f"1{length}\n2{length}\n")
        folder.follow("log")
        folder.look()
        folder.end()
        os.truncate(folder.path / "log", 0)
        lines = [f"new {number}{length}" for number in range(5)]
        folder.write("log", "\n".join(lines) + "\n")
        folder.follow("log")
        assert folder.look() == lines

    def test_a_second_run_goes_on(self, folder: Folder, length: str) -> None:
        """At the line that the first did not see complete."""
        for number in range(6):
            folder.write("log", f"{number}{length}\n{number} be")
            folder.follow("log")
            assert f"{number}{length}" in folder.look()
            folder.write("log", "gun\n")
        folder.follow("log")
        folder.look()
        expected = [line for number in range(6) for line in (f"{number}{length}", f"{number} begun")]
        assert [line.decode() for line in folder.sink.lines] == expected

    def test_an_old_file_that_is_finished_is_not_held(self, folder: Folder, length: str) -> None:
        """A folder of old files takes no descriptors."""
        folder.write("log", f"1{length}\n")
        folder.follow("log")
        folder.look()
        folder.end()
        folder.move("log", "log.1")
        os.utime(folder.path / "log.1", (0, 0))
        folder.follow("log")
        assert folder.look() == []
        assert folder.descriptors() == 0


def test_a_file_that_comes_back_after_it_was_let_go(folder: Folder) -> None:
    """It goes on in the same run, although a sink tells the positions of earlier runs alone."""
    folder.write("log", f"1{LONG}\n")
    folder.follow("log")
    folder.look()
    folder.sink.positions.clear()
    folder.move("log", "elsewhere")
    folder.look(later=QUIET_UNREPLACED)
    assert folder.descriptors() == 0
    folder.move("elsewhere", "log")
    folder.write("log", "2\n")
    assert folder.look() == ["2"]


def test_patterns_are_read_again(folder: Folder) -> None:
    """Files that come later are followed, compressed ones never, and none twice."""
    folder.write("a.log", "a1\n")
    folder.write("b.txt", "b\n")
    folder.follow("*.log*", "a.log", "missing/*.log")
    assert folder.look() == ["a1"]
    folder.write("c.log", "c1\n")
    folder.write("d.log.gz", "compressed\n")
    assert folder.look(later=PATTERNS_EVERY / 2) == []
    assert folder.look(later=PATTERNS_EVERY / 2) == ["c1"]
    folder.move("a.log", "a.log.1")
    folder.write("a.log.1", "a2\n")
    assert folder.look(later=PATTERNS_EVERY) == ["a2"]
    assert folder.look(later=QUIET) == []
    folder.write("a.log.1", "a3\n")
    assert folder.look() == ["a3"]


def test_a_pattern_finds_what_was_rotated_twice_between_two_looks(folder: Folder) -> None:
    """And a pattern that spans folders finds them."""
    (folder.path / "one").mkdir()
    folder.write("one/log", "1\n")
    folder.follow("*/log*")
    assert folder.look() == ["1"]
    folder.end()
    for number in range(2, 5):
        folder.move("one/log", f"one/log.{9 - number}")
        folder.write("one/log", f"{number}\n")
    folder.follow("*/log*")
    assert sorted(folder.look()) == ["2", "3", "4"]


def test_a_name_with_signs_of_a_pattern(folder: Folder) -> None:
    folder.write("log[1]", "1\n")
    folder.write("log1", "no\n")
    folder.follow("log[1]")
    assert folder.look() == ["1"]


def test_a_link_that_is_turned_to_another_file(folder: Folder) -> None:
    """As a container's log: the files lie elsewhere, and the one before is read to its end."""
    (folder.path / "pods").mkdir()
    folder.write("pods/0", "1\n")
    (folder.path / "log").symlink_to(folder.path / "pods" / "0")
    folder.follow("log")
    assert folder.look() == ["1"]
    folder.write("pods/0", "2\n")
    folder.write("pods/1", "3\n")
    (folder.path / "log").unlink()
    (folder.path / "log").symlink_to(folder.path / "pods" / "1")
    assert sorted(folder.look()) == ["2", "3"]
    folder.write("pods/1", "4\n")
    folder.end()
    folder.move("pods/1", "pods/1.old")
    folder.write("pods/1", "5\n")
    folder.follow("log")
    assert sorted(folder.look()) == ["4", "5"]


class TestFromTheEnd:
    """`--from end`: what a file holds when it is followed for the first time is left out."""

    @pytest.mark.parametrize("unfinished", ["", "beg"])
    def test_only_what_comes(self, folder: Folder, unfinished: str) -> None:
        """A line that is being written at the time is taken whole."""
        folder.write("log", f"old\nolder\n{unfinished}")
        folder.follow("log", start="end")
        assert folder.look() == []
        folder.write("log", "un\n")
        assert folder.look() == [f"{unfinished}un"]

    def test_a_second_run_goes_on(self, folder: Folder) -> None:
        """Although the first saw no line; and a file that came in between is new."""
        folder.write("log", "old\n")
        folder.follow("log", start="end")
        assert folder.look() == []
        folder.write("log", "1\n")
        folder.end()
        folder.move("log", "log.1")
        folder.write("log", "2\n")
        folder.follow("log", start="end")
        assert sorted(folder.look()) == ["1", "2"]

    def test_a_file_that_comes_later_is_new(self, folder: Folder) -> None:
        folder.write("a.log", "old\n")
        folder.follow("*.log", start="end")
        assert folder.look() == []
        folder.write("b.log", "1\n")
        assert folder.look(later=PATTERNS_EVERY) == ["1"]

    def test_a_line_without_end(self, folder: Folder) -> None:
        """Nobody looks for its beginning in the whole file."""
        folder.write("log", "x" * (MAX_LINE_BYTES + 1))
        folder.follow("log", start="end")
        folder.look()
        folder.write("log", "rest\n1\n")
        assert folder.look() == ["rest", "1"]


def test_a_line_above_the_limit(folder: Folder) -> None:
    """It is cut, and a run that is ended in its middle changes nothing."""
    folder.write("log", "1\n" + "x" * (MAX_LINE_BYTES + 100))
    folder.follow("log")
    assert folder.look() == ["1"]
    folder.follow("log")
    assert folder.look() == []
    folder.write("log", "y\n2\n")
    assert folder.look() == ["x" * (MAX_LINE_BYTES + 1), "2"]
    folder.follow("log")
    assert folder.look() == []


def test_what_cannot_be_read_is_named_once(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    """And is followed as soon as it can."""
    (folder.path / "log").mkdir()
    os.mkfifo(folder.path / "pipe")
    (folder.path / "loop").symlink_to("loop")
    folder.write("good", "1\n")
    folder.follow("log", "pipe", "loop", "good")
    assert folder.look() == ["1"]
    folder.look()
    messages = sorted(record.getMessage().removeprefix(str(folder.path)) for record in caplog.records)
    assert messages == [
        "/log: cannot be followed (it is no regular file)",
        "/loop: cannot be followed (Too many levels of symbolic links)",
        "/pipe: cannot be followed (it is no regular file)",
    ]
    (folder.path / "log").rmdir()
    folder.write("log", "2\n")
    assert folder.look() == ["2"]


def test_in_a_thread(tmp_path: Path) -> None:
    """As `usagelake ship` runs it, on the real clock."""
    sink = RecordingSink()
    log = tmp_path / "log"
    with running(FileSource([str(log)], poll_every=0.01).run, sink):
        log.write_bytes(b"1\n")
        wait_until(lambda: sink.lines == [b"1"])
        log.rename(tmp_path / "log.1")
        log.write_bytes(b"2\n")
        wait_until(lambda: sink.lines == [b"1", b"2"])


def test_a_stop_does_not_wait_for_the_end_of_large_files(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x\n" * 2_000_000)
    stop = threading.Event()

    class StoppingSink(RecordingSink):
        def put(self, lines: Sequence[bytes], position: Position | None = None) -> None:
            super().put(lines, position)
            if lines:
                stop.set()

    sink = StoppingSink()
    FileSource([str(tmp_path / "log")]).run(sink, stop)
    assert 0 < len(sink.lines) < 1_000_000


def test_a_position_beyond_the_file_or_under_another_length_is_not_believed() -> None:
    """A file that lost its end, as after a crash of the machine, is read from its beginning."""
    sink = RecordingSink()
    content = os.urandom(HEAD_BYTES)
    sink.positions[position_name((1, 2), content, 1_000)] = 1_000
    assert known_offset(sink.position, (1, 2), content, 1_000) == 1_000
    assert known_offset(sink.position, (1, 2), content, 999) is None
    assert known_offset(sink.position, (1, 3), content, 1_000) is None
    assert known_offset(sink.position, (2, 2), content, 1_000) is None
    sink.positions[position_name((1, 2), content, 10)] = 20
    assert known_offset(sink.position, (1, 2), content[:20], 20) is None


@given(st.integers(1, 2_000), st.integers(0, 2_000))
def test_a_file_that_has_grown_is_known(offset: int, more: int) -> None:
    """Whatever its length was when its position was kept, and at the last one that was kept."""
    content = bytes(number % 251 for number in range(4_000))
    sink = RecordingSink()
    sink.positions[position_name((1, 2), content[:offset], offset)] = offset
    size = offset + more
    assert known_offset(sink.position, (1, 2), content[: min(size, HEAD_BYTES)], size) == offset
    sink.positions[position_name((1, 2), content[:size], size)] = size
    assert known_offset(sink.position, (1, 2), content[: min(size, HEAD_BYTES)], size) == size
