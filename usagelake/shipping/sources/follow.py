"""Lines of files that are written by others, through rotation of every kind."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from usagelake.shipping.source import Position
from usagelake.shipping.sources.followed_file import FollowedFile, identity_of
from usagelake.shipping.sources.position_name import pattern_name
from usagelake.shipping.sources.watched_paths import WatchedPaths

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from usagelake.shipping.source import LineSink
    from usagelake.shipping.sources.position_name import Identity

_LOG = logging.getLogger(__name__)

POLL_EVERY: Final = 0.25
"""Seconds between two looks at files that had nothing new."""
PATTERNS_EVERY: Final = 2.0
"""Seconds after which patterns are expanded again."""
QUIET: Final = 60.0
"""Seconds without a new byte after which a file that has been replaced or deleted is let go: a service may go on
writing to it for a while."""
QUIET_UNREPLACED: Final = 3600.0
"""The same for a file that was only renamed: its writer has not begun another one yet."""
_LEFT: Final = 10_000
"""Files that were let go in this run whose positions are remembered, should they come back."""
_PIECES: Final = 8
"""Read from one file before it is the next one's turn."""


@dataclass(slots=True)
class _Held:
    """A file that is held open.

    Attributes:
        file: The file.
        path: Where it was seen last.
        rotated: It is at none of the paths any more.
        replaced: Another file stands where it was, or it is deleted: its writer has left it, or is about to.
        quiet_since: When it last had something new, or was last at one of the paths.
    """

    file: FollowedFile
    path: Path
    rotated: bool
    replaced: bool
    quiet_since: float


