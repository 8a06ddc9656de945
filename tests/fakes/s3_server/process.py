"""The server as a process of its own, so that it outlives the clients that a test kills."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.fakes.s3_server.faults import Faults
from tests.fakes.s3_server.journal import Entry, StoredBody, read_journal

if TYPE_CHECKING:
    from types import TracebackType

ROOT = Path(__file__).parents[3]
START_S = 30.0


class S3ServerProcess:
    """Starts `python -m tests.fakes.s3_server`, and ends it.

    Args:
        folder: Where the journal goes; it must be new.
        faults: What goes wrong.
        seed: Of the faults.

    Raises:
        RuntimeError: It did not start.
    """

    def __init__(self, folder: Path, faults: Faults | None = None, *, seed: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        port_file = folder / "port"
        command = (sys.executable, "-m", "tests.fakes.s3_server", "--folder", str(folder))
        options = ("--faults", (faults or Faults()).to_json(), "--seed", str(seed), "--port-file", str(port_file))
        self._process = subprocess.Popen((*command, *options), stdin=subprocess.PIPE, cwd=ROOT)
        deadline = time.monotonic() + START_S
        while not port_file.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise RuntimeError("the S3 server did not start")
            time.sleep(0.01)
        self.port = int(port_file.read_text(encoding="utf-8"))

    @property
    def endpoint_url(self) -> str:
        """What to give a client."""
        return f"http://127.0.0.1:{self.port}"

    def set_faults(self, faults: Faults) -> None:
        """Change what goes wrong; the windows of outages start now."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", "/-/faults", body=faults.to_json())
            connection.getresponse().read()
        finally:
            connection.close()

    def journal(self) -> tuple[list[Entry], list[StoredBody]]:
        """Read every request and every stored object so far, in order."""
        return read_journal(self._folder)

    def close(self) -> None:
        """End the process: it ends by itself when its standard input does, so also with this process."""
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
