"""Access logs on their way: format, log group, subscription, Firehose."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.config import ENVIRONMENTS
from infra.constructs.access_log_format import LONGEST_FORMAT, access_log_format
from infra.settings import Environment
from tests.infra.assembly import ACCOUNT, REGION, Assembly, Resource
from tests.infra.environments import DIRECT, FULL
from tests.infra.policies import trusts
from usagelake.domain.access_log import ApiRequest, parse_access_log_line, render_access_log_line
from usagelake.domain.landing import LandingKey, Source, source_of

EVERY = (*ENVIRONMENTS, FULL, DIRECT)
each_environment = pytest.mark.parametrize("environment", EVERY, ids=lambda environment: environment.name)
through_logs = pytest.mark.parametrize("environment", [*ENVIRONMENTS, FULL], ids=lambda environment: environment.name)

FIELDS = {
    "extendedRequestId": "$context.extendedRequestId",
    "requestId": "$context.requestId",
    "requestTimeEpoch": "$context.requestTimeEpoch",
    "accountId": "$context.accountId",
    "apiId": "$context.apiId",
    "stage": "$context.stage",
    "apiKeyId": "$context.identity.apiKeyId",
    "httpMethod": "$context.httpMethod",
    "resourcePath": "$context.resourcePath",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "responseLatency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "errorType": "$context.error.responseType",
    "wafResponseCode": "$context.wafResponseCode",
}
ON_REQUEST = {"requestLength": "$context.authorizer.requestBytes", "sourceIp": "$context.identity.sourceIp"}

REQUEST = ApiRequest(
    request_id="abc=",
    event_time=datetime(2026, 11, 21, 10, 31, 5, 250000, tzinfo=UTC),
    api_id="abc123def4",
    stage="v1",
    api_key_id="key-1",
    method="GET",
    resource_path="/items/{id}",
    status=200,
    response_bytes=512,
    request_bytes=None,
    response_latency_ms=12,
    integration_latency_ms=9,
    error_type=None,
    waf_response_code=None,
    source_ip=None,
    content_hash=0,
)


def stages(assembly: Assembly, environment: Environment) -> list[Resource]:
    return list(assembly.resources("AWS::ApiGateway::Stage", f"usage-{environment.name}-api"))


@each_environment
def test_the_log_format_is_the_contract_s_field_by_field(assembly: Assembly, environment: Environment) -> None:
    measured = environment.api.measure_requests or bool(environment.request_bytes_from)
    asked = {"requestLength": measured, "sourceIp": environment.log_source_ip}
    wanted = {**FIELDS, **{name: variable for name, variable in ON_REQUEST.items() if asked[name]}}
    for stage in stages(assembly, environment):
        text = stage.properties["AccessLogSetting"]["Format"]
        assert list(json.loads(text).items()) == list(wanted.items())
        assert "\n" not in text
        assert len(text.encode()) <= LONGEST_FORMAT
    assert stages(assembly, environment)


def test_the_log_format_has_the_members_that_the_domain_writes() -> None:
    """A member that the domain adds, drops or renames has to come here too."""
    members = json.loads(render_access_log_line(REQUEST))
    assert {*members} == {*json.loads(access_log_format(request_bytes_from="$context.authorizer.requestBytes"))}


def test_a_line_of_the_format_is_read_by_the_domain_as_the_request_it_tells() -> None:
    values = json.loads(render_access_log_line(REQUEST))
    line = access_log_format()
    for member, variable in sorted(FIELDS.items(), key=lambda item: -len(item[1])):
        line = line.replace(variable, values[member])
    read = parse_access_log_line(line)
    assert isinstance(read, ApiRequest)
    assert (read.request_id, read.event_time, read.api_key_id) == ("abc=", REQUEST.event_time, "key-1")
    assert (read.status, read.response_bytes, read.request_bytes, read.error_type) == (200, 512, None, None)


def test_the_secret_of_a_key_is_in_no_template(assembly: Assembly) -> None:
    for path in assembly.folder.glob("*.template.json"):
        text = path.read_text()
        assert "$context.identity.apiKey\\" not in text
        assert '$context.identity.apiKey"' not in text
    assert all("Value" not in key.properties for key in assembly.resources("AWS::ApiGateway::ApiKey"))


@through_logs
def test_a_stage_writes_to_the_log_group_whose_arn_has_no_star(assembly: Assembly, environment: Environment) -> None:
    for stage in stages(assembly, environment):
        arn = stage.properties["AccessLogSetting"]["DestinationArn"]
        assert arn == f"arn:aws:logs:eu-west-1:123456789012:log-group:/usage/{environment.name}/access-log"


@through_logs
def test_the_log_group_has_the_environment_s_key(assembly: Assembly, environment: Environment) -> None:
    name = f"/usage/{environment.name}/access-log"
    group = assembly.one("AWS::Logs::LogGroup", f"usage-{environment.name}-ingestion", LogGroupName=name)
    assert ("KmsKeyId" in group.properties) is environment.customer_key
    if not environment.customer_key:
        return
    key = assembly.one("AWS::KMS::Key", f"usage-{environment.name}-data")
    assert key.logical_id in group.properties["KmsKeyId"]
    context = "kms:EncryptionContext:aws:logs:arn"
    own = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"
    service = {"Service": f"logs.{REGION}.amazonaws.com"}
    for action in ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:GenerateDataKey", "kms:DescribeKey"):
        assert trusts(key.properties["KeyPolicy"], action, service, {context: own}), action
        assert not trusts(key.properties["KeyPolicy"], action, service, {context: f"{own}x"}), action
        assert not trusts(key.properties["KeyPolicy"], action, service, {}), action


@through_logs
def test_the_log_group_outlasts_the_invoice_window_and_has_one_subscription(
    assembly: Assembly, environment: Environment
) -> None:
    name = f"/usage/{environment.name}/access-log"
    stack = f"usage-{environment.name}-ingestion"
    group = assembly.one("AWS::Logs::LogGroup", stack, LogGroupName=name)
    assert group.properties["RetentionInDays"] == environment.retention.logs
    assert group.properties["RetentionInDays"] >= environment.retention.invoice_window
    assert group.properties.get("LogGroupClass", "STANDARD") == "STANDARD"
    subscription = assembly.one("AWS::Logs::SubscriptionFilter", stack)
    own = subscription.properties
    assert own["LogGroupName"] == name
    assert own["FilterPattern"] == ""
    stream = f"arn:aws:firehose:eu-west-1:123456789012:deliverystream/usage-{environment.name}-access-log"
    assert own["DestinationArn"] == stream
    (waits,) = (
        subscription.body["DependsOn"]
        if isinstance(subscription.body["DependsOn"], list)
        else [subscription.body["DependsOn"]]
    )
    assert assembly.templates[stack]["Resources"][waits]["Type"] == "AWS::IAM::Policy"


def test_nothing_that_the_pipeline_writes_is_subscribed(assembly: Assembly) -> None:
    for subscription in assembly.resources("AWS::Logs::SubscriptionFilter"):
        assert subscription.properties["LogGroupName"].endswith("/access-log")


def stream(assembly: Assembly, environment: Environment) -> tuple[Resource, dict[str, Any]]:
    found = assembly.one("AWS::KinesisFirehose::DeliveryStream", f"usage-{environment.name}-ingestion")
    return found, found.properties["ExtendedS3DestinationConfiguration"]


@each_environment
def test_firehose_writes_the_layout_that_readers_know(assembly: Assembly, environment: Environment) -> None:
    _, own = stream(assembly, environment)
    assert own["BucketARN"] == f"arn:aws:s3:::{environment.landing_bucket}"
    assert own["Prefix"] == "apigw_access/!{timestamp:yyyy/MM/dd/HH/mm}/"
    assert own["ErrorOutputPrefix"] == (
        "_errors/apigw_access/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/"
    )
    assert (own["FileExtension"], own["CompressionFormat"], own["CustomTimeZone"]) == (".jsonl", "UNCOMPRESSED", "UTC")
    key = own["Prefix"].replace("!{timestamp:yyyy/MM/dd/HH/mm}", "2026/11/21/10/31") + "stream-1-x.jsonl"
    read = LandingKey.parse(key)
    assert read is not None
    assert read.arrival == datetime(2026, 11, 21, 10, 31, tzinfo=UTC)
    assert source_of(key) is Source.API_REQUESTS


@each_environment
def test_firehose_unpacks_only_what_cloudwatch_logs_packs(assembly: Assembly, environment: Environment) -> None:
    _, own = stream(assembly, environment)
    assert own["ProcessingConfiguration"]["Enabled"] is True
    steps = [
        (step["Type"], {each["ParameterName"]: each["ParameterValue"] for each in step["Parameters"]})
        for step in own["ProcessingConfiguration"]["Processors"]
    ]
    unpacking = [
        ("Decompression", {"CompressionFormat": "GZIP"}),
        ("CloudWatchLogProcessing", {"DataMessageExtraction": "true"}),
    ]
    delimiter = ("AppendDelimiterToRecord", {"Delimiter": "\\n"})
    assert steps == [*([] if environment is DIRECT else unpacking), delimiter]
    assert "DynamicPartitioningConfiguration" not in own
    assert "DataFormatConversionConfiguration" not in own


@each_environment
def test_firehose_has_a_role_of_its_own_encrypts_and_tells_its_errors(
    assembly: Assembly, environment: Environment
) -> None:
    found, own = stream(assembly, environment)
    assert found.properties["DeliveryStreamEncryptionConfigurationInput"] == {"KeyType": "AWS_OWNED_CMK"}
    assert own["CloudWatchLoggingOptions"]["Enabled"] is True
    users = [
        each
        for each in assembly.resources(stack=f"usage-{environment.name}-")
        if own["RoleARN"] in json.dumps(each.properties)
    ]
    assert [each.type for each in users] == ["AWS::KinesisFirehose::DeliveryStream"]


def test_api_gateway_writes_to_a_stream_whose_name_it_accepts(assembly: Assembly) -> None:
    """Access logs go straight to Firehose only under this prefix."""
    found, _ = stream(assembly, DIRECT)
    assert found.properties["DeliveryStreamName"] == "amazon-apigateway-usage-direct"
    (stage,) = stages(assembly, DIRECT)
    arn = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/amazon-apigateway-usage-direct"
    assert stage.properties["AccessLogSetting"]["DestinationArn"] == arn
    assert not list(assembly.resources("AWS::Logs::SubscriptionFilter", "usage-direct-"))
    attached = assembly.one("Custom::AttachedAccessLog", "usage-direct-api")
    assert attached.properties["DestinationArn"] == arn
