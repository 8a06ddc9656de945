"""The optional crawler: it reads raw lines, keeps tables of its own, and touches no other."""

from __future__ import annotations

import pytest

from infra.constructs.landing_crawler import TABLE_PREFIX
from infra.constructs.landing_table import landing_table_name
from tests.infra.assembly import ACCOUNT, REGION, Assembly
from tests.infra.environments import FULL
from tests.infra.policies import Statement, allows, policies_of, trusts
from usagelake.domain.schema import TABLES
from usagelake.engines.query_library import load_queries

STACK = "usage-full-analytics"
TABLE = f"arn:aws:glue:{REGION}:{ACCOUNT}:table/usage_full"
LANDING = f"arn:aws:s3:::{FULL.landing_bucket}"


@pytest.fixture
def policy(assembly: Assembly) -> list[Statement]:
    return policies_of(assembly, assembly.one("AWS::IAM::Role", STACK, Description="The crawler reads the landing"))


def test_there_is_one_where_it_is_asked_for_and_nowhere_else(assembly: Assembly) -> None:
    assert [each.stack for each in assembly.resources("AWS::Glue::Crawler")] == [STACK]


def test_it_looks_at_every_landing_prefix_when_configured(assembly: Assembly) -> None:
    own = assembly.one("AWS::Glue::Crawler", STACK).properties
    assert [each["Path"] for each in own["Targets"]["S3Targets"]] == [
        f"s3://{FULL.landing_bucket}/{prefix}/" for prefix in FULL.landing_prefixes
    ]
    assert own["Schedule"] == {"ScheduleExpression": FULL.crawler_schedule}
    assert own["DatabaseName"] == "usage_full"
    assert own["TablePrefix"] == TABLE_PREFIX
    assert own["SchemaChangePolicy"]["DeleteBehavior"] == "LOG"


def test_its_tables_take_the_place_of_no_other() -> None:
    known = {*TABLES, *(landing_table_name(prefix) for prefix in FULL.landing_prefixes)}
    known |= {view.name for view in load_queries().views()}
    assert not [name for name in known if name.startswith(TABLE_PREFIX)]


def test_it_keeps_its_own_tables_and_changes_no_other(policy: list[Statement]) -> None:
    for action in ("CreateTable", "UpdateTable", "GetTable", "BatchCreatePartition"):
        assert allows(policy, f"glue:{action}", f"{TABLE}/crawled_apigw_access")
        for other in ("api_requests", "landing_apigw_access", "billable_requests"):
            assert not allows(policy, f"glue:{action}", f"{TABLE}/{other}"), (action, other)
    assert not allows(policy, "glue:DeleteTable", f"{TABLE}/crawled_apigw_access")


def test_it_reads_lines_and_writes_none(policy: list[Statement]) -> None:
    line = f"{LANDING}/apigw_access/2026/11/21/10/31/x.jsonl"
    assert allows(policy, "s3:GetObject", line)
    assert allows(policy, "s3:ListBucket", LANDING, {"s3:prefix": "apigw_access/"})
    assert not allows(policy, "s3:GetObject", f"{LANDING}/_errors/apigw_access/x")
    assert not allows(policy, "s3:GetObject", f"arn:aws:s3:::{FULL.lake_bucket}/tables/api_requests/data/x.parquet")
    for action in ("s3:PutObject", "s3:DeleteObject"):
        assert not allows(policy, action, line)


def test_glue_takes_its_role_for_this_account_only(assembly: Assembly) -> None:
    role = assembly.one("AWS::IAM::Role", STACK, Description="The crawler reads the landing")
    document, principal = role.properties["AssumeRolePolicyDocument"], {"Service": "glue.amazonaws.com"}
    assert trusts(document, "sts:AssumeRole", principal, {"aws:SourceAccount": ACCOUNT})
    assert not trusts(document, "sts:AssumeRole", principal, {"aws:SourceAccount": "999999999999"})
