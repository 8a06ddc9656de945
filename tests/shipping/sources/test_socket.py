"""Lines from clients of a Unix socket: all of them, of all clients, and the socket's file is looked after."""

from __future__ import annotations

import errno
import os
import random
import socket
import stat
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.shipping.sources.recording_sink import RecordingSink, running, wait_until
from usagelake.errors import ConfigurationError
from usagelake.shipping.sources import SocketSource
from usagelake.shipping.sources import socket as socket_module

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def path() -> Iterator[Path]:
    """A short path: a socket's may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="usagelake") as folder:
        yield Path(folder) / "s"


def _connect(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.connect(str(path))
    return client


def _send(path: Path, content: bytes, *, seed: int = 0) -> None:
    """Connect, send in pieces of any size, and go."""
    dice = random.Random(seed)
    with _connect(path) as client:
        while content:
            size = dice.randrange(1, 3_000)
            client.sendall(content[:size])
            content = content[size:]


def test_clients_at_once_do_not_mix(path: Path) -> None:
    """Each client's lines arrive whole and in their order, the last one without line feed too."""
    sink = RecordingSink()
    sent = [[b"%d-%d-%s" % (client, number, b"x" * (number % 700)) for number in range(400)] for client in range(8)]
    with running(SocketSource(path).run, sink):
        threads = [
            threading.Thread(target=_send, args=(path, b"\n".join(lines)), kwargs={"seed": client})
            for client, lines in enumerate(sent)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_until(lambda: len(sink.lines) == sum(map(len, sent)))
    for client, lines in enumerate(sent):
        assert [line for line in sink.lines if line.startswith(b"%d-" % client)] == lines


def test_a_line_is_handed_on_at_once(path: Path) -> None:
    sink = RecordingSink()
    with running(SocketSource(path).run, sink), _connect(path) as client:
        client.sendall(b"one\ntw")
        wait_until(lambda: sink.lines == [b"one"])
        client.sendall(b"o\n")
        wait_until(lambda: sink.lines == [b"one", b"two"])


def test_a_client_that_breaks_off_has_ended_its_line(path: Path) -> None:
    """The others go on."""
    sink = RecordingSink()
    with running(SocketSource(path).run, sink), _connect(path) as other:
        other.sendall(b"be")
        _send(path, b'{"id": "cut o')
        wait_until(lambda: sink.lines == [b'{"id": "cut o'])
        other.sendall(b"gun\n")
        wait_until(lambda: sink.lines[1:] == [b"begun"])


def test_what_was_sent_before_the_stop_is_taken(path: Path) -> None:
    """Of clients that were never let in as well, and lines that have only begun."""
    source = SocketSource(path)
    sink = RecordingSink()
    clients = [_connect(path) for _ in range(5)]
    for number, client in enumerate(clients):
        client.sendall(b"%d\n%d" % (number, number + 10))
    stop = threading.Event()
    stop.set()
    source.run(sink, stop)
    for client in clients:
        client.close()
    assert sorted(sink.lines) == sorted([b"%d" % number for number in [*range(5), *range(10, 15)]])
    assert not path.exists()


def test_a_full_sink_holds_up_the_clients(path: Path) -> None:
    """They are not read while it waits, and nothing is lost once there is room."""
    sink = RecordingSink()
    sink.room.clear()
    sent = 0
    with running(SocketSource(path).run, sink), _connect(path) as client:
        client.settimeout(0)
        try:
            while sent < 10_000_000:
                sent += client.send(b"x" * 999 + b"\n")
        except BlockingIOError:
            pass
        assert sent < 5_000_000
        sink.room.set()
        wait_until(lambda: sum(len(line) + 1 for line in sink.lines) >= sent - 999)


def test_more_clients_than_are_let_in_wait_their_turn(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_module, "MOST_CLIENTS", 2)
    sink = RecordingSink()
    with running(SocketSource(path).run, sink):
        clients = [_connect(path) for _ in range(5)]
        for number, client in enumerate(clients):
            client.sendall(b"%d\n" % number)
        wait_until(lambda: len(sink.lines) == 2)
        for client in clients:
            client.close()
        wait_until(lambda: sorted(sink.lines) == [b"0", b"1", b"2", b"3", b"4"])


def test_without_descriptors_clients_wait(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And are let in later; the clients that are connected go on."""
    monkeypatch.setattr(socket_module, "_DEAF", 0.05)
    refusals = [OSError(errno.EMFILE, os.strerror(errno.EMFILE))] * 3

    class Short(socket.socket):
        def accept(self) -> tuple[socket.socket, object]:
            if refusals:
                raise refusals.pop()
            return super().accept()

    source = SocketSource(path)
    descriptor = source._listener.detach()
    source._listener = Short(fileno=descriptor)
    source._listener.settimeout(0)
    sink = RecordingSink()
    with running(source.run, sink):
        _send(path, b"line\n")
        wait_until(lambda: sink.lines == [b"line"])
    assert refusals == []


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
def test_the_mode_is_as_told(path: Path, mode: int) -> None:
    source = SocketSource(path, mode=mode)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    source.close()
    assert not path.exists()


def test_the_socket_of_a_process_that_has_gone_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as gone:
        gone.bind(str(path))
        gone.listen()
    assert path.is_socket()
    sink = RecordingSink()
    with running(SocketSource(path).run, sink):
        _send(path, b"line\n")
        wait_until(lambda: sink.lines == [b"line"])


def test_a_socket_that_somebody_answers_on_is_left(path: Path) -> None:
    source = SocketSource(path)
    with pytest.raises(ConfigurationError, match="another process listens there"):
        SocketSource(path)
    assert path.is_socket()
    source.close()


def test_a_file_that_is_no_socket_is_left(path: Path) -> None:
    path.write_bytes(b"precious")
    with pytest.raises(ConfigurationError, match="which is no socket"):
        SocketSource(path)
    assert path.read_bytes() == b"precious"


@pytest.mark.parametrize("place", ["missing/s", "x" * 200])
def test_a_place_where_no_socket_can_be_is_refused(path: Path, place: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot listen there"):
        SocketSource(path.parent / place)


def test_the_socket_of_a_successor_is_left(path: Path) -> None:
    """Who took the path over keeps it."""
    source = SocketSource(path)
    path.unlink()
    successor = SocketSource(path)
    source.close()
    assert path.is_socket()
    successor.close()
    assert not path.exists()
