"""`usagelake ship` in a process of its own, and what it lands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.cli.landings import event
from tests.cli.main_job import USAGELAKE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE = 60.0
"""Seconds after which a test that waits has failed."""

NOWHERE = ("--to", "s3://usage", "--endpoint-url", "http://127.0.0.1:9")
"""An S3 that nobody answers for."""

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "*",
}
"""Keys that mean nothing, and no place to look for others."""


def billing_lines(count: int, *, first: int = 0) -> list[str]:
    """Write events with ids of their own, of three types in turn."""
    kinds = ("total_tokens", "egress_bytes", "ingress_bytes")
    return [
        event(f"id-{number}", usage=number, event_type=f"internal_model_{kinds[number % 3]}")
        for number in range(first, first + count)
    ]


def shipped(*arguments: object, text: str = "", **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `usagelake ship` to its end, with a text as its standard input."""
    command = [*USAGELAKE, "ship", *map(str, arguments)]
    return subprocess.run(
        command, input=text, capture_output=True, text=True, check=False, timeout=PATIENCE, env=ENVIRONMENT, **options
    )


class Run:
    """A running `usagelake ship`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def wait_for_word(self) -> str:
        """Wait until it says something, such as that a store does not answer."""
        assert self.process.stderr is not None
        return self.process.stderr.readline()

    def end(self, *, send: signal.Signals | None = signal.SIGTERM) -> tuple[int, str, str]:
        """Send a signal, wait, and give the exit code and what was printed."""
        if send is not None:
            self.process.send_signal(send)
        printed, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, printed, said


@contextmanager
def shipping(*arguments: object, stdin: Any = subprocess.DEVNULL) -> Iterator[Run]:
    """Start `usagelake ship`; it is gone when the block ends."""
    process = subprocess.Popen(
        [*USAGELAKE, "ship", *map(str, arguments)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    with process:
        try:
            yield Run(process)
        finally:
            process.kill()


def landed(landing: Path) -> Counter[str]:
    """Count the lines of all objects."""
    lines: Counter[str] = Counter()
    for path in landing.rglob("*.jsonl"):
        content = path.read_text(encoding="utf-8")
        assert content.endswith("\n")
        lines.update(content.removesuffix("\n").split("\n"))
    return lines


def counts(printed: str) -> dict[str, Any]:
    """Read what `--json` prints."""
    found: dict[str, Any] = json.loads(printed)
    return found


def wait_until(true: Callable[[], object]) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)
