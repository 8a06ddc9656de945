"""What each role of the pipeline and the analysts may do, and the nearest thing that it may not."""

from __future__ import annotations

import pytest

from tests.infra.assembly import ACCOUNT, REGION, Assembly, Resource
from tests.infra.environments import FULL
from tests.infra.policies import Statement, allows, bucket_statements, policies_of, statements, trusts

LANDING = f"arn:aws:s3:::{FULL.landing_bucket}"
SECURE = {"aws:SecureTransport": "true", "s3:TlsVersion": 1.3}


def role(assembly: Assembly, stack: str, description: str) -> Resource:
    return assembly.one("AWS::IAM::Role", stack, Description=description)


@pytest.fixture
def firehose(assembly: Assembly) -> list[Statement]:
    found = role(assembly, "usage-full-ingestion", "Firehose puts access logs into the landing")
    return [*policies_of(assembly, found), *bucket_statements(assembly, FULL.landing_bucket)]


@pytest.fixture
def analyst(assembly: Assembly) -> list[Statement]:
    policy = assembly.one("AWS::IAM::ManagedPolicy", "usage-full-analytics", ManagedPolicyName="usage-full-analyst")
    return statements(policy.properties["PolicyDocument"])


def test_firehose_puts_lines_and_what_it_could_not_deliver(firehose: list[Statement]) -> None:
    for key in ("apigw_access/2026/11/21/10/31/x.jsonl", "_errors/apigw_access/decompression-failed/2026/11/21/10/x"):
        assert allows(firehose, "s3:PutObject", f"{LANDING}/{key}", SECURE)
        assert allows(firehose, "s3:AbortMultipartUpload", f"{LANDING}/{key}", SECURE)
    assert allows(firehose, "s3:ListBucketMultipartUploads", LANDING, SECURE)


def test_firehose_writes_no_billing_events_and_deletes_and_reads_nothing(firehose: list[Statement]) -> None:
    assert not allows(firehose, "s3:PutObject", f"{LANDING}/data-api/2026/11/21/10/31/x.jsonl", SECURE)
    for action in ("s3:DeleteObject", "s3:GetObject", "s3:PutObjectAcl"):
        assert not allows(firehose, action, f"{LANDING}/apigw_access/2026/11/21/10/31/x.jsonl", SECURE), action


def test_firehose_takes_its_role_for_this_account_only(assembly: Assembly) -> None:
    document = role(assembly, "usage-full-ingestion", "Firehose puts access logs into the landing").properties[
        "AssumeRolePolicyDocument"
    ]
    principal = {"Service": "firehose.amazonaws.com"}
    assert trusts(document, "sts:AssumeRole", principal, {"aws:SourceAccount": ACCOUNT})
    assert not trusts(document, "sts:AssumeRole", principal, {"aws:SourceAccount": "999999999999"})


def test_the_subscription_puts_records_into_its_stream_and_no_other(assembly: Assembly) -> None:
    policy = policies_of(
        assembly, role(assembly, "usage-full-ingestion", "CloudWatch Logs hands access logs to Firehose")
    )
    streams = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream"
    for action in ("firehose:PutRecord", "firehose:PutRecordBatch"):
        assert allows(policy, action, f"{streams}/usage-full-access-log")
        assert not allows(policy, action, f"{streams}/another")
    assert not allows(policy, "firehose:DeleteDeliveryStream", f"{streams}/usage-full-access-log")


def test_the_subscription_s_role_is_taken_for_this_account_s_logs_only(assembly: Assembly) -> None:
    document = role(assembly, "usage-full-ingestion", "CloudWatch Logs hands access logs to Firehose").properties[
        "AssumeRolePolicyDocument"
    ]
    principal = {"Service": "logs.amazonaws.com"}
    own = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/usage/full/access-log:*"
    assert trusts(document, "sts:AssumeRole", principal, {"aws:SourceArn": own})
    assert not trusts(document, "sts:AssumeRole", principal, {"aws:SourceArn": own.replace(ACCOUNT, "999999999999")})
    assert not trusts(document, "sts:AssumeRole", principal, {})


