"""The server: a thread that accepts, a thread for each connection."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Self

from tests.fakes.s3_server.connection import Connection
from tests.fakes.s3_server.faults import Faults, OutageKind, Schedule
from tests.fakes.s3_server.journal import Entry, Journal
from tests.fakes.s3_server.operations import Operations
from tests.fakes.s3_server.store import Store, StoredObject

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

HOST = "127.0.0.1"
BACKLOG = 128
LOOK_AGAIN_S = 0.02


class S3Server:
    """An S3 server on a free port of 127.0.0.1, until it is closed.

    Any bucket exists, no signature is checked.

    Args:
        faults: What goes wrong; assign to `faults` to change it, which restarts the windows of its outages.
        seed: Of the faults.
        folder: Where to keep the journal; None keeps it in memory only.
    """

    def __init__(self, faults: Faults | None = None, *, seed: int = 0, folder: Path | None = None) -> None:
        self._seed = seed
        self.schedule = Schedule(faults or Faults(), seed)
        self.store = Store()
        self.journal = Journal(folder)
        self.operations = Operations(self.store)
        self.stopping = threading.Event()
        self._listener = _bound(0)
        self._listener.listen(BACKLOG)
        self.port: int = self._listener.getsockname()[1]
        self._connections: dict[threading.Thread, Connection] = {}
        self._lock = threading.Lock()
        self._acceptor = threading.Thread(target=self._accept, name="s3-server", daemon=True)
        self._acceptor.start()

    @property
    def endpoint_url(self) -> str:
        """What to give a client."""
        return f"http://{HOST}:{self.port}"

    @property
    def faults(self) -> Faults:
        """What goes wrong."""
        return self.schedule.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._seed += 1
        self.schedule = Schedule(faults, self._seed)

    @property
    def objects(self) -> dict[str, StoredObject]:
        """Every object by `bucket/key`."""
        return self.store.all()

    @property
    def requests(self) -> list[Entry]:
        """Every request so far."""
        return list(self.journal.entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every connection and wait for the threads."""
        self.stopping.set()
        self._acceptor.join()
        with self._lock:
            connections = dict(self._connections)
        for thread, connection in connections.items():
            connection.cut()
            thread.join()
        self.journal.close()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            if self.schedule.outage() is OutageKind.REFUSED:
                self._refuse()
            self._listener.settimeout(LOOK_AGAIN_S)
            with contextlib.suppress(TimeoutError, ConnectionError):
                accepted, _ = self._listener.accept()
                accepted.settimeout(None)
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._serve(accepted)
        self._listener.close()

    def _refuse(self) -> None:
        """Hold the port, without listening, until the outage is over."""
        self._listener.close()
        self._listener = _bound(self.port)
        while self.schedule.outage() is OutageKind.REFUSED and not self.stopping.is_set():
            time.sleep(LOOK_AGAIN_S)
        self._listener.listen(BACKLOG)

    def _serve(self, accepted: socket.socket) -> None:
        connection = Connection(accepted, self)
        thread = threading.Thread(target=self._run, args=(connection,), name="s3-connection", daemon=True)
        with self._lock:
            self._connections[thread] = connection
        thread.start()

    def _run(self, connection: Connection) -> None:
        try:
            connection.serve()
        finally:
            with self._lock:
                self._connections.pop(threading.current_thread(), None)


def _bound(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    return listener
