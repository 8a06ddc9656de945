"""Lines from a Unix stream socket."""

from __future__ import annotations

import errno
import logging
import os
import selectors
import socket
import stat
import time
from typing import TYPE_CHECKING, Final

from usagelake.errors import ConfigurationError
from usagelake.shipping.sources.lines import LineSplitter
from usagelake.shipping.sources.stdin import DRAINED_BYTES, READ_BYTES, STOP_WITHIN

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from usagelake.shipping.source import LineSink

_LOG = logging.getLogger(__name__)
_BACKLOG: Final = 128
MOST_CLIENTS: Final = 256
"""Clients at once; further ones wait to be accepted, so that what the lines begun take in memory is bounded."""
_DEAF: Final = 1.0
"""Seconds without letting anybody in, after the process had no descriptor left."""


class SocketSource:
    """Listens on a path, and hands on the lines of every client that connects.

    Nothing is answered. While the sink makes it wait, no client is read, and the clients wait in their turn. A
    client that goes, also in the middle of a line, has ended its last line. Asked to stop, it lets nobody in any
    more and takes what the clients have sent already.

    Args:
        path: Where to listen. A socket that nobody answers on is replaced; nothing else ever is.
        mode: The socket file's permissions: who may write to it may connect.

    Raises:
        ConfigurationError: It is not possible to listen there.
    """

    def __init__(self, path: Path, *, mode: int = 0o600) -> None:
        self._path = path
        self._selector = selectors.DefaultSelector()
        self._splitters: dict[socket.socket, LineSplitter] = {}
        self._listener = _listen(path, mode)
        self._identity = _identity(path)
        self._accepting = False
        self._deaf_until = 0.0

    @property
    def name(self) -> str:
        """What is read, for messages."""
        return f"socket {self._path}"

    def run(self, sink: LineSink, stop: threading.Event) -> None:
        """Serve until `stop` is set; the socket's file is gone afterwards."""
        try:
            while not stop.is_set():
                self._listen_again()
                for client in self._ready(STOP_WITHIN):
                    self._take(client, sink)
            self._drain(sink)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of clients and of the socket's file; what clients have sent and nobody has read is lost."""
        for client in self._splitters:
            client.close()
        self._splitters.clear()
        self._listener.close()
        self._selector.close()
        if self._identity is not None and _identity(self._path) == self._identity:
            self._path.unlink(missing_ok=True)

    def _ready(self, timeout: float) -> list[socket.socket]:
        """Wait for clients that have sent something; let in those that knock."""
        ready = []
        for key, _ in self._selector.select(timeout):
            if key.fileobj is self._listener:
                self._let_in()
            elif isinstance(key.fileobj, socket.socket):
                ready.append(key.fileobj)
        return ready

    def _let_in(self) -> bool:
        """Accept a client, if one knocks."""
        try:
            client, _ = self._listener.accept()
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ECONNABORTED):
                raise
            _LOG.warning("%s: a client cannot be let in (%s)", self.name, error.strerror)
            self._deaf_until = time.monotonic() + _DEAF
            self._listen_no_more()
            return False
        client.settimeout(0)
        self._splitters[client] = LineSplitter()
        self._selector.register(client, selectors.EVENT_READ)
        if len(self._splitters) >= MOST_CLIENTS:
            self._listen_no_more()
        return True

    def _take(self, client: socket.socket, sink: LineSink) -> int:
        """Read what a client has sent and hand on its lines; 0 when it has gone, or has sent nothing."""
        try:
            piece = client.recv(READ_BYTES)
        except BlockingIOError:
            return 0
        except OSError:
            piece = b""
        splitter = self._splitters[client]
        lines = splitter.feed(piece) if piece else splitter.end()
        if not piece:
            self._let_go(client)
        if lines:
            sink.put(lines)
        return len(piece)

    def _let_go(self, client: socket.socket) -> None:
        self._selector.unregister(client)
        del self._splitters[client]
        client.close()

    def _drain(self, sink: LineSink) -> None:
        """Take what clients have sent before the stop, and the lines that they have begun."""
        while self._let_in():
            pass
        self._listen_no_more()
        self._listener.close()
        for client in list(self._splitters):
            drained = 0
            while drained < DRAINED_BYTES and (taken := self._take(client, sink)):
                drained += taken
        for splitter in self._splitters.values():
            if lines := splitter.end():
                sink.put(lines)

    def _listen_again(self) -> None:
        room = len(self._splitters) < MOST_CLIENTS and time.monotonic() >= self._deaf_until
        if room and not self._accepting:
            self._selector.register(self._listener, selectors.EVENT_READ)
            self._accepting = True

    def _listen_no_more(self) -> None:
        if self._accepting:
            self._selector.unregister(self._listener)
            self._accepting = False


def _listen(path: Path, mode: int) -> socket.socket:
    """Bind and listen; nobody can connect before the permissions are set."""
    _make_way(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(mode)
        listener.listen(_BACKLOG)
        listener.settimeout(0)
    except OSError as error:
        listener.close()
        raise ConfigurationError(f"{path}: cannot listen there ({error.strerror or error})") from error
    return listener


def _make_way(path: Path) -> None:
    """Remove the socket of a process that has gone; refuse whatever else stands there."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot listen there ({error.strerror})") from error
    if not stat.S_ISSOCK(found.st_mode):
        raise ConfigurationError(f"{path}: there is a file already, which is no socket; name another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(STOP_WITHIN)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except OSError as error:
            raise ConfigurationError(
                f"{path}: cannot tell whether anybody listens ({error.strerror or error})"
            ) from error
    raise ConfigurationError(f"{path}: another process listens there; end it, or name another path")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