def test_an_analyst_queries_in_the_analysts_workgroup_only(analyst: list[Statement]) -> None:
    groups = f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup"
    for action in ("StartQueryExecution", "GetQueryResults", "StopQueryExecution", "GetPreparedStatement"):
        assert allows(analyst, f"athena:{action}", f"{groups}/usage-full-analysts")
        assert not allows(analyst, f"athena:{action}", f"{groups}/usage-full-pipeline")
    for action in ("UpdateWorkGroup", "DeleteNamedQuery", "CreatePreparedStatement"):
        assert not allows(analyst, f"athena:{action}", f"{groups}/usage-full-analysts")


def test_an_analyst_reads_tables_of_this_database_and_changes_none(analyst: list[Statement]) -> None:
    glue = f"arn:aws:glue:{REGION}:{ACCOUNT}"
    assert allows(analyst, "glue:GetTable", f"{glue}:table/usage_full/api_requests")
    assert not allows(analyst, "glue:GetTable", f"{glue}:table/salaries/people")
    for action in ("UpdateTable", "DeleteTable", "CreateTable"):
        assert not allows(analyst, f"glue:{action}", f"{glue}:table/usage_full/api_requests")


def test_an_analyst_reads_the_lake_and_the_lines_and_writes_neither(analyst: list[Statement]) -> None:
    lake = f"arn:aws:s3:::{FULL.lake_bucket}"
    for arn in (f"{lake}/tables/api_requests/data/x.parquet", f"{LANDING}/apigw_access/2026/11/21/10/31/x.jsonl"):
        assert allows(analyst, "s3:GetObject", arn)
        for action in ("s3:PutObject", "s3:DeleteObject"):
            assert not allows(analyst, action, arn)
    assert not allows(analyst, "s3:GetObject", f"{LANDING}/_errors/apigw_access/x")
    assert allows(analyst, "s3:ListBucket", LANDING, {"s3:prefix": "apigw_access/2026/11/21/10/"})
    assert not allows(analyst, "s3:ListBucket", LANDING, {"s3:prefix": "_errors/"})
    assert not allows(analyst, "s3:ListBucket", LANDING)


def test_an_analyst_keeps_results_apart_from_the_pipeline_s(analyst: list[Statement]) -> None:
    results = f"arn:aws:s3:::{FULL.results_bucket}"
    for action in ("s3:PutObject", "s3:GetObject"):
        assert allows(analyst, action, f"{results}/analysts/x.csv")
        assert not allows(analyst, action, f"{results}/pipeline/x.csv")


def test_attaching_changes_one_stage_and_keeps_one_stage_s_settings(assembly: Assembly) -> None:
    function = assembly.one("AWS::Lambda::Function", "usage-full-api")
    roles = [each for each in assembly.resources("AWS::IAM::Role", "usage-full-api") if "Attached" in each.logical_id]
    assert len(roles) == 1
    assert roles[0].logical_id in function.properties["Role"]
    policy = policies_of(assembly, roles[0])
    stages = f"arn:aws:apigateway:{REGION}::/restapis/abc123def4/stages"
    assert allows(policy, "apigateway:PATCH", f"{stages}/live")
    assert allows(policy, "apigateway:GET", f"{stages}/live")
    assert not allows(policy, "apigateway:PATCH", f"{stages}/other")
    assert not allows(policy, "apigateway:DELETE", f"{stages}/live")
    parameters = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/usagelake/usage-full/attached/abc123def4"
    for action in ("ssm:GetParameters", "ssm:PutParameter", "ssm:DeleteParameters"):
        assert allows(policy, action, f"{parameters}/live/format")
        assert not allows(policy, action, f"{parameters}/other/format")
