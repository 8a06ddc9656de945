"""The trial deploys with the command that `make deploy` uses."""

from __future__ import annotations

from tests.try_cloud.command import ROOT
from tests.try_cloud.deployment import CDK


def test_the_command_of_the_cdk_is_the_makefile_s() -> None:
    assert f" {' '.join(CDK)}\n" in (ROOT / "Makefile").read_text(encoding="utf-8")
