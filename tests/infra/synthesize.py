"""Synthesizes every environment into a folder, as `app.py` does: `python synthesize.py FOLDER`."""

from __future__ import annotations

import sys

import aws_cdk as cdk
from app import make_app
from cdk_nag import AwsSolutionsChecks

from infra.composition import add_environment
from infra.config import ENVIRONMENTS, choose
from tests.infra.environments import DIRECT, FULL
from usagelake.engines.query_library import load_queries


def synthesize(folder: str) -> None:
    """Write the templates, and cdk-nag's report; a finding is for the tests to tell."""
    app = make_app(folder)
    queries = load_queries()
    for environment in choose(among=(*ENVIRONMENTS, FULL, DIRECT)):
        add_environment(app, environment, queries=queries, destroy="direct")
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        if "Validation failed" not in str(error):
            raise


if __name__ == "__main__":
    synthesize(sys.argv[1])
