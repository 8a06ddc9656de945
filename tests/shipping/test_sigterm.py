"""SIGTERM, for services that opted in."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.shipping.lines import event

if TYPE_CHECKING:
    from pathlib import Path

_SERVICE = """
import logging, signal, sys, time
from usagelake.shipping import BillingEventsHandler, exit_on_sigterm
if sys.argv[3] == "own":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print(exit_on_sigterm(), flush=True)
logging.getLogger("billing.events").addHandler(
    BillingEventsHandler(sys.argv[1], emission=True, delivery=True, max_age=3600)
)
for number in range(1000):
    logging.getLogger("billing.events").info(sys.argv[2].replace("event-1", f"event-{number}"))
print("logged", flush=True)
time.sleep(600)
"""


def _run(landing: Path, kind: str) -> tuple[int, str, set[bytes]]:
    arguments = [sys.executable, "-c", _SERVICE, str(landing), event(1).decode(), kind]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        answer = service.stdout.readline().strip()
        assert service.stdout.readline() == "logged\n"
        service.send_signal(signal.SIGTERM)
        code = service.wait(60)
    landed = {line for file in landing.rglob("*.jsonl") for line in file.read_bytes().splitlines()}
    return code, answer, landed


def test_a_service_that_opted_in_loses_nothing(tmp_path: Path) -> None:
    """What it had logged has landed when it is gone, and its exit code is SIGTERM's."""
    code, answer, landed = _run(tmp_path, "opted in")
    assert (code, answer, len(landed)) == (143, "True", 1000)


def test_a_services_own_handler_is_left_in_place(tmp_path: Path) -> None:
    """Its signals are its own."""
    code, answer, landed = _run(tmp_path, "own")
    assert (code, answer, len(landed)) == (7, "False", 1000)
