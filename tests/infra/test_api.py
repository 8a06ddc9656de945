"""The metered API, the attached one, and the account's role."""

from __future__ import annotations

import pytest

from infra.config import ENVIRONMENTS
from infra.constructs.access_log_format import access_log_format
from infra.settings import Environment
from tests.infra.assembly import Assembly
from tests.infra.environments import DIRECT, FULL

EVERY = (*ENVIRONMENTS, FULL, DIRECT)
each_environment = pytest.mark.parametrize("environment", EVERY, ids=lambda environment: environment.name)


@each_environment
def test_every_method_needs_a_key(assembly: Assembly, environment: Environment) -> None:
    methods = list(assembly.resources("AWS::ApiGateway::Method", f"usage-{environment.name}-api"))
    assert len(methods) == len(environment.api.routes)
    for method in methods:
        assert method.properties["ApiKeyRequired"] is True, method.logical_id


def test_routes_lead_to_the_backend_with_their_parameters(assembly: Assembly) -> None:
    methods = assembly.resources("AWS::ApiGateway::Method", "usage-full-api")
    found = {
        each.properties["Integration"]["Uri"]: (
            each.properties["HttpMethod"],
            each.properties["Integration"].get("RequestParameters", {}),
        )
        for each in methods
    }
    assert found == {
        "https://backend.example.com/base/": ("GET", {}),
        "https://backend.example.com/base/items/{id}": (
            "GET",
            {"integration.request.path.id": "method.request.path.id"},
        ),
        "https://backend.example.com/base/files/{path}": (
            "ANY",
            {"integration.request.path.path": "method.request.path.path"},
        ),
    }


@each_environment
def test_usage_plans_throttle_and_count_as_configured(assembly: Assembly, environment: Environment) -> None:
    plans = {
        each.properties["UsagePlanName"]: each.properties
        for each in assembly.resources("AWS::ApiGateway::UsagePlan", f"usage-{environment.name}-api")
    }
    assert plans.keys() == {f"usage-{environment.name}-{plan.name}" for plan in environment.api.plans}
    for plan in environment.api.plans:
        own = plans[f"usage-{environment.name}-{plan.name}"]
        assert own["Throttle"] == {"BurstLimit": plan.burst, "RateLimit": plan.requests_per_second}
        quota = None if plan.monthly_quota is None else {"Limit": plan.monthly_quota, "Period": "MONTH"}
        assert own.get("Quota") == quota
        assert len(own["ApiStages"]) == 1


def test_each_key_is_made_once_and_belongs_to_its_plan(assembly: Assembly) -> None:
    keys = {each.properties["Name"] for each in assembly.resources("AWS::ApiGateway::ApiKey", "usage-full-api")}
    assert keys == {"usage-full-one", "usage-full-two"}
    assert len(list(assembly.resources("AWS::ApiGateway::UsagePlanKey", "usage-full-api"))) == 2


@each_environment
def test_a_stage_counts_requests_and_writes_no_execution_log(assembly: Assembly, environment: Environment) -> None:
    (stage,) = assembly.resources("AWS::ApiGateway::Stage", f"usage-{environment.name}-api")
    (settings,) = stage.properties["MethodSettings"]
    assert settings["MetricsEnabled"] is True
    assert settings["LoggingLevel"] == "OFF"
    assert settings["DataTraceEnabled"] is False
    assert (settings["HttpMethod"], settings["ResourcePath"]) == ("*", "/*")


def test_the_account_s_role_is_set_by_those_who_ask_for_it_and_apart(assembly: Assembly) -> None:
    accounts = list(assembly.resources("AWS::ApiGateway::Account"))
    assert [each.stack for each in accounts] == ["usage-full-gateway-account"]
    assert not [each for each in assembly.resources("AWS::IAM::Role") if "CloudWatchRole" in each.logical_id]


def test_an_attached_stage_is_told_where_and_how_to_log(assembly: Assembly) -> None:
    attached = assembly.one("Custom::AttachedAccessLog", "usage-full-api")
    told = {name: attached.properties[name] for name in ("ApiId", "Stage", "DestinationArn", "Format", "Keep")}
    assert told == {
        "ApiId": "abc123def4",
        "Stage": "live",
        "DestinationArn": "arn:aws:logs:eu-west-1:123456789012:log-group:/usage/full/access-log",
        "Format": access_log_format(request_bytes_from="$context.authorizer.requestBytes", source_ip=True),
        "Keep": "/usagelake/usage-full/attached/abc123def4/live",
    }


@pytest.mark.parametrize("environment", [FULL, DIRECT], ids=lambda environment: environment.name)
def test_the_attaching_function_is_small_and_arm(assembly: Assembly, environment: Environment) -> None:
    (function,) = [
        each.properties
        for each in assembly.resources("AWS::Lambda::Function", f"usage-{environment.name}-api")
        if each.properties["Description"].startswith("Access log of")
    ]
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    assert function["Handler"] == "index.handler"
    assert len(function["Code"]["ZipFile"]) <= 4096
