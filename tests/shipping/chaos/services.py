"""Services of many kinds, each run as a process of its own: they fork, thread, reconfigure, log while they end.

Usage: python -m tests.shipping.chaos.services NAME FOLDER OPTIONS (JSON, of the handler)

Each logs events and writes their ids to FOLDER/offered; all of them have to be stored, once.
"""

from __future__ import annotations

import asyncio
import atexit
import itertools
import json
import logging
import logging.config
import multiprocessing
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.shipping.chaos.events import event_id, event_line

if TYPE_CHECKING:
    from collections.abc import Callable

LOGGER = logging.getLogger("billing.events")


def note(name: str, folder: str) -> None:
    """Write down an id whose `info` has returned; several processes do."""
    descriptor = os.open(Path(folder) / "offered", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(descriptor, name.encode() + b"\n")
    os.close(descriptor)


def emit(source: str, count: int, pause: float = 0.0) -> None:
    """Log events."""
    for number in range(count):
        name = event_id(source, number)
        LOGGER.info(event_line(name).decode())
        note(name, sys.argv[2])
        time.sleep(pause)


def configuration(options: dict[str, Any]) -> dict[str, Any]:
    """Write what a service gives `dictConfig`."""
    handler = {
        "class": "usagelake.shipping.handler.BillingEventsHandler",
        "emission": True,
        "delivery": True,
        **options,
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"billing": handler},
        "loggers": {"billing.events": {"handlers": ["billing"], "propagate": False}},
    }


def configure() -> None:
    """Attach the handler, as a service does."""
    logging.config.dictConfig(configuration(json.loads(sys.argv[3])))


def handler() -> Any:
    """Find the handler that is attached."""
    return LOGGER.handlers[0]


def forked(work: Callable[[], None], *, leave: Callable[[int], object] = sys.exit) -> int:
    """Fork a child that works and leaves; return its id."""
    child = os.fork()
    if child == 0:
        work()
        leave(0)
    return child


def wait(*children: int) -> None:
    """Wait for children, which must have ended well."""
    for child in children:
        assert os.waitpid(child, 0)[1] == 0


def fork_then_log() -> None:
    """Configured before the fork, used after it."""
    configure()
    children = [forked(lambda number=number: emit(f"child{number}", 60)) for number in range(3)]  # type: ignore[misc]
    emit("parent", 60)
    wait(*children)


def fork_amid_an_import() -> None:
    """Forked while another thread imports the SDK, or opens the client."""
    configure()
    children = []
    for number in range(3):
        emit(f"parent{number}", 160)
        time.sleep(0.05)
        children.append(forked(lambda number=number: emit(f"child{number}", 5)))  # type: ignore[misc]
    wait(*children)


def fork_with_a_full_buffer() -> None:
    """What the parent holds at the fork is the parent's to ship."""
    configure()
    emit("parent", 30)
    child = forked(lambda: emit("child", 30))
    emit("parent-later", 30)
    wait(child)


