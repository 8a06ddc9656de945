"""Synthesizes every environment into a folder, as `app.py` does: `python synthesize.py FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks
from jsii.errors import JSIIError

from app import make_app
from infra.composition import add_environment
from infra.config import ENVIRONMENTS, choose
from tests.infra.environments import DIRECT, FULL
from usagelake.engines.query_library import load_queries


def synthesize(folder: str) -> None:
    """Write the templates of every environment; a finding of cdk-nag is for the tests to tell."""
    app = make_app(folder)
    queries = load_queries()
    for environment in choose(among=(*ENVIRONMENTS, FULL, DIRECT)):
        add_environment(app, environment, queries=queries, destroy="direct")
    _judge(app, folder)


def hang_canary(folder: str) -> None:
    """Write a stack that cdk-nag must find fault with: silence would mean that it does not look."""
    app = make_app(folder)
    s3.Bucket(cdk.Stack(app, "canary"), "Open")
    _judge(app, folder)


def _judge(app: cdk.App, folder: str) -> None:
    """Synthesize with cdk-nag: its findings end the synthesis with an error, after its report is written."""
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except (RuntimeError, JSIIError):
        if not (Path(folder) / "validation-report.json").exists():
            raise


if __name__ == "__main__":
    synthesize(sys.argv[1])
    hang_canary(f"{sys.argv[1]}/canary")
