"""What the deployed stacks have made, seen through the services' own APIs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tests.try_cloud.templates import resources_of

if TYPE_CHECKING:
    from pathlib import Path

    import boto3

    from tests.try_cloud.links import Links

DATABASE = "usage_dev"
_QUERY_S = 20.0


def look_at_services(session: boto3.Session, assembly: Path, links: Links) -> str:
    """Look whether tables, policies and queries are what the templates say.

    Returns:
        The landing bucket.
    """
    wanted = {
        body["Properties"]["TableInput"]["Name"]
        for body in resources_of(assembly).values()
        if body["Type"] == "AWS::Glue::Table" and "Name" in body["Properties"].get("TableInput", {})
    }
    pages = session.client("glue").get_paginator("get_tables").paginate(DatabaseName=DATABASE)
    seen = {each["Name"] for page in pages for each in page["TableList"]}
    missing = sorted(wanted - seen)
    if wanted and not missing:
        links.works("CloudFormation → Glue", f"{len(seen)} tables in {DATABASE}")
    else:
        links.failed("CloudFormation → Glue", f"{len(seen)} tables in {DATABASE}; missing: {missing}")
    buckets = [each["Name"] for each in session.client("s3").list_buckets()["Buckets"]]
    landing = min((name for name in buckets if name.startswith("serverless-usage-dev")), key=len)
    _try_bucket_policy(session, landing, links)
    _try_put_if_absent(session, landing, links)
    _try_athena(session, links)
    _look_at_schedules(session, assembly, links)
    return landing


def _try_bucket_policy(session: boto3.Session, landing: str, links: Links) -> None:
    """Put without TLS, which the bucket's policy denies to everybody."""
    client = session.client("s3")
    try:
        client.put_object(Bucket=landing, Key="try", Body=b"")
    except ClientError as error:
        links.works("S3 obeys the bucket's policy", error.response["Error"]["Code"])
        return
    client.delete_object(Bucket=landing, Key="try")
    links.not_carried(
        "S3 obeys the bucket's policy",
        "a put without TLS is taken, which the policy denies: without TLS, IAM has to stay off here",
    )


def _try_put_if_absent(session: boto3.Session, landing: str, links: Links) -> None:
    """Put the same key twice on the condition that it is not there."""
    client = session.client("s3")
    client.put_object(Bucket=landing, Key="try", Body=b"", IfNoneMatch="*")
    try:
        client.put_object(Bucket=landing, Key="try", Body=b"", IfNoneMatch="*")
    except ClientError as error:
        links.equal("S3 overwrites nothing", error.response["Error"]["Code"], "PreconditionFailed")
    else:
        links.failed("S3 overwrites nothing", "a key was put twice with If-None-Match")
    client.delete_object(Bucket=landing, Key="try")


def _try_athena(session: boto3.Session, links: Links) -> None:
    """Ask what only somebody who computes can answer."""
    client = session.client("athena")
    started = client.start_query_execution(QueryString="SELECT 40 + 2", WorkGroup="usage-dev-pipeline")
    deadline = time.monotonic() + _QUERY_S
    state = "QUEUED"
    while state in ("QUEUED", "RUNNING") and time.monotonic() < deadline:
        time.sleep(0.2)
        execution = client.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
        state = execution["Status"]["State"]
    if state != "SUCCEEDED":
        links.not_carried("Athena runs SQL", f"SELECT 40 + 2 is {state}")
        return
    rows = client.get_query_results(QueryExecutionId=started["QueryExecutionId"])["ResultSet"]["Rows"]
    answer = rows[-1]["Data"][0].get("VarCharValue")
    if answer == "42":
        links.works("Athena runs SQL", "SELECT 40 + 2 is 42")
    else:
        links.not_carried("Athena runs SQL", f"SELECT 40 + 2 is {answer}: answers are made up")


def _look_at_schedules(session: boto3.Session, assembly: Path, links: Links) -> None:
    """See that each schedule of the roll-up has a function; where there is no such stack, there is no such link."""
    wanted = sum(body["Type"] == "AWS::Scheduler::Schedule" for body in resources_of(assembly).values())
    if not wanted:
        return
    scheduler = session.client("scheduler")
    pages = scheduler.get_paginator("list_schedules").paginate()
    targets = [each["Target"]["Arn"] for page in pages for each in page["Schedules"]]
    pages = session.client("lambda").get_paginator("list_functions").paginate()
    functions = {each["FunctionArn"] for page in pages for each in page["Functions"]}
    found = (len(targets), sorted({*targets} - functions))
    links.equal("Scheduler → Lambda: schedules, targets without a function", found, (wanted, []))
    links.not_carried("Lambda → Athena", "no job is run, since Athena's answers are made up")
