"""What each job's role may do, and the nearest thing that it may not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from infra.config import ENVIRONMENTS
from infra.constructs.job_access import DRAFTS_WRITE, INGEST_WRITES
from infra.settings import Environment
from tests.infra.assembly import ACCOUNT, REGION, Assembly
from tests.infra.environments import FULL
from tests.infra.policies import Statement, allows, bucket_statements, policies_of, trusts
from usagelake.domain.schema import TABLES
from usagelake.engines.query_library import load_queries

GLUE = f"arn:aws:glue:{REGION}:{ACCOUNT}"
GROUPS = f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup"
LANDING = f"arn:aws:s3:::{FULL.landing_bucket}"
LAKE = f"arn:aws:s3:::{FULL.lake_bucket}"
RESULTS = f"arn:aws:s3:::{FULL.results_bucket}"
SECURE = {"aws:SecureTransport": "true", "s3:TlsVersion": 1.3}
NEW = {**SECURE, "s3:if-none-match": "*"}
LINES = f"{LANDING}/apigw_access/2026/11/21/10/31/x.jsonl"


@dataclass(frozen=True)
class Job:
    policy: list[Statement]
    writes: tuple[str, ...]

    def may(self, action: str, resource: str, **context: str) -> bool:
        given = {**SECURE, **{key.replace("_", ":", 1).replace("_", "-"): value for key, value in context.items()}}
        return allows(self.policy, action, resource, given)


def job(assembly: Assembly, description: str, writes: tuple[str, ...], environment: Environment = FULL) -> Job:
    role = assembly.one("AWS::IAM::Role", f"usage-{environment.name}-roll-up", Description=description)
    buckets = (environment.landing_bucket, environment.lake_bucket, environment.results_bucket)
    return Job(
        [*policies_of(assembly, role), *(one for each in buckets for one in bucket_statements(assembly, each))], writes
    )


@pytest.fixture
def ingest(assembly: Assembly) -> Job:
    return job(assembly, "Takes in what landed and rolls it up", INGEST_WRITES)


@pytest.fixture
def drafts(assembly: Assembly) -> Job:
    return job(assembly, "Prices what is rolled up and puts drafts of invoices", DRAFTS_WRITE)


@pytest.fixture(params=["ingest", "drafts"])
def either(request: pytest.FixtureRequest) -> Job:
    found: Job = request.getfixturevalue(request.param)
    return found


def test_each_table_is_written_by_one_job() -> None:
    assert not set(INGEST_WRITES) & set(DRAFTS_WRITE)
    assert {*INGEST_WRITES, *DRAFTS_WRITE} == TABLES.keys()


def test_a_job_runs_statements_in_the_pipeline_s_workgroup_only(either: Job) -> None:
    for action in ("StartQueryExecution", "GetQueryExecution", "GetQueryResults", "StopQueryExecution", "GetWorkGroup"):
        assert either.may(f"athena:{action}", f"{GROUPS}/usage-full-pipeline")
        assert not either.may(f"athena:{action}", f"{GROUPS}/usage-full-analysts")
    for action in ("ListQueryExecutions", "BatchGetQueryExecution"):  # what a killed run has left running
        assert either.may(f"athena:{action}", f"{GROUPS}/usage-full-pipeline")
    for action in ("UpdateWorkGroup", "CreateNamedQuery", "DeletePreparedStatement"):
        assert not either.may(f"athena:{action}", f"{GROUPS}/usage-full-pipeline")


def test_a_job_reads_its_database_and_no_other(either: Job) -> None:
    for arn in (f"{GLUE}:catalog", f"{GLUE}:database/usage_full", f"{GLUE}:table/usage_full/api_requests"):
        for action in ("GetDatabase", "GetTable", "GetTables", "GetPartitions"):
            assert either.may(f"glue:{action}", arn)
    for action in ("GetTable", "CreateTable", "UpdateTable", "DeleteTable"):
        assert not either.may(f"glue:{action}", f"{GLUE}:table/usage_dev/api_requests")
    for action in ("UpdateDatabase", "DeleteDatabase", "CreateDatabase"):
        assert not either.may(f"glue:{action}", f"{GLUE}:database/usage_full")


@pytest.mark.parametrize("table", TABLES)
def test_a_job_commits_to_its_own_tables_and_drops_none(either: Job, table: str) -> None:
    arn, files = f"{GLUE}:table/usage_full/{table}", f"{LAKE}/tables/{table}/data/x.parquet"
    own = table in either.writes
    assert either.may("glue:UpdateTable", arn) is own
    assert either.may("s3:GetObject", files)
    for action in ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"):
        assert either.may(action, files) is own, action
    for action in ("DeleteTable", "BatchDeleteTable", "CreateTable"):
        assert not either.may(f"glue:{action}", arn), action
    assert not either.may("s3:DeleteObjectVersion", files)


def test_a_job_makes_and_drops_what_it_works_with(either: Job) -> None:
    for action in ("CreateTable", "GetTable", "UpdateTable", "DeleteTable", "BatchDeleteTable"):
        assert either.may(f"glue:{action}", f"{GLUE}:table/usage_full/work_20261129101000_5d1f_1_objects")
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert either.may(action, f"{LAKE}/work/work_20261129101000_5d1f/1-objects/00000.gz")
    assert either.may("s3:ListBucket", LAKE, s3_prefix="work/work_20261129101000_5d1f/")


def test_a_job_makes_the_views_and_no_other_table(either: Job) -> None:
    for view in load_queries().views():
        for action in ("CreateTable", "UpdateTable"):
            assert either.may(f"glue:{action}", f"{GLUE}:table/usage_full/{view.name}")
        assert not either.may("glue:DeleteTable", f"{GLUE}:table/usage_full/{view.name}")
    for action in ("CreateTable", "UpdateTable", "DeleteTable"):
        assert not either.may(f"glue:{action}", f"{GLUE}:table/usage_full/landing_apigw_access")
        assert not either.may(f"glue:{action}", f"{GLUE}:table/usage_full/something")


def test_a_lease_is_put_once_and_stays(either: Job) -> None:
    """Put only where none is: two runs that begin at the same moment do not both get it."""
    lease = f"{LAKE}/work/leases/usage_full/00000007.json"
    assert either.may("s3:GetObject", lease)
    assert either.may("s3:ListBucket", LAKE, s3_prefix="work/leases/usage_full/")
    assert allows(either.policy, "s3:PutObject", lease, NEW)
    assert not either.may("s3:PutObject", lease)
    assert not either.may("s3:DeleteObject", lease)


def test_a_job_keeps_its_results_apart_from_the_analysts(either: Job) -> None:
    for action in ("s3:PutObject", "s3:GetObject"):
        assert either.may(action, f"{RESULTS}/pipeline/x.csv")
        assert not either.may(action, f"{RESULTS}/analysts/x.csv")
    assert not either.may("s3:DeleteObject", f"{RESULTS}/pipeline/x.csv")


def test_ingest_reads_and_lists_lines_and_changes_none(ingest: Job) -> None:
    assert ingest.may("s3:GetObject", LINES)
    assert ingest.may("s3:ListBucket", LANDING)  # a sweep asks which prefixes there are
    assert not ingest.may("s3:GetObject", f"{LANDING}/_errors/apigw_access/x")
    for action in ("PutObject", "DeleteObject", "DeleteObjectVersion", "PutObjectRetention", "GetObjectVersion"):
        assert not ingest.may(f"s3:{action}", LINES), action
        assert not allows(ingest.policy, f"s3:{action}", LINES, NEW), action


def test_ingest_reads_no_prices_and_writes_no_drafts(ingest: Job) -> None:
    for place in ("prices-of-ours/usage/full", f"{FULL.lake_bucket}/pricing", f"{FULL.lake_bucket}/drafts"):
        for action in ("s3:GetObject", "s3:PutObject"):
            assert not allows(ingest.policy, action, f"arn:aws:s3:::{place}/x", NEW), (action, place)


def test_drafts_reads_no_lines(drafts: Job) -> None:
    assert not drafts.may("s3:GetObject", LINES)
    assert not drafts.may("s3:ListBucket", LANDING)


def test_drafts_reads_prices_where_they_are_configured_and_changes_none(drafts: Job) -> None:
    prices = "arn:aws:s3:::prices-of-ours"
    assert drafts.may("s3:GetObject", f"{prices}/usage/full/price_book.toml")
    assert drafts.may("s3:ListBucket", prices, s3_prefix="usage/full/")
    assert not drafts.may("s3:ListBucket", prices, s3_prefix="salaries/")
    assert not drafts.may("s3:GetObject", f"{prices}/usage/other/price_book.toml")
    for action in ("s3:PutObject", "s3:DeleteObject"):
        assert not allows(drafts.policy, action, f"{prices}/usage/full/price_book.toml", NEW)


def test_prices_lie_in_the_lake_where_nothing_else_is_configured(assembly: Assembly) -> None:
    dev = next(each for each in ENVIRONMENTS if each.name == "dev")
    found = job(assembly, "Prices what is rolled up and puts drafts of invoices", DRAFTS_WRITE, dev)
    assert found.may("s3:GetObject", f"arn:aws:s3:::{dev.lake_bucket}/pricing/customers.csv")
    assert not allows(found.policy, "s3:PutObject", f"arn:aws:s3:::{dev.lake_bucket}/pricing/customers.csv", NEW)


def test_a_draft_is_put_once(drafts: Job) -> None:
    draft = f"{LAKE}/drafts/2026-11/20261129T053000Z/invoices/cust-03.json"
    assert drafts.may("s3:GetObject", draft)
    assert drafts.may("s3:ListBucket", LAKE, s3_prefix="drafts/2026-11/")
    assert allows(drafts.policy, "s3:PutObject", draft, NEW)
    assert not drafts.may("s3:PutObject", draft)
    assert not drafts.may("s3:DeleteObject", draft)


def test_a_job_uses_the_lake_s_key(either: Job, assembly: Assembly) -> None:
    (key,) = assembly.resources("AWS::KMS::Key", "usage-full-data")
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key.logical_id}"
    assert either.may("kms:Decrypt", arn)
    assert either.may("kms:GenerateDataKey", arn)
    assert not either.may("kms:ScheduleKeyDeletion", arn)


def test_a_job_s_failures_go_to_the_dead_letters_and_nowhere_else(either: Job) -> None:
    queues = f"arn:aws:sqs:{REGION}:{ACCOUNT}"
    assert either.may("sqs:SendMessage", f"{queues}:usage-full-dead-letters")
    assert not either.may("sqs:SendMessage", f"{queues}:usage-dev-dead-letters")
    for action in ("ReceiveMessage", "DeleteMessage", "PurgeQueue"):
        assert not either.may(f"sqs:{action}", f"{queues}:usage-full-dead-letters")


def test_a_job_logs_into_its_own_log(ingest: Job) -> None:
    groups = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"
    assert ingest.may("logs:PutLogEvents", f"{groups}:/usage/full/ingest-and-roll-up:*")
    assert not ingest.may("logs:PutLogEvents", f"{groups}:/usage/full/access-log:*")


def test_the_schedules_start_the_two_functions_and_nothing_else(assembly: Assembly) -> None:
    role = assembly.one("AWS::IAM::Role", "usage-full-roll-up", Description="EventBridge Scheduler starts the jobs")
    policy = policies_of(assembly, role)
    functions = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
    for name in ("ingest-and-roll-up", "bill-drafts"):
        assert allows(policy, "lambda:InvokeFunction", f"{functions}:usage-full-{name}")
        assert not allows(policy, "lambda:UpdateFunctionCode", f"{functions}:usage-full-{name}")
    assert not allows(policy, "lambda:InvokeFunction", f"{functions}:another")
    assert allows(policy, "sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:usage-full-dead-letters")


def test_scheduler_takes_its_role_for_this_environment_s_schedules_only(assembly: Assembly) -> None:
    role = assembly.one("AWS::IAM::Role", "usage-full-roll-up", Description="EventBridge Scheduler starts the jobs")
    document, principal = role.properties["AssumeRolePolicyDocument"], {"Service": "scheduler.amazonaws.com"}
    group = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/usage-full"
    own = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": group}
    assert trusts(document, "sts:AssumeRole", principal, own)
    assert not trusts(document, "sts:AssumeRole", principal, {**own, "aws:SourceAccount": "999999999999"})
    assert not trusts(document, "sts:AssumeRole", principal, {**own, "aws:SourceArn": group.replace("full", "dev")})
