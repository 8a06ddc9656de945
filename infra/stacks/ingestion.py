"""How lines come into the landing: the access logs' delivery, and the roles of those who emit billing events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from infra.constructs.log_delivery import LogDelivery
from infra.constructs.writer_roles import WriterRoles

if TYPE_CHECKING:
    from constructs import Construct

    from infra.constructs.usage_lake import UsageLake
    from infra.settings import Environment


class IngestionStack(cdk.Stack):
    """Log delivery and writers."""

    def __init__(
        self,
        scope: Construct,
        stack_id: str,
        *,
        environment: Environment,
        name: str,
        lake: UsageLake,
        removal: cdk.RemovalPolicy,
        **place: object,
    ) -> None:
        super().__init__(scope, stack_id, **place)
        self.delivery = LogDelivery(
            self,
            "LogDelivery",
            name=name,
            lake=lake,
            delivery=environment.delivery,
            log_days=environment.retention.logs,
            removal=removal,
        )
        self.writers = WriterRoles(self, "Writers", name=name, lake=lake, writers=environment.writers)
        cdk.CfnOutput(
            self,
            "AccessLogDestination",
            value=self.delivery.destination_arn,
            description="What a stage's access log is set to",
        )
