"""Stores in processes that were forked after their first use: nothing is shared, and nothing waits for ever."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from tests.storage.stub import CREATED, Stub
from usagelake.storage.per_process import PerProcess
from usagelake.storage.protocol import PutOutcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from usagelake.storage import Storage

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


def in_a_forked_child(act: Callable[[], bool], *, seconds: int = 30) -> bool:
    """Fork, act in the child alone, and return what it came to; a child that hangs is ended by its own alarm."""
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
        try:
            os._exit(0 if act() else 1)
        except BaseException:  # noqa: BLE001 (the child must not go on with the tests)
            os._exit(2)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) >= 0, "the child was ended by its alarm"
    return status == 0


def _put(store: Storage, key: str) -> PutOutcome:
    return store.put_if_absent(key, b"x", content_type="text/plain", metadata={})


def test_a_child_that_is_forked_after_use_puts_reads_and_lists(store: Storage) -> None:
    """So does its child; and the parent goes on."""
    assert _put(store, "parent") is PutOutcome.CREATED

    def act() -> bool:
        done = (
            _put(store, "child") is PutOutcome.CREATED
            and b"".join(store.read("parent")) == b"x"
            and sorted(info.key for info in store.list()) == ["child", "parent"]
        )
        store.metadata("parent")
        return done and in_a_forked_child(lambda: _put(store, "grandchild") is PutOutcome.CREATED)

    assert in_a_forked_child(act)
    assert _put(store, "parent-again") is PutOutcome.CREATED
    assert sorted(info.key for info in store.list()) == ["child", "grandchild", "parent", "parent-again"]


def test_a_child_uses_no_connection_of_its_parent_s(stubbed: Storage, stub: Stub) -> None:
    """Two processes that write to one connection would mix their requests."""
    stub.answers(CREATED)
    _put(stubbed, "parent")
    assert in_a_forked_child(lambda: _put(stubbed, "child") is PutOutcome.CREATED)
    _put(stubbed, "parent-again")
    first, child, again = stub.requests
    assert child.peer != first.peer
    assert again.peer == first.peer
    assert "Boto3" in child.headers["User-Agent"]  # obstore's own threads stay in the parent


def test_a_lock_that_a_lost_thread_held_does_not_stop_the_child() -> None:
    """A fork copies locks as they are, and not the threads that would open them."""
    opening = threading.Event()
    may_end = threading.Event()

    def opener() -> int:
        if threading.current_thread() is not threading.main_thread():
            opening.set()
            may_end.wait(30)
        return os.getpid()

    held = PerProcess(opener)
    thread = threading.Thread(target=held.get)
    thread.start()
    opening.wait(30)
    try:
        assert in_a_forked_child(lambda: held.get() == os.getpid(), seconds=10)
    finally:
        may_end.set()
        thread.join()
    assert held.get() == os.getpid()


def test_what_cannot_be_opened_is_tried_again() -> None:
    answers = iter([ValueError("not yet"), 7])

    def opener() -> int:
        answer = next(answers)
        if isinstance(answer, ValueError):
            raise answer
        return answer

    held = PerProcess(opener)
    with pytest.raises(ValueError, match="not yet"):
        held.get()
    assert held.get() == held.get() == 7


def test_only_the_value_that_is_meant_is_forgotten() -> None:
    """Of two threads that both found a value wanting, the slower one does not throw away its successor."""
    held = PerProcess(iter([[1], [2], [3]]).__next__)
    first = held.get()
    held.forget(first)
    second = held.get()
    held.forget(first)
    assert held.get() is second
