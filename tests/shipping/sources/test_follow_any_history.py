"""Whatever happens to a file and to the runs that follow it, every line arrives exactly once.

But for what nobody can save: lines that copytruncate removes before they are read, what a deleted file held when the
run that held it open was killed, and a file of which no line was read before it was given a name that nobody follows
and the run was killed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.shipping.sources.recording_sink import RecordingSink
from usagelake.shipping.sources import FileSource
from usagelake.shipping.sources.follow import PATTERNS_EVERY, QUIET, QUIET_UNREPLACED


@dataclass
class Content:
    """What was written to a file, from its creation or from the moment when it was emptied.

    Attributes:
        text: All of it.
        path: Where the file is; None when it is deleted.
        rotated: Nobody writes to it any more.
        losable: It was emptied, or was lost with the run that held it.
    """

    path: Path | None
    text: str = ""
    rotated: bool = False
    losable: bool = False


class Histories(RuleBasedStateMachine):
    """A service that writes and rotates its log, and runs that follow it and are killed."""

    pattern = "log*"

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="usagelake"))
        self.log = self.folder / "log"
        self.sink = RecordingSink()
        self.contents: list[Content] = []
        self.numbers = 0
        self.now = 0.0
        self.unseen = 0
        self.source = self._run()

    def _run(self) -> FileSource:
        return FileSource([str(self.folder / self.pattern)], clock=lambda: self.now)

    @property
    def current(self) -> Content | None:
        """What the service writes to; None before it has begun a file."""
        last = self.contents[-1] if self.contents else None
        return None if last is None or last.rotated else last

    def _write(self, text: str) -> None:
        if self.current is None:
            self.contents.append(Content(self.log))
            self.unseen += 1
        assert self.current is not None
        self.current.text += text
        with self.log.open("a") as file:
            file.write(text)

    @rule(lengths=st.lists(st.sampled_from([0, 5, 200, 300, 1_000]), min_size=1, max_size=4))
    def write_lines(self, lengths: list[int]) -> None:
        for length in lengths:
            self.numbers += 1
            self._write(f"{self.numbers}-{'x' * length}\n")

    @rule(length=st.sampled_from([1, 100, 300]))
    def write_the_beginning_of_a_line(self, length: int) -> None:
        self.numbers += 1
        self._write(f"{self.numbers}-{'y' * length}")

    @rule()
    def write_a_large_file(self) -> None:
        self.numbers += 1
        self._write("".join(f"{self.numbers}-{number}-{'x' * 900}\n" for number in range(400)))

    def may_rotate(self) -> bool:
        """Whether there is a file, and no rotation would escape the look at the paths."""
        return self.current is not None and (self.pattern != "log" or self.unseen == 0)

    @precondition(may_rotate)
    @rule()
    def rename(self) -> None:
        assert self.current is not None
        self.current.path = self.folder / f"log.{self.numbers}-{len(self.contents)}"
        self.log.rename(self.current.path)
        self.current.rotated = True

    @precondition(may_rotate)
    @rule()
    def delete(self) -> None:
        """The service may delete its file before any run has opened it: then its lines are lost."""
        assert self.current is not None
        self.log.unlink()
        deleted = self.current
        deleted.path, deleted.rotated, deleted.losable = None, True, self.unseen > 0

    @precondition(lambda self: self.current is not None)
    @rule()
    def copytruncate(self) -> None:
        """Copies lie where they are not followed."""
        assert self.current is not None
        shutil.copyfile(self.log, self.folder / "copy.of.log")
        os.truncate(self.log, 0)
        emptied = self.current
        emptied.path, emptied.rotated, emptied.losable = None, True, True
        self.contents.append(Content(self.log))

    @precondition(lambda self: any(content.rotated and content.path for content in self.contents))
    @rule()
    def compress(self) -> None:
        """The oldest rotated file, once it was seen."""
        oldest = next(content for content in self.contents if content.rotated and content.path)
        assert oldest.path is not None
        if self.unseen == 0:
            shutil.copyfile(oldest.path, oldest.path.with_suffix(".gz"))
            oldest.path.unlink()
            oldest.path = None

    @rule()
    def look(self) -> None:
        self._poll(PATTERNS_EVERY)

    @rule()
    def look_later(self) -> None:
        self._poll(QUIET)

    def _poll(self, later: float) -> None:
        self.now += later
        while self.source.poll(self.sink):
            pass
        self.unseen = 0

    @rule()
    def kill(self) -> None:
        self.source.close()
        arrived = {line.decode() for line in self.sink.lines}
        for content in self.contents:
            known = self.pattern != "log" or not arrived.isdisjoint(content.text.split("\n"))
            content.losable |= content.path is None or (content.rotated and not known)
        self.source = self._run()
        self.unseen += 1

    @invariant()
    def nothing_arrives_twice_or_was_never_written(self) -> None:
        arrived = Counter(line.decode() for line in self.sink.lines)
        assert max(arrived.values(), default=1) == 1
        whole = {line for content in self.contents for line in content.text.split("\n")[:-1]}
        broken_off = [
            line
            for content in self.contents
            if content.rotated
            for line in (content.text.split("\n") if content.losable else content.text.split("\n")[-1:])
        ]
        for line in arrived.keys() - whole:
            assert any(line and text.startswith(line) for text in broken_off), line[:30]

    def teardown(self) -> None:
        """Everything that could not be lost has arrived, when the last run has had its time.

        Rotated files that match the pattern go, so that their last lines need not wait for a line feed any longer.
        """
        try:
            self._poll(PATTERNS_EVERY)
            for content in self.contents:
                if content.rotated and content.path is not None:
                    content.path.unlink()
            self._poll(PATTERNS_EVERY)
            self._poll(QUIET_UNREPLACED)
            expected = set()
            for content in self.contents:
                if not content.losable:
                    *whole, begun = content.text.split("\n")
                    expected |= {*whole, begun} if begun and content.rotated else {*whole}
            arrived = {line.decode() for line in self.sink.lines}
            assert {line[:30] for line in expected - arrived} == set()
            self.nothing_arrives_twice_or_was_never_written()
        finally:
            self.source.close()
            shutil.rmtree(self.folder)


class HistoriesOfOneName(Histories):
    """The same where the name alone is followed, and each file is looked at before the next rotation."""

    pattern = "log"


BUDGET = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestHistories = Histories.TestCase
TestHistories.settings = BUDGET
TestHistoriesOfOneName = HistoriesOfOneName.TestCase
TestHistoriesOfOneName.settings = BUDGET
