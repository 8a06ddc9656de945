"""The metered APIs: one of our own, and those that exist already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from infra.constructs.access_log_format import access_log_format
from infra.constructs.attached_api import AttachedApi
from infra.constructs.gateway_account_role import GatewayAccountRole
from infra.constructs.request_size import VARIABLE
from infra.constructs.usage_api import UsageApi

if TYPE_CHECKING:
    from constructs import Construct

    from infra.constructs.log_delivery import LogDelivery
    from infra.settings import Environment


class GatewayAccountStack(cdk.Stack):
    """The account's one role for API Gateway's logs: opt-in, and apart, since it is everybody's."""

    def __init__(self, scope: Construct, stack_id: str, **place: object) -> None:
        super().__init__(scope, stack_id, **place)
        self.role = GatewayAccountRole(self, "GatewayAccountRole")


class ApiStack(cdk.Stack):
    """Metered APIs and their access logs."""

    def __init__(
        self,
        scope: Construct,
        stack_id: str,
        *,
        environment: Environment,
        name: str,
        delivery: LogDelivery,
        **place: object,
    ) -> None:
        super().__init__(scope, stack_id, **place)
        metered: list[tuple[str, str]] = [(stage.api_name, stage.stage) for stage in environment.attached]
        if environment.api is not None:
            usage_api = UsageApi(
                self,
                "UsageApi",
                name=name,
                settings=environment.api,
                log_destination=delivery.destination,
                log_format=access_log_format(
                    request_bytes_from=VARIABLE if environment.api.measure_requests else environment.request_bytes_from,
                    source_ip=environment.log_source_ip,
                ),
            )
            metered.append((usage_api.name, usage_api.stage_name))
        for stage in environment.attached:
            AttachedApi(
                self,
                f"Attached-{stage.api_id}-{stage.stage}",
                name=name,
                stage=stage,
                destination_arn=delivery.destination_arn,
                log_format=access_log_format(
                    request_bytes_from=environment.request_bytes_from, source_ip=environment.log_source_ip
                ),
            )
        self.metered = tuple(metered)
