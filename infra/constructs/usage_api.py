"""A metered REST API: every call has a key, every key a plan, every request a line in the access log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from infra.constructs.acknowledge import acknowledge
from infra.constructs.request_size import RequestSize

if TYPE_CHECKING:
    from infra.settings import Api, Plan

_PARAMETER = re.compile(r"\{([A-Za-z0-9_]+)\+?\}")


class UsageApi(Construct):
    """The API in front of a backend.

    Args:
        scope: Where it belongs.
        construct_id: Its id there.
        name: Its name, `usage-<env>`.
        settings: Its backend, routes and plans.
        log_destination: What its access log is written to.
        log_format: The format of a line.

    Attributes:
        api: The REST API; add routes of your own to it.
        name: Its name, which CloudWatch counts its requests under.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        settings: Api,
        log_destination: apigateway.IAccessLogDestination,
        log_format: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = name
        self.stage_name = settings.stage
        self.api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=name,
            description="Metered by usagelake: every request is logged with the id of its key.",
            cloud_watch_role=False,
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            default_method_options=apigateway.MethodOptions(api_key_required=True),
            deploy_options=apigateway.StageOptions(
                stage_name=settings.stage,
                access_log_destination=log_destination,
                access_log_format=apigateway.AccessLogFormat.custom(log_format),
                logging_level=apigateway.MethodLoggingLevel.OFF,
                data_trace_enabled=False,
                metrics_enabled=True,
            ),
        )
        validator = self.api.add_request_validator(
            "Validator", validate_request_parameters=True, validate_request_body=True
        )
        self._measured = RequestSize(self, "RequestSize", name=name).authorizer if settings.measure_requests else None
        for route in settings.routes:
            self._route(route, settings.backend_url, validator)
        for plan in settings.plans:
            self._plan(plan)
        self._acknowledge()

    def _route(self, route: str, backend_url: str, validator: apigateway.IRequestValidator) -> None:
        method, path = route.split(" ", 1)
        parameters = _PARAMETER.findall(path)
        target = _PARAMETER.sub(r"{\1}", path)
        self.api.root.resource_for_path(path).add_method(
            method,
            apigateway.HttpIntegration(
                f"{backend_url}{target}",
                http_method=method,
                proxy=True,
                options=apigateway.IntegrationOptions(
                    request_parameters={
                        f"integration.request.path.{name}": f"method.request.path.{name}" for name in parameters
                    },
                ),
            ),
            api_key_required=True,
            authorizer=self._measured,
            request_validator=validator,
            request_parameters={f"method.request.path.{name}": True for name in parameters},
        )

    def _plan(self, plan: Plan) -> None:
        quota = (
            None
            if plan.monthly_quota is None
            else apigateway.QuotaSettings(limit=plan.monthly_quota, period=apigateway.Period.MONTH)
        )
        made = self.api.add_usage_plan(
            f"Plan-{plan.name}",
            name=f"{self.name}-{plan.name}",
            throttle=apigateway.ThrottleSettings(rate_limit=plan.requests_per_second, burst_limit=plan.burst),
            quota=quota,
            api_stages=[apigateway.UsagePlanPerApiStage(api=self.api, stage=self.api.deployment_stage)],
        )
        for key in plan.keys:
            made.add_api_key(self.api.add_api_key(f"Key-{key}", api_key_name=f"{self.name}-{key}"))

    def _acknowledge(self) -> None:
        acknowledge(
            self,
            "Who may call is the backend's to decide; the key meters, and a request without one is refused.",
            "AwsSolutions-APIG4",
            "AwsSolutions-COG4",
        )
        acknowledge(
            self,
            "The access log holds what is billed; execution logs would cost ten times as much and hold bodies.",
            "AwsSolutions-APIG6",
        )
        acknowledge(
            self,
            "A web ACL costs by the month and belongs to who owns the API: associate one with the stage.",
            "AwsSolutions-APIG3",
        )
        acknowledge(
            self.api.deployment_stage,
            "Whether an answer may be kept is the backend's to say, and a cache is paid by the hour, used or not.",
            "CKV_AWS_120",
        )
        acknowledge(
            self.api.deployment_stage,
            "Traces are paid by the request and no bill needs them: each line of the access log has both latencies.",
            "CKV_AWS_73",
        )