class FileSource:
    """Follows files as `tail -F` does, and goes on where an earlier run left off.

    A file is known by its device, its inode and its first bytes. Renamed, it is read to its end while the new file
    under its name is read too; emptied and written anew, it is read from its beginning; deleted, it is read to its
    end. A last line without line feed waits until it is completed, or until its file is let go: when it has been
    quiet for a while under no name that is followed. A file that was renamed between two runs is found in its folder
    and read to its end.

    What cannot be saved: lines that copytruncate removes before they are read, and files that come and go between
    two looks, or while no run looks, under names that no pattern matches (follow `app.log*` and not `app.log`).
    What cannot be seen: new content that is longer than what was read of the old, and begins with the same 256 bytes.

    Args:
        patterns: Paths, of files that need not exist, and patterns.
        start: Where to begin in a file that is there at the beginning and was never followed.
        poll_every: Seconds between two looks.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        *,
        start: Literal["start", "end"] = "start",
        poll_every: float = POLL_EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patterns = tuple(patterns)
        self._paths = WatchedPaths(patterns)
        self._start = start
        self._poll_every = poll_every
        self._clock = clock
        self._held: dict[Identity, _Held] = {}
        self._left: dict[str, int] = {}
        self._complaints: dict[Path, str] = {}
        self._expanded_at = clock()
        self._begun = False
        self._from_end: frozenset[Path] = frozenset()

    @property
    def name(self) -> str:
        """What is read, for messages."""
        return "files " + ", ".join(self._patterns)

    def run(self, sink: LineSink, stop: threading.Event) -> None:
        """Follow until `stop` is set."""
        try:
            while not stop.is_set():
                if not self.poll(sink, stop):
                    stop.wait(self._poll_every)
        finally:
            self.close()

    def poll(self, sink: LineSink, stop: threading.Event | None = None) -> bool:
        """Look at every file once.

        Returns:
            Whether there was anything new.
        """
        now = self._clock()
        if now - self._expanded_at >= PATTERNS_EVERY:
            self._paths.read_again()
            self._expanded_at = now
        if self._begun:
            self._look(sink, now)
        else:
            self._begin(sink, now)
        anything = False
        for held in list(self._held.values()):
            if stop is not None and stop.is_set():
                break
            if self._take(held, sink):
                held.quiet_since = now
                anything = True
            elif held.rotated and now - held.quiet_since >= (QUIET if held.replaced else QUIET_UNREPLACED):
                self._let_go(held, sink)
        return anything

    def close(self) -> None:
        """Let go of every file; lines that are not complete stay for the next run."""
        for held in self._held.values():
            held.file.close()
        self._held.clear()

    def _begin(self, sink: LineSink, now: float) -> None:
        """Open what is there, and what was there in an earlier run.

        What was never followed begins at its end where that is wished; a file that has come since an earlier run of
        the same pattern is new all the same, and is read from its beginning.
        """
        if self._start == "end":
            new = [pattern for pattern in self._patterns if sink.position(pattern_name(pattern)) is None]
            self._from_end = frozenset(WatchedPaths(new))
        self._look(sink, now)
        self._from_end = frozenset()
        self._find_rotated(sink, now)
        for pattern in self._patterns:
            sink.put([], Position(pattern_name(pattern), 0))
        self._begun = True

    def _look(self, sink: LineSink, now: float) -> None:
        """See which file stands at which path, and open those that are new."""
        there: dict[Path, Identity] = {}
        for path in self._paths:
            try:
                identity = identity_of(path.stat())
                if identity not in self._held:
                    identity = self._open(path, sink, now)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._complain(path, error.strerror or str(error))
                continue
            self._complaints.pop(path, None)
            self._held[identity].path = path
            there[path] = identity
        present = set(there.values())
        for identity, held in self._held.items():
            held.rotated = identity not in present
            if not held.rotated:
                held.replaced, held.quiet_since = False, now
            else:
                held.replaced |= there.get(held.path, identity) != identity or held.file.deleted

    def _open(self, path: Path, sink: LineSink, now: float) -> Identity:
        from_end = path in self._from_end
        opened = FollowedFile.open(path, self._known(sink), unknown="end" if from_end else "start")
        assert opened is not None
        if from_end:
            sink.put([], opened.position)
        if opened.identity in self._held:  # renamed to here since it was looked at
            opened.close()
        else:
            self._held[opened.identity] = _Held(opened, path, rotated=False, replaced=False, quiet_since=now)
        return opened.identity

    def _find_rotated(self, sink: LineSink, now: float) -> None:
        """Take up files that an earlier run followed and that have another name now."""
        for path in self._paths.neighbours():
            try:
                if identity_of(path.stat()) in self._held:
                    continue
                file = FollowedFile.open(path, self._known(sink), unknown="never")
            except OSError:
                continue
            if file is None:
                continue
            finished = not file.unread and time.time() - file.changed_at > QUIET
            if file.identity in self._held or finished:
                file.close()
            else:
                self._held[file.identity] = _Held(file, path, rotated=True, replaced=True, quiet_since=now)

    def _take(self, held: _Held, sink: LineSink) -> bool:
        """Read a file, for as long as it is its turn."""
        for turn in range(_PIECES):
            try:
                piece = held.file.read()
            except OSError as error:
                self._complain(held.path, error.strerror or str(error))
                return False
            if piece is None:
                return turn > 0
            held.file.hand_on(piece, sink)
        return True

    def _let_go(self, held: _Held, sink: LineSink) -> None:
        held.file.finish(sink)
        held.file.close()
        del self._held[held.file.identity]
        self._left[held.file.position.source] = held.file.position.offset
        if len(self._left) > _LEFT:
            del self._left[next(iter(self._left))]

    def _known(self, sink: LineSink) -> Callable[[str], int | None]:
        """Give what knows where a file was left: in this run, or in an earlier one."""

        def known(source: str) -> int | None:
            offset = self._left.get(source)
            return sink.position(source) if offset is None else offset

        return known

    def _complain(self, path: Path, fault: str) -> None:
        """Say that a file cannot be read, once for each fault."""
        if self._complaints.get(path) != fault:
            _LOG.warning("%s: cannot be followed (%s)", path, fault)
            self._complaints[path] = fault
