"""The custom resource that attaches: what stood on the stage is back when it goes, whatever happened between."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import moto
import pytest

from infra.constructs.attached_api import HANDLER

REGION = "eu-west-1"
OURS = {"destinationArn": "arn:aws:logs:eu-west-1:123456789012:log-group:/usage/full/access-log", "format": "ours"}
THEIRS = {"destinationArn": "arn:aws:logs:eu-west-1:123456789012:log-group:theirs", "format": '{"a": "$context.x"}'}


@pytest.fixture
def answers() -> list[Any]:
    return []


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch, answers: list[Any]) -> Any:
    """The handler as Lambda loads it, with the module that Lambda gives to inline code."""
    answer = ModuleType("cfnresponse")
    answer.SUCCESS, answer.FAILED = "SUCCESS", "FAILED"

    def send(_event: Any, _context: Any, status: str, _data: Any, physical_id: str, reason: str | None = None) -> None:
        answers.append((status, physical_id, reason))

    answer.send = send
    monkeypatch.setitem(sys.modules, "cfnresponse", answer)
    spec = importlib.util.spec_from_file_location("index", HANDLER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    for name, value in {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }.items():
        monkeypatch.setenv(name, value)
    with moto.mock_aws():
        gateway, ssm = boto3.client("apigateway"), boto3.client("ssm")
        api = gateway.create_rest_api(name="orders")["id"]
        root = gateway.get_resources(restApiId=api)["items"][0]["id"]
        gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
        gateway.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
        gateway.create_deployment(restApiId=api, stageName="live")
        yield SimpleNamespace(gateway=gateway, ssm=ssm, api=api)
        gateway.close()
        ssm.close()


def standing(aws: SimpleNamespace) -> dict[str, str] | None:
    return aws.gateway.get_stage(restApiId=aws.api, stageName="live").get("accessLogSettings")


def let_stand(aws: SimpleNamespace, settings: dict[str, str]) -> None:
    patches = [
        {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value} for name, value in settings.items()
    ]
    aws.gateway.update_stage(restApiId=aws.api, stageName="live", patchOperations=patches)


def event(aws: SimpleNamespace, kind: str, **changes: Any) -> dict[str, Any]:
    wanted = {
        "ApiId": aws.api,
        "Stage": "live",
        "DestinationArn": OURS["destinationArn"],
        "Format": OURS["format"],
        "Keep": "/usagelake/usage-full/attached/x/live",
        **changes,
    }
    return {"RequestType": kind, "ResourceProperties": wanted}


def parameters(aws: SimpleNamespace) -> set[str]:
    return {each["Name"] for each in aws.ssm.describe_parameters()["Parameters"]}


def test_a_stage_gets_the_log_and_the_former_one_is_back_afterwards(
    handler: Any, answers: list[Any], aws: SimpleNamespace
) -> None:
    let_stand(aws, THEIRS)
    handler(event(aws, "Create"), None)
    assert standing(aws) == OURS
    handler(event(aws, "Delete"), None)
    assert standing(aws) == THEIRS
    assert parameters(aws) == set()
    assert answers == [("SUCCESS", f"{aws.api}/live", None)] * 2


def test_a_stage_that_had_no_log_has_none_afterwards(handler: Any, aws: SimpleNamespace) -> None:
    handler(event(aws, "Create"), None)
    assert standing(aws) == OURS
    handler(event(aws, "Delete"), None)
    assert not standing(aws)


def test_a_repeated_creation_does_not_take_our_own_log_for_the_former_one(handler: Any, aws: SimpleNamespace) -> None:
    let_stand(aws, THEIRS)
    handler(event(aws, "Create"), None)
    handler(event(aws, "Create"), None)
    handler(event(aws, "Delete"), None)
    assert standing(aws) == THEIRS


def test_an_update_changes_the_format_and_still_remembers_the_former_log(handler: Any, aws: SimpleNamespace) -> None:
    let_stand(aws, THEIRS)
    handler(event(aws, "Create"), None)
    handler(event(aws, "Update", Format="newer"), None)
    assert standing(aws) == {**OURS, "format": "newer"}
    handler(event(aws, "Delete", Format="newer"), None)
    assert standing(aws) == THEIRS


def test_a_creation_that_was_cut_off_while_it_kept_begins_again(handler: Any, aws: SimpleNamespace) -> None:
    """Only the last parameter says that all is kept."""
    let_stand(aws, THEIRS)
    aws.ssm.put_parameter(Name="/usagelake/usage-full/attached/x/live/format", Value="half", Type="String")
    handler(event(aws, "Create"), None)
    handler(event(aws, "Delete"), None)
    assert standing(aws) == THEIRS


def test_a_log_that_somebody_has_set_since_is_left_alone(
    handler: Any, answers: list[Any], aws: SimpleNamespace
) -> None:
    handler(event(aws, "Create"), None)
    let_stand(aws, THEIRS)
    handler(event(aws, "Delete"), None)
    assert standing(aws) == THEIRS
    assert parameters(aws) == set()
    assert answers[-1][0] == "SUCCESS"


def test_removal_succeeds_when_the_stage_is_gone(handler: Any, answers: list[Any], aws: SimpleNamespace) -> None:
    handler(event(aws, "Create"), None)
    aws.gateway.delete_rest_api(restApiId=aws.api)
    handler(event(aws, "Delete"), None)
    assert answers[-1][0] == "SUCCESS"
    assert parameters(aws) == set()


def test_removal_of_what_was_never_attached_touches_nothing(
    handler: Any, answers: list[Any], aws: SimpleNamespace
) -> None:
    let_stand(aws, THEIRS)
    handler(event(aws, "Delete"), None)
    assert standing(aws) == THEIRS
    assert answers[-1][0] == "SUCCESS"


def test_a_missing_api_is_told_to_cloudformation(handler: Any, answers: list[Any], aws: SimpleNamespace) -> None:
    handler(event(aws, "Create", ApiId="nope000000"), None)
    ((status, physical_id, reason),) = answers
    assert (status, physical_id) == ("FAILED", "nope000000/live")
    assert "NotFoundException" in reason
