"""Who is told when usage stops coming, and one page to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from infra.constructs.alerts import Alerts
from infra.constructs.dashboard import Dashboard
from infra.constructs.delivery_alarms import delivery_alarms
from infra.constructs.job_alarms import job_alarms
from infra.constructs.shipper_alarms import shipper_alarms

if TYPE_CHECKING:
    from constructs import Construct

    from infra.constructs.delivery_alarms import DeliveryPlaces
    from infra.constructs.job_alarms import JobPlaces
    from infra.settings import Environment


class WatchStack(cdk.Stack):
    """Topic, alarms, budget, dashboard."""

    def __init__(
        self,
        scope: Construct,
        stack_id: str,
        *,
        environment: Environment,
        name: str,
        places: DeliveryPlaces,
        jobs: JobPlaces | None,
        **place: object,
    ) -> None:
        super().__init__(scope, stack_id, **place)
        watch = environment.watch
        alerts = Alerts(
            self,
            "Alerts",
            name=name,
            email=watch.email,
            monthly_budget_usd=watch.monthly_budget_usd,
            alarms=[
                *delivery_alarms(places, watch),
                *(job_alarms(jobs, watch) if jobs is not None else ()),
                *shipper_alarms(watch),
            ],
        )
        Dashboard(self, "Dashboard", name=name, places=places, jobs=jobs, watch=watch, alarms=alerts.alarms)
        cdk.CfnOutput(self, "TopicArn", value=alerts.topic.topic_arn, description="Subscribe who is to be told")
