"""What the deployed stacks have made, seen through the services' own APIs."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.try_cloud.templates import templates_of

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
    data = json.loads(templates_of(assembly)["usage-dev-data"].read_text(encoding="utf-8"))
    resources: list[dict[str, Any]] = list(data["Resources"].values())
    wanted = {
        each["Properties"]["TableInput"]["Name"]: _location(each)
        for each in resources
        if each["Type"] == "AWS::Glue::Table" and _location(each)
    }
    pages = session.client("glue").get_paginator("get_tables").paginate(DatabaseName=DATABASE)
    seen = {each["Name"]: each for page in pages for each in page["TableList"]}
    missing = sorted(wanted.keys() - seen.keys())
    if wanted and not missing:
        links.works("CloudFormation → Glue", f"{len(seen)} tables in {DATABASE}")
    else:
        links.failed("CloudFormation → Glue", f"{len(seen)} tables in {DATABASE}; missing: {missing}")
    buckets = [each["Name"] for each in session.client("s3").list_buckets()["Buckets"]]
    landing = min((name for name in buckets if name.startswith("serverless-usage-dev")), key=len)
    _try_bucket_policy(session, landing, links)
    _try_put_if_absent(session, landing, links)
    _try_athena(session, links)
    return landing


def _location(resource: dict[str, Any]) -> object:
    return resource["Properties"].get("TableInput", {}).get("StorageDescriptor", {}).get("Location")


def _try_bucket_policy(session: boto3.Session, landing: str, links: Links) -> None:
    """Put without TLS, which the bucket's policy denies to everybody."""
    client = session.client("s3")
    try:
        client.put_object(Bucket=landing, Key="try", Body=b"")
    except ClientError as error:
        links.works("S3 obeys the bucket's policy", error.response["Error"]["Code"])
        return
    client.delete_object(Bucket=landing, Key="try")
    links.not_carried("S3 obeys the bucket's policy", "a put without TLS is taken, which the policy denies")


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
