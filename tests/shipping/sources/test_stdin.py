"""A stream's lines are handed on when they are there, and none that was written is left behind."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shipping.sources.recording_sink import RecordingSink, running, wait_until
from usagelake.shipping.sources import StreamSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe's ends: to read, to write."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=2_000), max_size=20))
def test_what_is_written_arrives(pieces: list[bytes]) -> None:
    """Verbatim and in order, to the stream's end, the last line without line feed too."""
    reader, writer = os.pipe()
    sink = RecordingSink()
    thread = threading.Thread(target=StreamSource(reader).run, args=(sink, threading.Event()))
    thread.start()
    for piece in pieces:
        os.write(writer, piece)
    os.close(writer)
    thread.join()
    os.close(reader)
    expected = b"".join(pieces).split(b"\n")
    assert sink.lines == expected[:-1] + ([expected[-1]] if expected[-1] else [])


def test_a_line_is_handed_on_at_once(pipe: tuple[int, int]) -> None:
    """Not when a buffer is full; and an unfinished one not before it is complete."""
    reader, writer = pipe
    sink = RecordingSink()
    with running(StreamSource(reader).run, sink):
        os.write(writer, b"one\ntw")
        wait_until(lambda: sink.lines == [b"one"])
        os.write(writer, b"o\n")
        wait_until(lambda: sink.lines == [b"one", b"two"])


def test_a_silent_stream_can_be_stopped(pipe: tuple[int, int]) -> None:
    with running(StreamSource(pipe[0]).run, RecordingSink()):
        pass


def test_what_was_written_before_the_stop_is_taken(pipe: tuple[int, int]) -> None:
    """All that the pipe holds, the line that was begun too: nobody can read it again."""
    reader, writer = pipe
    written = [b"%d" % number for number in range(9_000)]
    os.write(writer, b"\n".join(written))
    stop = threading.Event()
    stop.set()
    sink = RecordingSink()
    StreamSource(reader).run(sink, stop)
    assert sink.lines == written


def test_a_stream_that_never_ends_is_left_after_the_stop() -> None:
    """A writer who fills it faster than it is read holds up nothing."""
    descriptor = os.open("/dev/zero", os.O_RDONLY)
    stop = threading.Event()
    stop.set()
    sink = RecordingSink()
    try:
        StreamSource(descriptor).run(sink, stop)
    finally:
        os.close(descriptor)
    assert len(sink.lines) == 1


def test_a_file_is_a_stream(tmp_path: Path) -> None:
    """As with `usagelake ship < events.jsonl`."""
    (tmp_path / "events").write_bytes(b"a\n\r\n\nb")
    descriptor = os.open(tmp_path / "events", os.O_RDONLY)
    sink = RecordingSink()
    StreamSource(descriptor).run(sink, threading.Event())
    os.close(descriptor)
    assert sink.lines == [b"a", b"\r", b"", b"b"]


def test_a_full_sink_holds_up_the_writer(pipe: tuple[int, int]) -> None:
    """Nothing is read ahead of the line that waits, and nothing is lost once there is room."""
    reader, writer = pipe
    os.set_blocking(writer, False)
    sink = RecordingSink()
    sink.room.clear()
    written = 0
    with running(StreamSource(reader).run, sink):
        os.write(writer, b"first\n")
        try:
            while written < 10_000_000:
                written += os.write(writer, b"x" * 999 + b"\n")
        except BlockingIOError:
            pass
        assert written < 2_000_000
        sink.room.set()
        wait_until(lambda: sum(len(line) + 1 for line in sink.lines) >= written)
