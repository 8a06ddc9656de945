"""`python -m tests.try_cloud.synthesize FOLDER BACKEND_URL`: the stacks of dev, in front of a backend on loopback."""

from __future__ import annotations

import sys
from dataclasses import replace

from app import make_app
from infra.composition import add_environment
from infra.config import choose
from tests.try_cloud.loopback import ACCOUNT, REGION
from usagelake.engines.query_library import load_queries


def synthesize(folder: str, backend_url: str) -> None:
    """Write the templates. Stages of other stacks are not there to be attached to."""
    (dev,) = choose("dev")
    if dev.api is None:
        sys.exit("dev has no API of its own to be tried: give it one in infra/config.py")
    tried = replace(dev, account=ACCOUNT, region=REGION, attached=(), api=replace(dev.api, backend_url=backend_url))
    app = make_app(folder)
    add_environment(app, tried, queries=load_queries())
    app.synth()


if __name__ == "__main__":
    synthesize(sys.argv[1], sys.argv[2])
