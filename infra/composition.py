"""One set of stacks per environment: the one place where they are joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from infra.constructs.delivery_alarms import DeliveryPlaces
from infra.stacks.analytics import AnalyticsStack
from infra.stacks.api import ApiStack, GatewayAccountStack
from infra.stacks.data import DataStack
from infra.stacks.ingestion import IngestionStack
from infra.stacks.roll_up import RollUpStack
from infra.stacks.watch import WatchStack
from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from infra.settings import Environment
    from usagelake.engines.query_library import QueryLibrary


def removal_of(environment: Environment, destroy: str | None) -> cdk.RemovalPolicy:
    """Decide what happens to data when its stack goes: it stays, unless two switches say otherwise.

    Args:
        environment: Whose `protected` is the first switch.
        destroy: The second: `-c destroy-data=<env>` on the command line.

    Raises:
        ConfigurationError: The second switch names a protected environment.
    """
    if destroy != environment.name:
        return cdk.RemovalPolicy.RETAIN
    if environment.protected:
        raise ConfigurationError(
            f"{environment.name}: its data is protected; deploy it with protected=False (infra/config.py) first"
        )
    return cdk.RemovalPolicy.DESTROY


def add_environment(
    scope: cdk.App, environment: Environment, *, queries: QueryLibrary, destroy: str | None = None
) -> None:
    """Add the stacks of one environment.

    Args:
        scope: The app.
        environment: The environment, known to be sound.
        queries: The SQL files.
        destroy: See `removal_of`.
    """
    name = f"usage-{environment.name}"
    removal = removal_of(environment, destroy)
    place = {
        "env": cdk.Environment(account=environment.account or None, region=environment.region or None),
        "termination_protection": environment.protected,
        "tags": {"project": "usagelake", "environment": environment.name},
    }
    data = DataStack(scope, f"{name}-data", environment=environment, removal=removal, **place)
    ingestion = IngestionStack(
        scope, f"{name}-ingestion", environment=environment, name=name, lake=data.lake, removal=removal, **place
    )
    api = ApiStack(scope, f"{name}-api", environment=environment, name=name, delivery=ingestion.delivery, **place)
    if environment.gateway_account_role:
        api.add_stack_dependency(GatewayAccountStack(scope, f"{name}-gateway-account", **place))
    analytics = AnalyticsStack(
        scope,
        f"{name}-analytics",
        environment=environment,
        name=name,
        lake=data.lake,
        log_group=ingestion.delivery.log_group,
        queries=queries,
        **place,
    )
    jobs = None
    if environment.roll_up is not None:
        roll_up = RollUpStack(
            scope,
            f"{name}-roll-up",
            environment=environment,
            settings=environment.roll_up,
            name=name,
            lake=data.lake,
            queries=queries,
            **place,
        )
        roll_up.add_stack_dependency(analytics)  # whose workgroup its statements run in
        jobs = roll_up.places
    WatchStack(
        scope,
        f"{name}-watch",
        environment=environment,
        name=name,
        places=DeliveryPlaces(
            stream=ingestion.delivery.stream_name,
            landing=environment.landing_bucket,
            log_group=ingestion.delivery.log_group_name,
            apis=api.metered,
        ),
        jobs=jobs,
        **place,
    )
