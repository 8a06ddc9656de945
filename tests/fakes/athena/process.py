"""The local Athena as a process of its own: it serves every client and every process of a test run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.fakes.athena.faults import Fault

ROOT = Path(__file__).parents[3]
START_S = 60.0
KEYS = ("testing", "testing")
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class LocalAthena:
    """A local Athena that runs.

    Attributes:
        athena: The address of Athena.
        aws: The address of S3, Glue and the rest.
    """

    athena: str
    aws: str

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which PyAthena, awswrangler and boto3 find it, and nothing of this machine's own."""
        return {
            "AWS_ENDPOINT_URL": self.aws,
            "AWS_ENDPOINT_URL_ATHENA": self.athena,
            "AWS_ENDPOINT_URL_S3": self.aws,
            "AWS_ENDPOINT_URL_GLUE": self.aws,
            "AWS_ENDPOINT_URL_STS": self.aws,
            "AWS_ACCESS_KEY_ID": KEYS[0],
            "AWS_SECRET_ACCESS_KEY": KEYS[1],
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(ROOT / "no-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(ROOT / "no-credentials"),
            "NO_PROXY": "*",
        }

    def fail_with(self, *faults: Fault) -> None:
        """Let things go wrong, in addition to what waits already."""
        self._ask("/_faults", [fault.to_dict() for fault in faults])

    def journal(self) -> list[dict[str, Any]]:
        """Give every execution so far, in the order of their start."""
        with urllib.request.urlopen(f"{self.athena}/_journal", timeout=60) as answer:  # noqa: S310
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def reset(self) -> None:
        """Begin anew: no execution, no workgroup, no table, no object, no fault."""
        self._ask("/_reset", {})

    def _ask(self, path: str, told: Any) -> None:
        request = urllib.request.Request(f"{self.athena}{path}", data=json.dumps(told).encode(), method="POST")  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            assert answer.status == 200


@contextmanager
def running(folder: Path | None = None) -> Iterator[LocalAthena]:
    """Start `python -m tests.fakes.athena`, and end it.

    Args:
        folder: Where it tells its addresses; a temporary one when it is None.

    Raises:
        RuntimeError: It did not start.
    """
    with tempfile.TemporaryDirectory(prefix="athena-") as made:
        port_file = (folder or Path(made)) / "addresses.json"
        port_file.parent.mkdir(parents=True, exist_ok=True)
        port_file.unlink(missing_ok=True)
        command = (sys.executable, "-m", "tests.fakes.athena", "--port-file", str(port_file))
        process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT)
        try:
            deadline = time.monotonic() + START_S
            while not port_file.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the local Athena did not start")
                time.sleep(0.01)
            yield LocalAthena(**json.loads(port_file.read_text(encoding="utf-8")))
        finally:
            process.communicate()
