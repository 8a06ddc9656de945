"""One synthesis for all tests and all their processes: it takes half a minute."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.infra.assembly import Assembly

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def node() -> None:
    """What the CDK runs on."""
    if shutil.which("node") is None:
        pytest.skip("NODE IS MISSING: the CDK app was not synthesized, and none of its templates was tested")


@pytest.fixture(scope="session")
def environ() -> Mapping[str, str]:
    """The surroundings of a synthesis: no credentials, no region, no leftovers of a CDK command."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1"}


@pytest.fixture(scope="session")
def assembly(
    node: None,  # noqa: ARG001 — without it there is nothing to synthesize with
    environ: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Assembly:
    """The templates of all environments, and of two that have everything."""
    base = tmp_path_factory.getbasetemp()
    # The processes of pytest-xdist have folders of their own below one that they share.
    shared = base.parent if hasattr(request.config, "workerinput") else base
    folder, done = shared / "cloud-assembly", shared / "cloud-assembly.done"
    with (shared / "cloud-assembly.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            run = subprocess.run(
                [sys.executable, "-m", "tests.infra.synthesize", str(folder)],
                cwd=ROOT,
                env=dict(environ),
                capture_output=True,
                text=True,
                check=False,
                timeout=600,
            )
            assert run.returncode == 0, run.stderr
            done.touch()
    return Assembly(folder)
