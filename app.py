"""The CDK app: `cdk deploy -c env=dev '*'`, or `python app.py` to write the templates without the CDK's command."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra.composition import add_environment
from infra.config import choose
from usagelake.engines.query_library import load_queries
from usagelake.errors import ConfigurationError

SETTINGS = Path(__file__).with_name("cdk.json")


MADE = "aws:cdk:bundling-stacks"
"""The stacks whose functions are made, as the CDK's command tells; without it none, and nothing is downloaded."""


def make_app(outdir: str | None = None) -> cdk.App:
    """Make the app, with cdk.json's feature flags whoever starts it; the command line's `-c` comes over them."""
    flags = json.loads(SETTINGS.read_text(encoding="utf-8"))["context"]
    return cdk.App(outdir=outdir, context={**flags, MADE: []}, analytics_reporting=False)


def main() -> int:
    """Write the templates of the environments that `-c env=…` names; all of them without it.

    Returns:
        The exit code: 2 when the configuration is wrong, with one line per fault.
    """
    app = make_app()
    try:
        queries = load_queries()
        for environment in choose(app.node.try_get_context("env")):
            add_environment(app, environment, queries=queries, destroy=app.node.try_get_context("destroy-data"))
    except ConfigurationError as error:
        print(*error.faults, sep="\n", file=sys.stderr)  # noqa: T201 — the command's own output
        return 2
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