def preload() -> None:
    """As gunicorn with preload: the parent has used its client; workers log from threads and end by SIGTERM."""
    configure()
    emit("parent", 60)
    handler().flush()

    def work(number: int) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        threads = [threading.Thread(target=emit, args=(f"worker{number}.{thread}", 40, 0.002)) for thread in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (Path(sys.argv[2]) / f"ready{number}").touch()
        while True:
            signal.pause()

    children = [forked(lambda number=number: work(number)) for number in range(2)]  # type: ignore[misc]
    for number, child in enumerate(children):
        while not (Path(sys.argv[2]) / f"ready{number}").exists():
            time.sleep(0.01)
        os.kill(child, signal.SIGTERM)
    wait(*children)
    emit("parent-later", 60)


def sigterm() -> None:
    """A worker that wants SIGTERM to be an exit."""

    def work() -> None:
        from usagelake.shipping import exit_on_sigterm  # noqa: PLC0415 - the package is imported by `configure`

        assert exit_on_sigterm()
        emit("worker", 70)
        (Path(sys.argv[2]) / "ready").touch()
        while True:
            signal.pause()

    configure()
    worker = forked(work)
    while not (Path(sys.argv[2]) / "ready").exists():
        time.sleep(0.01)
    os.kill(worker, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == 128 + signal.SIGTERM


def fork_under_load() -> None:
    """Forked again and again while other threads log and upload; a child's child logs too."""
    configure()
    threads = [threading.Thread(target=emit, args=(f"thread{thread}", 150, 0.001)) for thread in range(3)]
    for thread in threads:
        thread.start()

    def work(number: int) -> None:
        emit(f"child{number}", 5)
        wait(forked(lambda: emit(f"grandchild{number}", 5)))

    children = []
    for number in range(2):
        children.append(forked(lambda number=number: work(number)))  # type: ignore[misc]
        time.sleep(0.02)
    for thread in threads:
        thread.join()
    wait(*children)


def child_that_leaves_at_once() -> None:
    """A child that ends by `os._exit`: the spool has its events, and somebody else delivers them."""
    configure()
    emit("parent", 5)
    wait(forked(lambda: emit("child", 20), leave=os._exit))


def pool_task(number: int) -> None:
    """Log within a process of multiprocessing."""
    if not LOGGER.handlers:
        configure()
    emit(f"task{number}", 40)


def _multiprocessing(method: str) -> None:
    configure()
    emit("parent", 20)
    context = multiprocessing.get_context(method)
    processes = [context.Process(target=pool_task, args=(number,)) for number in range(2)]
    for process in processes:
        process.start()
    emit("parent-later", 20)
    for process in processes:
        process.join()
        assert process.exitcode == 0


def multiprocessing_fork() -> None:
    """Children of multiprocessing run no atexit."""
    _multiprocessing("fork")


def multiprocessing_spawn() -> None:
    """Children that start from nothing."""
    _multiprocessing("spawn")


def threads() -> None:
    """Threads log until the process ends; some of them are daemons."""
    configure()
    daemon = threading.Thread(target=emit, args=("daemon", 20), daemon=True)
    others = [threading.Thread(target=emit, args=(f"thread{thread}", 200)) for thread in range(4)]
    for thread in (daemon, *others):
        thread.start()
    daemon.join()


def asyncio_service() -> None:
    """Coroutines and executors log; the loop is gone before the process ends."""

    async def serve(number: int) -> None:
        for _ in range(3):
            await asyncio.sleep(0.005)
        emit(f"coroutine{number}", 20)
        await asyncio.to_thread(emit, f"executor{number}", 20)

    async def run() -> None:
        await asyncio.gather(*(serve(number) for number in range(10)))

    configure()
    asyncio.run(run())


def logging_shutdown() -> None:
    """A service that calls `logging.shutdown` itself, and logs once more after it."""
    configure()
    emit("before", 70)
    logging.shutdown()
    emit("after", 7)


def atexit_handlers() -> None:
    """Events that are logged while the process ends; see `early_atexit` for the others."""
    configure()
    atexit.register(emit, "late-atexit", 30)
    emit("main", 30)


def main_thread_raises() -> None:
    """A service that ends by an exception of its own."""
    configure()
    emit(f"main-{os.getpid()}", 30)
    raise SystemExit(0)


def reconfigure() -> None:
    """`dictConfig` again and again, while threads log."""
    configure()
    logs = [threading.Thread(target=emit, args=(f"thread{thread}", 300, 0.002)) for thread in range(2)]
    for thread in logs:
        thread.start()
    for _ in range(5):
        time.sleep(0.1)
        configure()


def remove_handler() -> None:
    """A handler that is taken off and closed delivers what it holds; another one takes what comes later."""
    configure()
    emit("main", 30)
    taken = handler()
    LOGGER.removeHandler(taken)
    taken.close()
    del taken
    configure()


def signal_handlers() -> None:
    """A signal handler logs in the middle of logging, from the very first event on."""
    numbers = itertools.count()
    alarms: list[int] = []

    def alarmed(*_: object) -> None:
        number = next(numbers)
        alarms.append(number)
        emit(f"signal{number}", 1)

    configure()
    signal.signal(signal.SIGALRM, alarmed)
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    batch = 0
    while len(alarms) < 15:
        emit(f"main{batch}", 100)
        batch += 1
    signal.setitimer(signal.ITIMER_REAL, 0.0)


def signal_while_starting() -> None:
    """A signal handler logs while the first event of the process starts the threads."""
    count = [0]
    start = threading.Thread.start

    def alarmed(*_: object) -> None:
        count[0] += 1
        emit(f"signal{count[0]}", 1)

    def interrupted(thread: threading.Thread) -> None:
        os.kill(os.getpid(), signal.SIGALRM)
        start(thread)

    configure()
    signal.signal(signal.SIGALRM, alarmed)
    threading.Thread.start = interrupted  # type: ignore[method-assign]
    emit("main", 3)
    threading.Thread.start = start  # type: ignore[method-assign]
    assert count[0] > 1


def sdk_logs() -> None:
    """Everything is logged at DEBUG to the handler's own logger tree; nothing but events is delivered."""
    configure()
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler())
    logging.getLogger("billing").addHandler(handler())
    emit("main", 120)
    handler().flush()


FORKING = (fork_then_log, preload, fork_under_load, multiprocessing_fork)
OTHERS = (
    sigterm,
    fork_with_a_full_buffer,
    fork_amid_an_import,
    multiprocessing_spawn,
    threads,
    asyncio_service,
    logging_shutdown,
    atexit_handlers,
    main_thread_raises,
    reconfigure,
    remove_handler,
    signal_handlers,
    signal_while_starting,
    sdk_logs,
)
SPOOLED = (child_that_leaves_at_once, preload, fork_under_load, threads, atexit_handlers, reconfigure, signal_handlers)
SERVICES = {service.__name__: service for service in (*FORKING, *OTHERS, *SPOOLED)}

if __name__ == "__main__":
    # Registered before the package is imported: it runs after what the package has registered.
    atexit.register(lambda: emit(f"early-atexit-{os.getpid()}", 12))
    SERVICES[sys.argv[1]]()
