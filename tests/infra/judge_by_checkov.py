"""`python -m tests.infra.judge_by_checkov CHECKOV`: what checkov says of every environment's templates, offline.

The templates are judged twice: with the exceptions that stand beside the constructs, when nothing may be found, and
without them, when exactly what is excepted must be found. So no exception outlives its finding. A bucket that breaks
rules is judged too: silence there would mean that checkov does not look.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOREIGN = ("BC_", "CHECKOV_", "CKV_", "PRISMA_")
"""Variables that would give checkov a key, an address or another setting."""


@dataclass(frozen=True, order=True)
class Finding:
    """One check at one resource of one template, or an exception from it."""

    template: str
    resource: str
    check: str

    def __str__(self) -> str:
        return f"{self.check} at {self.resource} in {self.template}"


@dataclass(frozen=True)
class Report:
    """What one run of checkov found.

    Attributes:
        passed: How many checks passed.
        found: What it found fault with.
        excepted: What it was told not to judge.
        unread: Templates that it could not read.
    """

    passed: int
    found: frozenset[Finding]
    excepted: frozenset[Finding]
    unread: tuple[str, ...]


def read_report(text: str) -> Report:
    """Read what checkov writes with `-o json`; without any template it writes the summary alone."""
    written: dict[str, Any] = json.loads(text)
    results = written.get("results", {})
    return Report(
        passed=written.get("summary", written)["passed"],
        found=_findings(results.get("failed_checks", [])),
        excepted=_findings(results.get("skipped_checks", [])),
        unread=tuple(results.get("parsing_errors", [])),
    )


def faults_of(stated: Report, bare: Report, canary: Report) -> list[str]:
    """Say what is wrong.

    Args:
        stated: Of the templates as they are.
        bare: Of the templates without their exceptions.
        canary: Of a template that breaks rules.
    """
    return [
        *(f"{path} could not be read" for path in (*stated.unread, *bare.unread)),
        *(f"{each}: set it right, or acknowledge it with a reason" for each in sorted(stated.found)),
        *(f"{each} is acknowledged and not found: take it away" for each in sorted(stated.excepted - bare.found)),
        *(
            f"{each} is lost: neither found nor acknowledged"
            for each in sorted(bare.found - stated.found - stated.excepted)
        ),
        *([] if stated.passed else ["not one check passed: were there templates?"]),
        *([] if canary.found else ["nothing is wrong with a bucket that breaks rules: checkov does not look"]),
    ]


def main() -> int:
    """Synthesize, judge, and tell."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _synthesize(folder / "stated")
        (folder / "stated" / "canary").rename(folder / "canary")
        _without_exceptions(folder / "stated", folder / "bare")
        stated, bare, canary = (
            _judge(Path(sys.argv[1]).absolute(), folder / part) for part in ("stated", "bare", "canary")
        )
    faults = faults_of(stated, bare, canary)
    if faults:
        sys.stderr.write("\n".join([*faults, ""]))
        return 1
    sys.stdout.write(f"checkov: {stated.passed} checks passed, {len(stated.excepted)} exceptions with their reasons\n")
    return 0


def _findings(records: list[dict[str, Any]]) -> frozenset[Finding]:
    return frozenset(
        Finding(template=Path(each["file_path"]).name, resource=each["resource"], check=each["check_id"])
        for each in records
    )


def _synthesize(folder: Path) -> None:
    """Write the templates; what cdk-nag says of the canary is told only when that fails."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    run = subprocess.run(
        [sys.executable, "-m", "tests.infra.synthesize", folder],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if run.returncode:
        raise RuntimeError(f"the templates could not be written: {run.stderr}")


def _without_exceptions(source: Path, target: Path) -> None:
    target.mkdir()
    for path in sorted(source.glob("*.template.json")):
        template = json.loads(path.read_text(encoding="utf-8"))
        for body in template.get("Resources", {}).values():
            body.get("Metadata", {}).pop("checkov", None)
        (target / path.name).write_text(json.dumps(template, indent=1), encoding="utf-8")


def _judge(checkov: Path, folder: Path) -> Report:
    """Run checkov; its exit code is 1 when it found something."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    run = subprocess.run(
        [checkov, "--config-file", ROOT / ".checkov.yaml", "-d", folder, "-o", "json"],
        env={**kept, "HOME": str(folder)},  # a setting at home is somebody else's
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if run.returncode not in (0, 1) or not run.stdout:
        raise RuntimeError(f"checkov failed with {run.returncode}: {run.stderr}")
    return read_report(run.stdout)


if __name__ == "__main__":
    sys.exit(main())
