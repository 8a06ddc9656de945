"""The environments. Edit this file: it is the only one that knows how they differ."""

from __future__ import annotations

import difflib

from infra.faults import faults_of
from infra.settings import Api, Environment, Plan, Retention
from infra.watch_settings import Watch
from usagelake.errors import ConfigurationError

ENVIRONMENTS: tuple[Environment, ...] = (
    Environment(
        name="dev",
        landing_bucket="serverless-usage-dev",
        protected=False,
        retention=Retention(landing=120, archive_after=None),
        api=Api(
            backend_url="https://backend.dev.example.com",
            plans=(Plan(name="standard", requests_per_second=10, burst=20, monthly_quota=100_000, keys=("demo",)),),
        ),
    ),
    Environment(
        name="test",
        landing_bucket="serverless-usage-test",
        api=Api(backend_url="https://backend.test.example.com"),
    ),
    Environment(
        name="prod",
        landing_bucket="serverless-usage-prod",
        customer_key=True,
        retention=Retention(invoice_window=90, landing=2557, logs=120, errors=120, archive_after=120),
        api=Api(
            backend_url="https://backend.example.com",
            plans=(
                Plan(name="standard", requests_per_second=50, burst=100, monthly_quota=5_000_000),
                Plan(name="large", requests_per_second=500, burst=1000),
            ),
        ),
        watch=Watch(monthly_budget_usd=500),
    ),
)


def choose(names: str | None = None, among: tuple[Environment, ...] = ENVIRONMENTS) -> tuple[Environment, ...]:
    """Choose environments, and make sure that they can be deployed.

    Args:
        names: Their names with commas between; None or `all`: all of them.
        among: Those there are.

    Raises:
        ConfigurationError: A name is unknown, or a chosen environment has a fault; every fault is named.
    """
    known = {environment.name: environment for environment in among}
    wanted = [*known] if names in (None, "all") else [name.strip() for name in str(names).split(",")]
    faults = [_unknown(name, known) for name in wanted if name not in known]
    chosen = tuple(known[name] for name in wanted if name in known)
    faults.extend(fault for environment in chosen for fault in faults_of(environment))
    if faults:
        raise ConfigurationError(faults)
    return chosen


def _unknown(name: str, known: dict[str, Environment]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return f"there is no environment {name!r}: {hint}"
