"""The authorizer that tells the size of requests: of each its own, unknown when it is, and nobody is refused."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.constructs.access_log_format import access_log_format
from infra.constructs.request_size import HANDLER, VARIABLE
from tests.infra.assembly import ACCOUNT, REGION, Assembly
from tests.infra.environments import DIRECT, FULL
from tests.infra.policies import allows, policies_of

EVENTS = Path(__file__).with_name("events")


def load() -> Any:
    spec = importlib.util.spec_from_file_location("index", HANDLER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler


handler = load()


def event(name: str = "request_with_length", **changes: Any) -> dict[str, Any]:
    return {**json.loads((EVENTS / f"{name}.json").read_text()), **changes}


def policy(asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": asked["methodArn"]}],
    }


def test_a_request_that_declares_its_length_is_logged_with_it() -> None:
    asked = event()
    assert handler(asked, None) == {
        "principalId": "anybody",
        "policyDocument": policy(asked),
        "context": {"requestBytes": "1204"},
    }


@pytest.mark.parametrize("name", ["request_in_chunks", "request_with_two_lengths"])
def test_a_request_of_unknown_length_passes_and_is_logged_without(name: str) -> None:
    """It is never guessed: an unknown length is not 0."""
    asked = event(name)
    assert handler(asked, None) == {"principalId": "anybody", "policyDocument": policy(asked)}


@pytest.mark.parametrize("length", ["", "-1", "1e3", "0x10", "1,204", "\u0661\u0662", "9" * 16, "nan", None])
def test_a_length_that_is_none_passes_and_is_logged_without(length: str | None) -> None:
    answer = handler(event(headers={"Content-Length": length}, multiValueHeaders=None), None)
    assert "context" not in answer
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Allow"


@pytest.mark.parametrize(
    ("headers", "many"),
    [
        ({"content-length": "7"}, None),
        (None, {"CONTENT-LENGTH": ["7"]}),
        ({"Content-Length": "7"}, {"Content-Length": ["7", "7"]}),
        ({"Content-Length": " 7 "}, {}),
        ({"Content-Length": "007"}, {}),
    ],
)
def test_a_header_is_found_however_it_is_spelled(headers: Any, many: Any) -> None:
    assert handler(event(headers=headers, multiValueHeaders=many), None)["context"] == {"requestBytes": "7"}


@given(
    headers=st.none() | st.dictionaries(st.text() | st.just("Content-Length"), st.none() | st.text() | st.integers()),
    many=st.none() | st.dictionaries(st.text() | st.just("content-length"), st.lists(st.none() | st.text())),
)
def test_whatever_comes_it_answers_and_lets_the_call_pass(headers: Any, many: Any) -> None:
    """An authorizer that fails is a call that fails."""
    asked = event(headers=headers, multiValueHeaders=many)
    answer = handler(asked, None)
    assert answer["policyDocument"] == policy(asked)
    assert answer.get("context", {"requestBytes": "0"})["requestBytes"].isdigit()


def test_its_answers_are_of_one_request_each(assembly: Assembly) -> None:
    """A cached answer would give a request the size of another."""
    own = assembly.one("AWS::ApiGateway::Authorizer", "usage-direct-api").properties
    assert (own["Type"], own["AuthorizerResultTtlInSeconds"]) == ("REQUEST", 0)
    assert not own.get("IdentitySource")


def test_every_method_of_an_api_that_is_measured_asks_it(assembly: Assembly) -> None:
    authorizer = assembly.one("AWS::ApiGateway::Authorizer", "usage-direct-api")
    for method in assembly.resources("AWS::ApiGateway::Method", "usage-direct-api"):
        assert method.properties["AuthorizationType"] == "CUSTOM"
        assert method.properties["AuthorizerId"] == authorizer.logical_id
        assert method.properties["ApiKeyRequired"] is True


def test_the_access_log_takes_the_size_from_it(assembly: Assembly) -> None:
    stage = assembly.one("AWS::ApiGateway::Stage", "usage-direct-api").properties
    written = json.loads(stage["AccessLogSetting"]["Format"])
    assert written["requestLength"] == VARIABLE == "$context.authorizer.requestBytes"
    assert stage["AccessLogSetting"]["Format"] == access_log_format(request_bytes_from=VARIABLE)


def test_an_attached_stage_does_not_ask_for_what_it_has_no_authorizer_for(assembly: Assembly) -> None:
    assert DIRECT.request_bytes_from == ""
    attached = assembly.one("Custom::AttachedAccessLog", "usage-direct-api").properties
    assert "requestLength" not in json.loads(attached["Format"])


def test_an_api_that_is_not_measured_has_none(assembly: Assembly) -> None:
    assert not FULL.api.measure_requests
    assert not list(assembly.resources("AWS::ApiGateway::Authorizer", "usage-full-api"))


def test_it_may_log_and_nothing_else(assembly: Assembly) -> None:
    role = assembly.one("AWS::IAM::Role", "usage-direct-api", Description="Tells the size of requests")
    (statement,) = policies_of(assembly, role)
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert not allows([statement], "logs:PutLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/usage/direct:*")


def test_only_this_api_may_start_it(assembly: Assembly) -> None:
    (permission,) = assembly.resources("AWS::Lambda::Permission", "usage-direct-api")
    assert permission.properties["Principal"] == "apigateway.amazonaws.com"
    assert "authorizers" in permission.properties["SourceArn"]


def test_its_source_fits_into_a_template(assembly: Assembly) -> None:
    functions = [
        each.properties
        for each in assembly.resources("AWS::Lambda::Function", "usage-direct-api")
        if each.properties["Description"].startswith("Size of requests")
    ]
    (own,) = functions
    assert len(own["Code"]["ZipFile"]) <= 4096
    assert (own["Runtime"], own["Architectures"], own["Timeout"]) == ("python3.13", ["arm64"], 3)
