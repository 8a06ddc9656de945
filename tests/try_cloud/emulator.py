"""MiniStack as a process: on loopback, with its files in a folder that goes with it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING, Self

from tests.try_cloud.loopback import ACCOUNT, REGION

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

START_S = 60.0
END_S = 10.0


class Emulator:
    """Starts `ministack`, and ends it.

    Args:
        program: The command.
        folder: For its log and its files.

    Raises:
        RuntimeError: It did not start.
    """

    def __init__(self, program: Path, folder: Path) -> None:
        folder.mkdir()
        port = _free_port()
        self.endpoint_url = f"http://127.0.0.1:{port}"
        self._log = folder / "log"
        surroundings = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "BIND_HOST": "127.0.0.1",  # without it every interface is served
            "GATEWAY_PORT": str(port),
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "0",  # another port
            "SFTP_ENABLED": "0",  # the same
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([program], cwd=folder, env=surroundings, stdout=log, stderr=log)
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def _wait(self) -> None:
        deadline = time.monotonic() + START_S
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while True:
            try:
                direct.open(f"{self.endpoint_url}/_ministack/health", timeout=5).close()
            except OSError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"MiniStack did not start: {self._log.read_text()[-2000:]}") from error
                time.sleep(0.1)
            else:
                return

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
